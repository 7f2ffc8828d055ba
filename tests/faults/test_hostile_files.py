"""Every hostile sample, in time and in memory, delivered to a server that reads meanwhile."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from models.connector import ConnectorKind
from models.delivery import DeliveryStatus
from tests.crm_samples import MADE
from tests.factories import Make
from tests.faults import either
from tests.faults.conftest import Say
from tests.faults.deliveries import Target, targets
from tests.faults.nursery import Nursery, Server
from tests.faults.sending import Line
from tests.senders import SAMPLES

MOST_SECONDS = 3.0  # for an acknowledgement: Slack gives up after them
MOST_BYTES = 100 * 1024 * 1024  # of memory, more than before
TEXTS = [
    text for texts in json.loads((SAMPLES / "texts.json").read_text()).values() for text in texts
]
LONG = [
    "a" * 50_000 + "!", "(" * 5_000, ".*" * 5_000, " " * 100_000 + "x", "0" * 50_000 + "x",
    "a@" * 20_000, "-" * 60_000,
]  # fmt: skip
FIELDS = ("title", "customer", "body", "source_url", "asked_on")
KINDS = (ConnectorKind.generic, ConnectorKind.salesforce)

pytestmark = pytest.mark.slow


def bodies() -> dict[ConnectorKind, list[bytes]]:
    """What is delivered to each kind of connector."""
    made = {name: body for name, body in MADE.items() if name.endswith(".json")}
    generic = [path.read_bytes() for path in sorted((SAMPLES / "hostile").iterdir())]
    generic += made.values()
    generic += [
        json.dumps({"title": "SSO", "customer": "Acme", field: text}).encode()
        for text in TEXTS + LONG
        for field in FIELDS[: either(2, len(FIELDS))]
    ]
    messages = [path.read_bytes() for path in sorted((SAMPLES / "hostile_xml").iterdir())]
    messages += [body for name, body in MADE.items() if name not in made]
    return {ConnectorKind.generic: generic, ConnectorKind.salesforce: messages}


def memory(server: Server, name: str) -> int:
    """A line of what the system says of a process, in bytes."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


async def deliver(server: Server, each: tuple[Target, ...]) -> tuple[set[int], float]:
    """Deliver all; the statuses, and the seconds of the slowest answer."""
    line, answers = Line(server.port), []
    for target in each:
        for number, body in enumerate(bodies()[target.kind]):
            answers.append(await line.post(target.request(body, f"msg_{number}")))
    line.close()
    return {answer.status for answer in answers}, max(answer.seconds for answer in answers)


def test_every_hostile_sample_in_time_and_memory(
    make: Make, servers: Nursery, session: Session, say: Say
) -> None:
    each = targets(make, *KINDS).each
    with servers.server("serve") as server:
        server.ready()
        before = memory(server, "VmRSS")
        statuses, slowest = asyncio.run(deliver(server, each))
        while server.ready()["waiting"]:
            pass
        more = memory(server, "VmHWM") - before
    rows = session.execute(select(col(DeliveryStatus.state), col(DeliveryStatus.reason))).all()

    assert statuses == {200}
    assert slowest <= MOST_SECONDS
    assert more <= MOST_BYTES
    assert len(rows) == sum(map(len, bodies().values()))
    assert {row.state.value for row in rows} <= {"processed", "parked", "duplicate"}
    assert all(row.reason for row in rows if row.state.value != "processed")
    say(f"{len(rows)} samples: slowest {slowest:.2f} s, {more / 2**20:.0f} MiB more")
