"""Nobody reads: deliveries are acknowledged as quickly as ever, and wait where they can be seen."""

import asyncio
from collections.abc import Iterator
from time import perf_counter

import httpx
import pytest

from tests.factories import Make
from tests.faults import either, ledger
from tests.faults.conftest import Say
from tests.faults.deliveries import targets
from tests.faults.nursery import Nursery
from tests.faults.sending import Line, Load, part

SECONDS = either(2, 60)
A_SECOND = 50
SENDERS = 10
P99, MOST = 1.0, 3.0  # seconds: Slack gives up after 3

pytestmark = pytest.mark.slow


async def pace(load: Load, port: int) -> None:
    """Deliver at a fixed pace, whatever the answers take; times count from when one was due."""
    start, due = perf_counter(), iter(range(SECONDS * A_SECOND))

    async def send() -> None:
        line = Line(port)
        for number in due:
            at = start + number / A_SECOND
            await asyncio.sleep(at - perf_counter())
            answer = await line.post(load.targets.request(number))
            assert answer.status == 200
            load.acknowledged[number] += 1
            load.times.append(perf_counter() - at)
        line.close()

    await asyncio.gather(*(send() for _ in range(SENDERS)))


def test_acknowledgements_do_not_wait_for_the_worker(
    make: Make, servers: Nursery, database_url: str, say: Say
) -> None:
    load = Load(targets(make))
    with servers.server("serve", "--no-worker") as server:
        asyncio.run(pace(load, server.port))
        ready = server.ready()
        figures = dict(said(httpx.get(f"http://127.0.0.1:{server.port}/metrics").text))

    assert part(load.times, 0.99) <= P99
    assert max(load.times) <= MOST
    assert ready["waiting"] == figures["nomaybe_inbox_waiting"] == SECONDS * A_SECOND
    assert SECONDS - 1 < ready["lag_seconds"] <= figures["nomaybe_inbox_lag_seconds"] + 1
    assert ledger.read_all(database_url) == SECONDS * A_SECOND
    ledger.check(make.session, load)
    say(
        f"{len(load.times)} at {A_SECOND}/s: p50 {1000 * part(load.times, 0.5):.1f} ms,"
        f" p99 {1000 * part(load.times, 0.99):.1f} ms, maximum {1000 * max(load.times):.1f} ms"
    )


def said(metrics: str) -> Iterator[tuple[str, float]]:
    """Figures without labels, by name."""
    for line in metrics.splitlines():
        name, _space, value = line.partition(" ")
        if not line.startswith("#") and "{" not in name:
            yield name, float(value)
