"""Real servers in processes of their own: `nomaybe serve` and `nomaybe demo`."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, select

from models.user import User
from services.users import FIRST_EMAIL
from tests.databases import database

ROOT = Path(__file__).parents[3]
SECONDS = 90
pytestmark = pytest.mark.slow


@dataclass
class Server:
    """A server that answers, and what it has printed so far."""

    process: "subprocess.Popen[str]"
    url: str
    printed: list[str] = field(default_factory=list)

    def read_until(self, pattern: str) -> str:
        """Read on what it prints to the line that holds a pattern."""
        while True:
            line = self._line()
            if re.search(pattern, line):
                return line

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended after {self.printed}"
        self.printed.append(line)
        return line.strip()

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=SECONDS)

    def sign_in(self, link: str) -> httpx.Response:
        return httpx.post(link, headers={"Origin": self.url}, timeout=SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop, and give the status that it ended with."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


def command(*words: str, **settings: str) -> dict[str, object]:
    """How to start `nomaybe` in a process of its own, with only these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOMAYBE_")}
    code = "from api.cli import main; main()"
    return {
        "args": [sys.executable, "-c", code, *words],
        "env": kept | {"PYTHONPATH": str(ROOT)} | settings,
        "text": True,
    }


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`start("serve")` starts a server on a free port in an empty folder, and waits for it."""
    with ExitStack() as started:

        @contextmanager
        def run(*words: str, **settings: str) -> Iterator[Server]:
            options = command(*words, "--port", "0", **settings)
            process = subprocess.Popen(  # type: ignore[call-overload]  # options are built above
                **options, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            server = Server(process, "")
            try:
                line = server.read_until("Nomaybe runs at ")
                found = re.search(r"http://[0-9.]+:\d+", line)
                assert found is not None
                server.url = found[0]
                # It listens already, so this waits until it answers.
                assert server.get("/readyz").status_code == 200
                yield server
            finally:
                process.kill()
                process.wait(SECONDS)
                process.stdout.close()

        yield lambda *words, **settings: started.enter_context(run(*words, **settings))


@pytest.mark.once
def test_serve_works_in_an_empty_folder_once_and_again_and_its_link_works_once(
    start: Callable[..., Server],
) -> None:
    server = start("serve")
    link = server.read_until("/sign-in/")

    first, second = server.sign_in(link), server.sign_in(link)

    assert link.startswith(server.url)
    assert first.status_code == 303
    assert "set-cookie" in first.headers
    assert second.status_code == 401
    assert "server" not in first.headers  # nothing of its make
    assert server.stop() == 0

    again = start("serve")
    again.stop(signal.SIGINT)
    assert again.process.stdout is not None
    rest = again.process.stdout.read()

    assert "/sign-in/" not in "".join([*again.printed, rest]), "a second administrator"
    assert again.process.returncode == 0


@pytest.mark.parametrize("extra", [("--no-worker",), ()])
def test_serve_takes_the_database_that_it_is_given(
    start: Callable[..., Server], tmp_path: Path, extra: tuple[str, ...]
) -> None:
    with database(tmp_path) as url:
        server = start("serve", "--migrate", *extra, NOMAYBE_DATABASE_URL=url)

        assert server.get("/readyz").json()["ready"] is True
        server.stop()


def test_the_first_administrator_is_kept(
    start: Callable[..., Server], database_url: str, session: Session
) -> None:
    server = start("serve", NOMAYBE_DATABASE_URL=database_url)
    server.stop()

    assert session.exec(select(User.email)).all() == [FIRST_EMAIL]


@pytest.mark.once
def test_links_carry_the_public_address_and_a_second_server_on_the_file_ends_with_a_sentence(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start("serve", NOMAYBE_PUBLIC_URL="https://asks.acme.example")
    link = server.read_until("/sign-in/")
    assert link.startswith("https://asks.acme.example/sign-in/")

    options = command("serve", "--port", "0")
    second = subprocess.run(  # type: ignore[call-overload]  # options are built above
        **options, cwd=tmp_path, capture_output=True, timeout=SECONDS, check=False
    )

    assert second.returncode == 1
    assert "Another server works on data/nomaybe.db already" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.once
def test_demo_lets_three_people_in_and_adds_nothing_to_its_own_data(
    start: Callable[..., Server],
) -> None:
    first = start("demo", "--size", "12")
    links = [first.read_until("/sign-in/") for _guest in range(3)]
    assert [first.sign_in(link).status_code for link in links] == [303, 303, 303]
    first.read_until("Ctrl-C")
    first.stop()

    second = start("demo", "--size", "12")
    link = second.read_until("/sign-in/")

    assert "nothing was added" in second.printed[1]
    assert second.sign_in(link).status_code == 303
