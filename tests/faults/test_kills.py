"""Killed at any instant under load: what was acknowledged is there, once."""

import asyncio
from random import Random

import pytest

from tests.factories import Make
from tests.faults import either, ledger
from tests.faults.conftest import Say
from tests.faults.deliveries import targets
from tests.faults.nursery import Nursery, Server
from tests.faults.sending import Load

RUNS = either(10, 200)
FEWEST, MOST = either(5, 200), either(20, 400)  # acknowledged before the kill
LONGEST = 0.05  # seconds from then to the kill

pytestmark = pytest.mark.slow


async def kill_under_load(server: Server, load: Load, luck: Random) -> None:
    """Have it killed in the midst of work."""
    enough = asyncio.Event()
    until = load.acknowledged.total() + luck.randint(FEWEST, MOST)

    def wanted() -> bool:
        if load.acknowledged.total() >= until:
            enough.set()
        return True

    sending = asyncio.create_task(load.writers(server.port, wanted))
    await enough.wait()
    await asyncio.sleep(luck.random() * LONGEST)
    server.kill()
    await sending


def test_what_was_acknowledged_outlives_every_kill(
    make: Make, servers: Nursery, database_url: str, say: Say
) -> None:
    luck = Random()  # noqa: S311  # another instant in every run
    load = Load(targets(make))
    for run in range(1, RUNS + 1):
        with servers.server("serve") as server:
            asyncio.run(kill_under_load(server, load, luck))
        if run % 10 == 0:
            say(f"{run} kills, {load.acknowledged.total()} acknowledged")
    with servers.server("serve", "--no-worker") as server:
        asyncio.run(load.finish(server.port))

    ledger.read_all(database_url)

    found = ledger.check(make.session, load)
    assert load.other == {}
    say(f"{RUNS} kills, {found.acknowledged} acknowledged, 0 lost, 0 doubled; {dict(found.states)}")
