"""SIGTERM under load: what was begun is finished or given back, in time."""

import asyncio
from time import perf_counter

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.base import utc_now
from models.delivery import DeliveryState, DeliveryStatus
from tests.factories import Make
from tests.faults import LONG, either, ledger
from tests.faults.conftest import Say
from tests.faults.deliveries import targets
from tests.faults.nursery import Nursery, Server
from tests.faults.sending import Load

UNDER_LOAD = either(50, 500)
MOST = 20  # seconds
STALLED = 30  # with a sender that never ends its body

pytestmark = pytest.mark.slow


async def stop(server: Server, load: Load, *, stalled: bool) -> float:
    """Tell it to stop in the midst of work; the seconds until it had ended."""
    sending = asyncio.create_task(load.writers(server.port, lambda: True))
    await load.until(UNDER_LOAD, sending)
    _reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    if stalled:
        writer.write(load.targets.request(0)[:-1])
    await load.until(2 * UNDER_LOAD, sending)
    started = perf_counter()
    server.terminate()
    await sending
    await asyncio.to_thread(server.wait)
    writer.close()
    return perf_counter() - started


@pytest.mark.parametrize(
    ("stalled", "limit"), [(False, MOST), (True, STALLED)], ids=["all send", "one stalls"]
)
def test_told_to_stop_it_ends_in_time_and_holds_nothing(
    make: Make, servers: Nursery, database_url: str, say: Say, *, stalled: bool, limit: int
) -> None:
    if stalled and not LONG:
        pytest.skip("the long form: it takes as long as requests under way are waited for")
    load = Load(targets(make))
    with servers.server("serve") as server:
        took = asyncio.run(stop(server, load, stalled=stalled))
        assert server.code() == 0
    due = make.session.execute(
        select(col(DeliveryStatus.due_at), col(DeliveryStatus.attempts)).where(
            col(DeliveryStatus.state) == DeliveryState.received
        )
    ).all()
    make.session.rollback()
    with servers.server("serve", "--no-worker") as server:
        asyncio.run(load.finish(server.port))

    ledger.read_all(database_url)

    ledger.check(make.session, load)
    assert took <= limit
    assert all(at <= utc_now() and attempts == 0 for at, attempts in due)
    assert load.other.keys() <= {503}
    say(f"ended after {took:.1f} s, and left {len(due)} to read")
