"""What the senders were told, held against what is on file."""

from collections import Counter
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select, text
from sqlmodel import Session, col

from api.observing import Figures
from api.worker import Worker
from models.ask import Ask
from models.database import connect
from models.delivery import Delivery, DeliveryStatus
from tests.databases import ON_SQLITE
from tests.faults import deliveries
from tests.faults.sending import Load


@dataclass(frozen=True)
class Held:
    """The ledger of the senders against the database, once everything is read.

    Attributes:
        acknowledged: Deliveries that were answered with 200.
        lost: Numbers of which fewer are stored, byte for byte, than were acknowledged, or of which
            there is no ask.
        doubled: Titles that more than one ask has.
        states: Deliveries by what became of them.
    """

    acknowledged: int
    lost: list[int]
    doubled: list[str]
    states: Counter[str]


def read_all(url: str) -> int:
    """Read what waits as a worker does, now; what dead workers hold too, as half a minute later."""
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE delivery_status SET due_at = (SELECT min(created_at) FROM delivery)"
                " WHERE state = 'received'"
            )
        )
    read = Worker(engine, Lock(), deliveries.POLICY, Figures()).drain()
    engine.dispose()
    return read


def held(session: Session, load: Load) -> Held:
    """Compare; everything must have been read."""
    stored = Counter(session.execute(select(col(Delivery.sha256))).scalars())
    titles = Counter(session.execute(select(col(Ask.title))).scalars())
    states = Counter(
        str(each) for each in session.execute(select(col(DeliveryStatus.state))).scalars()
    )
    lost = [
        number
        for number, times in load.acknowledged.items()
        if stored[load.targets.sha256(number)] < times or not titles[deliveries.title(number)]
    ]
    doubled = [each for each, times in titles.items() if times > 1]
    session.rollback()
    return Held(sum(load.acknowledged.values()), lost, doubled, states)


def check(session: Session, load: Load) -> Held:
    """Nothing lost, nothing doubled, nothing left over, and the database is whole."""
    found = held(session, load)
    assert found.lost == []
    assert found.doubled == []
    assert found.states.keys() <= {"processed", "duplicate"}, found.states
    assert found.states.total() >= found.acknowledged > 0
    if ON_SQLITE:
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []
        session.rollback()
    return found
