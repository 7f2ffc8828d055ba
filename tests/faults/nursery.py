"""Servers that start in a moment: forked from one process that has imported everything.

A start takes 2 s otherwise, nearly all of it for imports, and to kill many they must be started.
What is forked is `nomaybe` with its command line, from the first line of it on.
"""

import gc
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import uvicorn

from tests.faults import syscalls
from tests.faults.syscalls import Watched
from tests.processes import ROOT, environment

SECONDS = 60
SEQUENCED = (socket.AF_UNIX, socket.SOCK_SEQPACKET)


@dataclass
class Server:
    """A server that runs, and what watches its system calls if anything does."""

    pid: int
    port: int
    log: Path
    watched: Watched | None
    _process: int  # a descriptor of it
    _said: Iterator[str]

    def kill(self) -> None:
        """End it at this instant, as a power switch would end it for its process."""
        self._signal(signal.SIGKILL)
        self.wait()

    def terminate(self) -> None:
        """Ask it to stop, and return at once."""
        self._signal(signal.SIGTERM)

    def wait(self) -> None:
        """Return when it has ended."""
        ended, _w, _x = select.select([self._process], [], [], SECONDS)
        assert ended, f"it did not end: {self.log.read_text()}"

    def code(self) -> int | None:
        """The status that it ended with, or None where it was killed."""
        self.wait()
        found = [line.split()[1] for line in self._said if line.startswith("ended ")]
        return int(found[0]) if found else None

    def ready(self) -> dict[str, Any]:
        """What `/readyz` says, with its `status`."""
        asking = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with closing(asking):
            asking.request("GET", "/readyz")
            answer = asking.getresponse()
            found: dict[str, Any] = json.load(answer)
            return found | {"status": answer.status}

    def _signal(self, number: int) -> None:
        try:
            signal.pidfd_send_signal(self._process, number)
        except ProcessLookupError:
            return


@dataclass
class Nursery:
    """Has a process that forks; `folder` is where its servers work."""

    line: socket.socket
    folder: Path
    settings: dict[str, str]

    @contextmanager
    def server(self, *words: str, watch: tuple[str, ...] = ()) -> Iterator[Server]:
        """`nomaybe` with these words on a free port, ready, until the block ends.

        Args:
            words: The command and its options.
            watch: System calls that it makes only when they are let through.
        """
        log = self.folder / "server.log"
        ours, theirs = socket.socketpair(*SEQUENCED)
        out, told = os.pipe()
        order = {
            "words": [*words, "--port", "0"],
            "environment": environment(**self.settings),
            "folder": str(self.folder),
            "watch": watch,
        }
        with ours, os.fdopen(out) as said, log.open("a") as errors:
            given = [told, errors.fileno(), theirs.fileno()]
            socket.send_fds(self.line, [json.dumps(order).encode()], given)
            pid = int(self.line.recv(100))
            process = os.pidfd_open(pid)
            os.close(told)
            theirs.close()
            listeners = socket.recv_fds(ours, 1, 1)[1] if watch else []
            if watch and not listeners:
                pytest.skip("this system lets nobody watch calls: see errors of seccomp")
            watched = Watched(listeners[0]) if watch else None
            server = Server(pid, _port(said, log), log, watched, process, said)
            try:
                yield server
            finally:
                server.kill()
                if watched is not None:
                    watched.close()
                os.close(process)


@contextmanager
def nursery(folder: Path, **settings: str) -> Iterator[Nursery]:
    """One that serves with these settings, until the block ends."""
    ours, theirs = socket.socketpair(*SEQUENCED)
    with (
        ours,
        theirs,
        subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", "tests.faults.nursery", str(theirs.fileno())],
            cwd=ROOT,
            env=environment(),
            pass_fds=[theirs.fileno()],
        ) as process,
    ):
        try:
            yield Nursery(ours, folder, settings)
        finally:
            process.kill()


def _port(said: Iterator[str], log: Path) -> int:
    for line in said:
        if found := re.search(r"Nomaybe runs at .*:(\d+)$", line.strip()):
            return int(found[1])
    raise AssertionError(f"it ended: {log.read_text()}")


def _warm_up() -> None:
    """Do what every server does at first, so that those which are forked have done it."""
    from api.app import create_app  # noqa: PLC0415  # tests need none of it
    from api.cli import main  # noqa: PLC0415  # likewise

    with TemporaryDirectory() as folder:
        os.environ["NOMAYBE_DATA_DIR"] = folder
        main(["migrate"], standalone_mode=False)
        uvicorn.Config(create_app(worker=False)).load()


def _fork_as_told(line: socket.socket) -> None:
    _warm_up()
    gc.freeze()
    while True:
        said, given, _flags, _from = socket.recv_fds(line, 1 << 20, 3)
        if not said:
            return
        _reap()
        child = os.fork()
        if child == 0:
            line.close()
            _serve(json.loads(said), given)
        for each in given:
            os.close(each)
        line.send(str(child).encode())


def _reap() -> None:
    """Let go of those that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _serve(order: dict[str, object], given: list[int]) -> None:
    from api.cli import main  # noqa: PLC0415  # with its terminal

    out, errors, watcher = given
    os.dup2(out, 1)
    os.dup2(errors, 2)
    os.environ.clear()
    os.environ.update(order["environment"])  # type: ignore[call-overload]  # texts by name
    os.chdir(str(order["folder"]))
    if order["watch"]:
        with socket.socket(fileno=watcher) as sock:
            socket.send_fds(sock, [b"w"], [syscalls.watch(order["watch"])])  # type: ignore[arg-type]
    code = 1
    try:
        main(order["words"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        print("ended", code, flush=True)  # noqa: T201  # to the test
        os._exit(code)


if __name__ == "__main__":
    _fork_as_told(socket.socket(fileno=int(sys.argv[1])))
