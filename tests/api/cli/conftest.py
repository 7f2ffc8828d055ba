"""Fixtures for ways in that are no requests: the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import main

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("user", "add", ...)` runs a command in an empty folder."""
    monkeypatch.setenv("NOMAYBE_DATA_DIR", str(folder / "data"))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def on_file(run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same, on this test's database."""
    monkeypatch.setenv("NOMAYBE_DATABASE_URL", database_url)
    return run
