"""Servers on this test's database, and a way to say how far a long run is."""

import platform
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import LONG
from tests.faults.deliveries import SERVED
from tests.faults.nursery import Nursery, nursery

Say = Callable[[str], None]


@pytest.fixture(scope="session")
def forking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """One process that servers are forked from."""
    if platform.system() != "Linux":
        pytest.skip("needs Linux, for servers that are forked and killed by a descriptor")
    with nursery(tmp_path_factory.mktemp("nursery")) as forking:
        yield forking


@pytest.fixture
def servers(forking: Nursery, tmp_path: Path, database_url: str) -> Nursery:
    """Servers on this test's database: `with servers.server("serve") as server`."""
    settings = SERVED | {"NOMAYBE_DATABASE_URL": database_url, "NOMAYBE_DATA_DIR": str(tmp_path)}
    return Nursery(forking.line, tmp_path, settings)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Tells whoever waits for a long run."""

    def say(line: str) -> None:
        if LONG:
            with capsys.disabled():
                print(f"  {line}", flush=True)  # noqa: T201  # it is a report

    return say
