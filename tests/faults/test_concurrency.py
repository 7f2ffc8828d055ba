"""Many writers at once: nothing fails, nothing is lost, nothing is doubled."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from models.account import Account
from models.ask import Ask
from tests.databases import ON_SQLITE
from tests.factories import Make
from tests.faults import either
from tests.faults.nursery import Nursery
from tests.faults.sender import SHARE
from tests.processes import NOMAYBE, ROOT, SECONDS, environment

ASKS = either(240, 1000)  # for each server
pytestmark = pytest.mark.slow


@dataclass
class Run:
    """What was acknowledged, and what is on file after it."""

    ledger: list[dict[str, Any]]
    kept: dict[str | None, str]
    asks: int
    domains: "Counter[str | None]"

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Answers that are no success."""
        return [each for each in self.ledger if each["status"] not in {200, 201}]

    @property
    def acknowledged(self) -> dict[str, str]:
        """The id that each external id was acknowledged with."""
        return {each["external_id"]: each["id"] for each in self.ledger}


def send(make: Make, folder: Path, ports: list[int], asks: int) -> Run:
    """Log asks through the servers, and read what is in their database after."""
    ledger = folder / "ledger.jsonl"
    job = {
        "ports": ports,
        "key": make.key(make.user()),
        "product_id": str(make.some_product()),
        "run": "load",
        "asks": asks,
        "ledger": str(ledger),
    }
    subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "tests.faults.sender", json.dumps(job)],
        cwd=ROOT,
        timeout=SECONDS,
        check=True,
    )
    rows = make.session.exec(select(col(Ask.external_id), col(Ask.id))).all()
    return Run(
        [json.loads(line) for line in ledger.read_text().splitlines()],
        {name: str(key) for name, key in rows},
        len(rows),
        Counter(make.session.exec(select(col(Account.domain))).all()),
    )


def check(run: Run, asks: int) -> None:
    """Each ask was acknowledged and is on file once, and each domain is one account."""
    assert run.failures == []
    assert len(run.ledger) == asks + asks // 10
    assert {each["id"] for each in run.ledger} == set(run.kept.values())
    assert run.acknowledged == run.kept
    assert run.asks == asks
    assert set(run.domains.values()) == {1}
    assert len(run.domains) == asks // SHARE


def test_32_writers_on_one_server_lose_and_double_nothing(
    make: Make, servers: Nursery, tmp_path: Path
) -> None:
    with servers.server("serve") as server:
        run = send(make, tmp_path, [server.port], ASKS)

    check(run, ASKS)


@pytest.mark.skipif(ON_SQLITE, reason="an SQLite file takes one server")
def test_two_servers_on_one_postgresql_lose_and_double_nothing(
    make: Make, servers: Nursery, tmp_path: Path
) -> None:
    with servers.server("serve") as one, servers.server("serve") as two:
        run = send(make, tmp_path, [one.port, two.port], 2 * ASKS)

    check(run, 2 * ASKS)


@pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL takes several servers")
def test_a_second_server_on_one_sqlite_file_is_refused(
    servers: Nursery, database_url: str, tmp_path: Path
) -> None:
    with servers.server("serve"):
        second = subprocess.run(  # noqa: S603  # our own command
            [*NOMAYBE, "serve", "--port", "0"],
            cwd=tmp_path,
            env=environment(NOMAYBE_DATABASE_URL=database_url),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    assert second.returncode == 1
    assert "Another server works on" in second.stderr
    assert "use PostgreSQL, where several may" in second.stderr
