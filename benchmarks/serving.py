"""Databases, servers and load for a run: each on a disk and in a process of its own."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlmodel import Session

from models import migrations
from models.connector import ConnectorKind, ConnectorNew
from models.database import connect
from services import connectors, users
from services.vault import Vault
from tests import postgres

SECRET = "a-secret-for-loopback"  # noqa: S105  # of a server that lives for this run
KEY = "k" * 40
CONNECTIONS = 16


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
            with postgres.server(durable=True, within=Path(tempfile.gettempdir())) as started:
                migrations.upgrade(started)
                yield started


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


def connector(url: str) -> str:
    """A generic connector; its id."""
    engine = connect(url)
    with Session(engine) as session, session.begin():
        by = users.caller_for(users.find_user(session, "load@nomaybe.example"))
        new = ConnectorNew(kind=ConnectorKind.generic, name="Load", secret=SECRET)
        made = connectors.create_connector(session, by, Vault(KEY), new)
        found = str(made.id)
    engine.dispose()
    return found


def load(job: dict[str, Any], port: int, seconds: float) -> dict[str, Any]:
    """One round of load from a process of its own."""
    order = {**job, "port": port, "seconds": seconds, "connections": CONNECTIONS}
    done = subprocess.run(  # noqa: S603  # our own load
        [sys.executable, "-m", "benchmarks.load", json.dumps(order)],
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
