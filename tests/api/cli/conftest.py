"""Fixtures for ways in that are no requests: the command line."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from api.cli import main
from tests.factories import Make

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


@pytest.fixture
def quiet(make: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For a command that sets up the log: it is as before in the end. There is a product too."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    make.product()
    root = logging.getLogger()
    before, configured = (root.handlers[:], root.level), structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.configure(**configured)
