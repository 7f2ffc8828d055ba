"""No acknowledgement before the disk has it, and none where the disk is full or fails."""

import asyncio
import errno
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session

from models import migrations
from models.database import connect
from services.policy import Policy
from tests.databases import ON_SQLITE
from tests.factories import Make
from tests.faults import disks, either, ledger, syscalls
from tests.faults.conftest import Say
from tests.faults.deliveries import targets
from tests.faults.nursery import Nursery, Server
from tests.faults.sending import WRITERS, Answer, Line, Load

ONE_BY_ONE = either(30, 1000)
UNDER_LOAD = either(100, 5000)
HELD = 0.5  # seconds for which no acknowledgement may come
FULL = either(20, 400)  # answers while the disk is full
ROOM, MORE = "6m", "64m"

pytestmark = pytest.mark.slow
watching = pytest.mark.skipif(
    not ON_SQLITE or not syscalls.here(),
    reason="SQLite on Linux: PostgreSQL syncs in a server of its own, and counts that itself",
)


async def one_by_one(server: Server, load: Load, many: int) -> None:
    await load.write(server.port, lambda: load.acknowledged.total() < many)


def under_load(server: Server, load: Load, many: int) -> None:
    """Many senders, until so many more are acknowledged."""
    until = load.acknowledged.total() + many
    asyncio.run(load.writers(server.port, lambda: load.acknowledged.total() < until))


@watching
def test_each_acknowledgement_waits_for_a_sync(make: Make, servers: Nursery, say: Say) -> None:
    load = Load(targets(make))
    with servers.server("serve", "--no-worker", watch=syscalls.SYNCS) as server:
        assert server.watched is not None
        before = server.watched.syncs
        asyncio.run(one_by_one(server, load, ONE_BY_ONE))
        syncs, acknowledged = server.watched.syncs - before, load.acknowledged.total()
        under_load(server, load, UNDER_LOAD)
        shared = server.watched.syncs - before - syncs

    assert acknowledged == ONE_BY_ONE
    assert syncs >= ONE_BY_ONE
    assert 0 < shared < UNDER_LOAD
    say(f"{syncs} syncs for {acknowledged} one by one, {shared} for {UNDER_LOAD} under load")


@watching
def test_while_a_sync_takes_long_nobody_is_acknowledged(make: Make, servers: Nursery) -> None:
    to = targets(make)

    async def answered_early(server: Server) -> tuple[bool, Answer]:
        assert server.watched is not None
        server.watched.passing.clear()
        line = Line(server.port)
        answer = asyncio.create_task(line.post(to.request(0)))
        early, _later = await asyncio.wait([answer], timeout=HELD)
        server.watched.passing.set()
        answered = await answer
        line.close()
        return bool(early), answered

    with servers.server("serve", "--no-worker", watch=syscalls.SYNCS) as server:
        early, answer = asyncio.run(answered_early(server))

    assert (early, answer.status) == (False, 200)


@watching
@pytest.mark.parametrize(
    ("calls", "number"),
    [(syscalls.SYNCS, errno.EIO), (syscalls.WRITES, errno.ENOSPC), (syscalls.WRITES, errno.EIO)],
    ids=["sync fails", "disk is full", "write fails"],
)
def test_a_disk_that_does_not_keep_it_is_told(
    make: Make, servers: Nursery, database_url: str, calls: tuple[str, ...], number: int
) -> None:
    load = Load(targets(make))
    with servers.server("serve", "--no-worker", watch=calls) as server:
        assert server.watched is not None
        under_load(server, load, FULL)
        server.watched.error = number
        before = load.acknowledged.total()
        asyncio.run(load.writers(server.port, lambda: load.other.total() < FULL))
        during = load.acknowledged.total() - before
        server.watched.error = 0
        under_load(server, load, FULL)
        asyncio.run(load.finish(server.port))

    ledger.read_all(database_url)

    ledger.check(make.session, load)
    assert during <= WRITERS  # they were written before, and answered after
    assert load.put_off, load.other


@disks.needed
@pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL has a disk of its own")
def test_a_disk_that_really_is_full_is_told(
    policy: Policy, servers: Nursery, tmp_path: Path, say: Say
) -> None:
    with ExitStack() as held:
        disk = held.enter_context(disks.disk(tmp_path / "small", ROOM))
        url = f"sqlite:///{disk.folder}/nomaybe.db"
        migrations.upgrade(url)
        engine = connect(url)
        held.callback(engine.dispose)
        session = held.enter_context(Session(engine))
        load = Load(targets(Make(session, policy)))
        own = replace(servers, settings=servers.settings | {"NOMAYBE_DATABASE_URL": url})
        server = held.enter_context(own.server("serve", "--no-worker"))
        asyncio.run(load.writers(server.port, lambda: load.other.total() < FULL))
        stored = load.acknowledged.total()
        disk.resize(MORE)
        under_load(server, load, FULL)
        asyncio.run(load.finish(server.port))
        server.kill()
        ledger.read_all(url)
        ledger.check(session, load)

    assert load.put_off, load.other
    say(f"full after {stored} acknowledged, {load.other.total()} x 503, then on without a restart")
