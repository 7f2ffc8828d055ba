"""Servers in processes of their own, in a folder of their own, on a free port."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
NOMAYBE = (sys.executable, "-c", "from api.cli import main; main()")
SECONDS = 90


def environment(**settings: str) -> dict[str, str]:
    """This environment, with only these settings of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOMAYBE_")}
    return kept | {"PYTHONPATH": str(ROOT)} | settings


@contextmanager
def running(folder: Path, *words: str, **settings: str) -> Iterator[str]:
    """The address of a server that is ready, until the block ends."""
    log = folder / "server.log"
    with (
        log.open("a") as errors,
        subprocess.Popen(  # noqa: S603  # our own command
            [*NOMAYBE, *words, "--port", "0"],
            cwd=folder,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            process.kill()


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"Nomaybe runs at (http://[0-9.]+:\d+)", line):
            # It listens already, so this waits until it answers.
            ready = httpx.get(f"{found[1]}/readyz", timeout=SECONDS)
            assert ready.status_code == 200, ready.text
            return found[1]
    raise AssertionError(f"it ended: {log.read_text()}")
