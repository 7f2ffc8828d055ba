"""Authentic nonsense: each is acknowledged, stored byte for byte, and read or parked with why."""

import asyncio
import hashlib
from collections import Counter
from random import Random

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from models.connector import ConnectorKind
from models.delivery import Delivery, DeliveryStatus
from services.crm import DIALECTS
from tests.factories import Make
from tests.faults import either, ledger
from tests.faults.conftest import Say
from tests.faults.deliveries import Target, targets
from tests.faults.mutations import mutated
from tests.faults.nursery import Nursery
from tests.faults.sending import Line
from tests.senders import SAMPLES

MANY = either(25, 2000)  # of each dialect
SENDERS = 8
LARGEST = 20_000  # bytes of a sample: those that are large only take longer
LEFT_OUT = {"signature_vectors.json", "ack_true.xml"}  # they are no deliveries

pytestmark = pytest.mark.slow


def samples(kind: ConnectorKind) -> list[bytes]:
    """What a sender of that kind delivers on a good day."""
    names = (
        "standard_webhooks/ask_created.json" if kind.value == "standard_webhooks" else f"{kind}/*"
    )
    found = [path.read_bytes() for path in sorted(SAMPLES.glob(names)) if path.name not in LEFT_OUT]
    return [body for body in found if len(body) < LARGEST]


async def deliver(target: Target, bodies: list[bytes], port: int) -> list[int]:
    """Deliver each; the status that each was answered with."""
    waiting = list(enumerate(bodies))
    answers = dict[int, int]()

    async def send() -> None:
        line = Line(port)
        while waiting:
            number, body = waiting.pop()
            answer = await line.post(target.request(body, f"msg_{number}"))
            answers[number] = answer.status
        line.close()

    await asyncio.gather(*(send() for _ in range(SENDERS)))
    return [answers[number] for number in range(len(bodies))]


def test_any_mutation_is_stored_and_read_or_parked_with_a_reason(
    make: Make, servers: Nursery, database_url: str, session: Session, say: Say
) -> None:
    seed = Random().randrange(10**6)  # noqa: S311  # others in every run
    luck = Random(seed)  # noqa: S311
    sent = Counter[str]()
    codes = Counter[str]()
    with servers.server("serve", "--no-worker") as server:
        for target in targets(make).each:
            good = samples(target.kind)
            bodies = [mutated(luck, luck.choice(good)) for _ in range(MANY)]
            statuses = asyncio.run(deliver(target, bodies, server.port))
            for body, status in zip(bodies, statuses, strict=True):
                codes[f"{target.kind} {status}"] += 1
                sent[hashlib.sha256(DIALECTS[target.kind].storable(body)).hexdigest()] += 1
    ledger.read_all(database_url)
    rows = session.execute(
        select(col(Delivery.sha256), col(DeliveryStatus.state), col(DeliveryStatus.reason)).join(
            DeliveryStatus, col(DeliveryStatus.delivery_id) == col(Delivery.id)
        )
    ).all()

    # An organization that was changed is a stranger's.
    assert {code.split()[1] for code in codes} - {"200"} <= {"401"}, (seed, codes)
    assert {code for code in codes if code.endswith("401")} <= {"salesforce 401"}, (seed, codes)
    assert Counter(row.sha256 for row in rows) == sent, seed
    states = Counter(row.state.value for row in rows)
    assert states.keys() <= {"processed", "parked", "duplicate", "refused"}, (seed, states)
    assert all(row.reason for row in rows if row.state.value != "processed"), seed
    assert states["parked"] > MANY
    say(f"{sum(codes.values())} mutations (seed {seed}): {dict(codes)}; {dict(states)}")
