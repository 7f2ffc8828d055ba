"""The same event again and again, from many senders at once and over a kill: one ask."""

import asyncio
from itertools import repeat

import pytest

from models.connector import ConnectorKind
from tests.factories import Make
from tests.faults import either, ledger
from tests.faults.conftest import Say
from tests.faults.deliveries import targets
from tests.faults.nursery import Nursery
from tests.faults.sending import Load

TIMES = either(40, 10_000)
PARALLEL = 8
KINDS = tuple(ConnectorKind)

pytestmark = pytest.mark.slow


async def replay(load: Load, port: int, times: int) -> None:
    """Deliver what it delivers until it was acknowledged so often."""
    writers = (load.write(port, lambda: len(load.times) < times) for _ in range(PARALLEL))
    await asyncio.gather(*writers)


def test_one_event_however_often_is_one_ask(
    make: Make, servers: Nursery, database_url: str, say: Say
) -> None:
    to = targets(make)
    loads = [Load(to, numbers=repeat(number)) for number in range(len(KINDS))]
    for part in (1, 2):
        with servers.server("serve") as server:
            for load in loads:
                asyncio.run(replay(load, server.port, TIMES * part // 2))

    ledger.read_all(database_url)

    for kind, load in zip(KINDS, loads, strict=True):
        found = ledger.check(make.session, load)
        assert found.states["processed"] == len(KINDS)
        assert TIMES <= found.acknowledged < TIMES + 2 * PARALLEL
        assert load.other == {}
        say(f"{kind}: {found.acknowledged} replays by {PARALLEL} at once, one ask")
