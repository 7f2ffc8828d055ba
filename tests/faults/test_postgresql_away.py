"""PostgreSQL stops under load, or has no room: 503 meanwhile, and on without a restart of ours."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import pytest
from sqlalchemy import Engine, make_url, text
from sqlmodel import Session

from api.worker import AT_ONCE
from models import migrations
from models.database import connect
from services.policy import Policy
from tests.databases import ON_SQLITE
from tests.factories import Make
from tests.faults import disks, either, ledger
from tests.faults.conftest import Say
from tests.faults.deliveries import targets
from tests.faults.nursery import Nursery, Server
from tests.faults.sending import WRITERS, Load
from tests.postgres import Server as PostgreSQL
from tests.postgres import controlled, programs

AWAY = either(2, 60)  # seconds
BACK = 10  # seconds within which deliveries are taken again
ONE_BY_ONE = either(30, 1000)
UNDER_LOAD = either(60, 3000)
FULL = either(20, 400)
ROOM, MORE = "2m", "64m"
SYNCS = "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"
ENDED = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
SAYS_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON delivery EXECUTE FUNCTION full_disk()"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(ON_SQLITE, reason="SQLite has no server that could be away"),
]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    """A durable PostgreSQL of these tests' own, which they may stop."""
    if programs() is None:
        pytest.skip("needs the packaged PostgreSQL, to stop it")
    with controlled(durable=True) as found:
        yield found


@pytest.fixture
def engine(postgresql: PostgreSQL) -> Iterator[Engine]:
    """A migrated database on it."""
    name = f"test_{uuid4().hex}"
    server = connect(postgresql.url).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as admin:
        admin.execute(text(f"CREATE DATABASE {name}"))
    server.dispose()
    url = make_url(postgresql.url).set(database=name).render_as_string(hide_password=False)
    migrations.upgrade(url)
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def load(engine: Engine, policy: Policy) -> Load:
    """What is sent there."""
    with Session(engine) as session:
        return Load(targets(Make(session, policy)))


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def on(engine: Engine, servers: Nursery) -> Nursery:
    """Servers on that database."""
    own = servers.settings | {"NOMAYBE_DATABASE_URL": url_of(engine)}
    return replace(servers, settings=own)


def check(engine: Engine, load: Load) -> ledger.Held:
    """Read what waits, and hold the ledger against it."""
    engine.dispose()  # PostgreSQL may have stopped since it connected
    ledger.read_all(url_of(engine))
    with Session(engine) as session:
        return ledger.check(session, load)


async def outage(server: Server, postgresql: PostgreSQL, load: Load) -> float:
    """Stop PostgreSQL for a while in the midst of work; the seconds until work went on."""
    ended = False
    sending = asyncio.create_task(load.writers(server.port, lambda: not ended))
    await load.until(UNDER_LOAD, sending)
    await asyncio.to_thread(postgresql.stop, "immediate")
    before = load.acknowledged.total()
    await asyncio.sleep(AWAY)
    assert load.acknowledged.total() == before
    assert server.ready()["status"] == 503
    await asyncio.to_thread(postgresql.start)
    started = perf_counter()
    await load.until(before + 1, sending)
    took = perf_counter() - started
    await load.until(before + UNDER_LOAD, sending)
    ended = True
    await sending
    await load.finish(server.port)
    return took


def test_stopped_under_load_and_started_again(
    servers: Nursery, postgresql: PostgreSQL, engine: Engine, load: Load, say: Say
) -> None:
    with on(engine, servers).server("serve") as server:
        took = asyncio.run(outage(server, postgresql, load))
        while server.ready()["waiting"] > AT_ONCE:
            pass  # its worker reads on, but for what it held when the database went

    found = check(engine, load)

    assert load.put_off, load.other
    assert took <= BACK
    say(
        f"away for {AWAY} s: {load.other.total()} x 503, back after {took:.1f} s,"
        f" {found.acknowledged} acknowledged, 0 lost, 0 doubled"
    )


def test_each_acknowledgement_waits_for_a_sync(
    servers: Nursery, engine: Engine, load: Load, say: Say
) -> None:
    def syncs() -> int:
        with engine.begin() as connection:
            return int(connection.execute(text(SYNCS)).scalar_one())

    with on(engine, servers).server("serve", "--no-worker") as server:
        before = syncs()
        asyncio.run(load.write(server.port, lambda: len(load.times) < ONE_BY_ONE))
        server.kill()  # its connections tell what they counted by when they have ended
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(ENDED))
    alone = syncs() - before

    assert alone >= ONE_BY_ONE
    say(f"{alone} syncs for {ONE_BY_ONE} acknowledged one by one")


@contextmanager
def filled(engine: Engine, disk: disks.Disk | None) -> Iterator[None]:
    """No room for deliveries, until the block ends."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if disk is None:
            connection.execute(text(SAYS_FULL))
            yield
            connection.execute(text("DROP TRIGGER full_disk ON delivery"))
            return
        shutil.chown(disk.folder, "nobody")
        connection.execute(text(f"CREATE TABLESPACE small LOCATION '{disk.folder}'"))
        connection.execute(text("ALTER TABLE delivery SET TABLESPACE small"))
        yield
        disk.resize(MORE)


def fill(
    engine: Engine, servers: Nursery, load: Load, disk: disks.Disk | None = None
) -> ledger.Held:
    """Deliver where there is no room, and then where there is."""
    with on(engine, servers).server("serve", "--no-worker") as server:
        asyncio.run(load.write(server.port, lambda: load.acknowledged.total() < WRITERS))
        with filled(engine, disk):
            asyncio.run(load.writers(server.port, lambda: load.other.total() < FULL))
        until = load.acknowledged.total() + UNDER_LOAD
        asyncio.run(load.writers(server.port, lambda: load.acknowledged.total() < until))
        asyncio.run(load.finish(server.port))
    return check(engine, load)


def test_a_disk_that_is_full_is_told(servers: Nursery, engine: Engine, load: Load) -> None:
    fill(engine, servers, load)

    assert load.put_off, load.other


@disks.needed
def test_a_disk_that_really_is_full_is_told(
    servers: Nursery, engine: Engine, load: Load, say: Say
) -> None:
    home = Path(str(engine.url.query["host"]))  # where whoever runs PostgreSQL may go
    with disks.disk(home / "small", ROOM) as disk:
        found = fill(engine, servers, load, disk)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ALTER TABLE delivery SET TABLESPACE pg_default"))
            connection.execute(text("DROP TABLESPACE small"))

    assert load.put_off, load.other
    say(f"{load.other.total()} x 503 on a full disk, {found.acknowledged} acknowledged, 0 lost")
