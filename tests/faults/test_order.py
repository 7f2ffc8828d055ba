"""Versions of a record in any order, and read by many at once: one ask, as it was told last."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from api.observing import Figures
from api.worker import Worker
from models.account import Contact
from models.connector import Connector, ConnectorKind
from models.database import connect
from models.delivery import DeliveryState, DeliveryStatus
from services import reading
from services.reading import Claim
from tests.databases import ON_SQLITE
from tests.factories import Make
from tests.faults import either
from tests.faults.conftest import Say
from tests.faults.deliveries import KINDS, POLICY, targets
from tests.faults.versions import LAST, VERSIONS, arrive, on_file

SHUFFLES = either(12, 1000)
RECORDS = either(20, 400)
WORKERS = 4

pytestmark = pytest.mark.slow


def orders(count: int, seed: int = 7) -> Iterator[list[int]]:
    """Orders of five, the first as they were said."""
    luck = random.Random(seed)  # noqa: S311  # no secret
    order = list(range(len(VERSIONS)))
    for _each in range(count):
        yield order[:]
        luck.shuffle(order)


def connector(make: Make, kind: ConnectorKind) -> Connector:
    targets(make, kind)
    return make.session.exec(select(Connector)).one()


@pytest.mark.parametrize("kind", KINDS)
def test_any_order_of_five_versions_ends_alike(make: Make, kind: ConnectorKind, say: Say) -> None:
    sender, session = connector(make, kind), make.session
    states = Counter[object]()

    for number, order in enumerate(orders(SHUFFLES)):
        ids = arrive(session, sender, number, order)
        for version in order:
            states[reading.process(session, POLICY, hold(session, sender, ids[version]))] += 1
        session.commit()

    assert states == {DeliveryState.processed: SHUFFLES * len(VERSIONS)}
    found = on_file(session)
    assert len(found) == SHUFFLES
    assert len(set(found)) == 1, set(found)
    assert found[0][0] == LAST
    say(f"{kind}: {SHUFFLES} orders of {len(VERSIONS)} versions, one end")


def hold(session: Session, sender: Connector, delivery_id: object) -> Claim:
    """Claim a certain delivery, as a worker claims the oldest ones."""
    status = session.get_one(DeliveryStatus, delivery_id)
    status.attempts += 1
    session.flush()
    return Claim(status.delivery_id, sender.kind, status.attempts)


@contextmanager
def workers(url: str) -> Iterator[list[Worker]]:
    """Workers as processes of their own have them, each with its own connections."""
    engines: list[Engine] = [connect(url) for _ in range(WORKERS)]
    yield [Worker(each, nullcontext(), POLICY, Figures()) for each in engines]
    for each in engines:
        each.dispose()


@pytest.mark.skipif(ON_SQLITE, reason="an SQLite file has one worker")
@pytest.mark.parametrize("kind", KINDS)
def test_workers_side_by_side_end_as_one_does(
    make: Make, kind: ConnectorKind, database_url: str, say: Say
) -> None:
    sender, session = connector(make, kind), make.session
    for number, order in enumerate(orders(RECORDS)):
        arrive(session, sender, number, order)
    session.commit()

    with workers(database_url) as side_by_side, ThreadPoolExecutor(WORKERS) as pool:
        read = sum(pool.map(Worker.drain, side_by_side))

    wanted = RECORDS * len(VERSIONS)
    states = session.exec(
        select(DeliveryStatus.state, DeliveryStatus.reason, func.count()).group_by(
            col(DeliveryStatus.state), col(DeliveryStatus.reason)
        )
    ).all()
    assert states == [(DeliveryState.processed, None, wanted)]
    found = on_file(session)
    assert len(found) == RECORDS
    assert len(set(found)) == 1, set(found)
    assert found[0][0] == LAST
    people = session.exec(select(Contact.account_id, Contact.email)).all()
    assert len(people) == len(set(people))
    say(f"{kind}: {read} read by {WORKERS} workers at once, one ask of each of {RECORDS} records")
