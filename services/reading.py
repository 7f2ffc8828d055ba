"""Reading deliveries in the worker: each once, with retries, and parked where a person must look.

A delivery is claimed for some time before it is read, and the claim counts as an attempt, so that
one which kills the process is not tried for ever. Whatever reading does is in one transaction
with its mark of being done, and the same event is read once: its key is kept for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import select, update
from sqlmodel import Session, col

from models.base import utc_now
from models.connector import Connector, ConnectorKind, ConnectorSettings
from models.delivery import Delivery, DeliveryEvent, DeliveryKey, DeliveryState, DeliveryStatus
from models.user import Role, User
from services import capture, record_asks, records
from services.asks import Origin
from services.capture import Deed
from services.connectors import receive_url
from services.crm import DIALECTS
from services.crm.dialect import Change, Fault, Item, Passed, Told, key_of
from services.errors import DomainError, Invalid
from services.permissions import Caller
from services.policy import Policy
from services.receiving import arrival_of

LEASE = timedelta(seconds=30)  # a worker that holds a delivery longer is taken for dead
TRIES = 8
FIRST_PAUSE, GROWTH = timedelta(seconds=2), 3  # 2 s, 6 s, ... 24 min: 36 minutes in all
MOST_ASKS = 1000  # in one delivery, as in one batch: reading holds the write lock of SQLite
MOST_TOLD = 5
LONGEST_TOLD = 500  # characters
SYSTEM_EMAIL = "webhooks@nomaybe.invalid"


@dataclass(frozen=True)
class Claim:
    """A worker's hold on a delivery; `attempt` tells it from an earlier one that expired."""

    delivery_id: UUID
    kind: ConnectorKind
    attempt: int


def waiting(session: Session) -> bool:
    """Whether a delivery is due to be read."""
    due = select(col(DeliveryStatus.delivery_id)).where(
        col(DeliveryStatus.state) == DeliveryState.received,
        col(DeliveryStatus.due_at) <= utc_now(),
    )
    return session.execute(due.limit(1)).first() is not None


def claim(session: Session, limit: int) -> list[Claim]:
    """Take hold of the deliveries that wait longest; no other worker takes them meanwhile."""
    now = utc_now()
    rows = session.execute(
        select(col(DeliveryStatus.delivery_id), col(Connector.kind), col(DeliveryStatus.attempts))
        .join(Delivery, col(Delivery.id) == col(DeliveryStatus.delivery_id))
        .join(Connector, col(Connector.id) == col(Delivery.connector_id))
        .where(
            col(DeliveryStatus.state) == DeliveryState.received,
            col(DeliveryStatus.due_at) <= now,
        )
        .order_by(col(DeliveryStatus.due_at))
        .limit(limit)
        .with_for_update(of=DeliveryStatus, skip_locked=True)
    ).all()
    session.execute(
        update(DeliveryStatus)
        .where(col(DeliveryStatus.delivery_id).in_([row[0] for row in rows]))
        .values(due_at=now + LEASE, attempts=DeliveryStatus.attempts + 1)
    )
    return [Claim(key, kind, attempts + 1) for key, kind, attempts in rows]


def give_back(session: Session, claims: Sequence[Claim]) -> None:
    """Let go of deliveries that were not tried."""
    for each in claims:
        session.execute(
            update(DeliveryStatus)
            .where(
                col(DeliveryStatus.delivery_id) == each.delivery_id,
                col(DeliveryStatus.state) == DeliveryState.received,
                col(DeliveryStatus.attempts) == each.attempt,
            )
            .values(due_at=utc_now(), attempts=each.attempt - 1)
        )


def process(session: Session, policy: Policy, held: Claim) -> DeliveryState | None:
    """Read a delivery and log its asks: good ones go in, for bad ones it is parked.

    Returns:
        What became of it, or None where it is no longer ours to read.
    """
    status = _held(session, held)
    if status is None:
        return None
    if held.attempt > TRIES:
        return settle(session, status, DeliveryState.parked, _gave_up("it never came to an end"))
    return settle(session, status, *_read(session, policy, status))


def _read(
    session: Session, policy: Policy, status: DeliveryStatus
) -> tuple[DeliveryState, str | None]:
    delivery = session.get_one(Delivery, status.delivery_id)
    connector = session.get_one(Connector, delivery.connector_id)
    dialect = DIALECTS[connector.kind]
    url = receive_url(policy, connector.kind, connector.id)
    arrival = arrival_of(url, delivery)
    whole = dialect.event_key(arrival)
    first = _firsts(session, delivery, [whole])[0]
    if first != delivery.id:
        return DeliveryState.duplicate, _same_as(first)
    settings = ConnectorSettings(**connector.settings)
    found = dialect.read(arrival, settings)
    if len(found) > MOST_ASKS:
        said = f"It holds {len(found)} asks; at most {MOST_ASKS} are read from one delivery."
        return DeliveryState.parked, said
    firsts = _firsts(session, delivery, [key_of(each) for each in found])
    if found and delivery.id not in firsts:
        return DeliveryState.duplicate, _same_as(firsts[0])
    origin = Origin(dialect.SOURCE, f"{dialect.SOURCE}:{connector.id}")
    records.hold(session, [records.source_of(origin, e) for e in found if isinstance(e, Change)])
    sender = capture.Sender(
        by=_system_caller(session),
        policy=policy,
        settings=settings,
        origin=origin,
        delivery_id=delivery.id,
        arrived_at=delivery.created_at,
    )
    done = [
        _take(session, sender, index, each)
        if first == delivery.id
        else Deed("duplicate", None, _same_as(first))
        for index, (each, first) in enumerate(zip(found, firsts, strict=True))
    ]
    entries = [_entry(index, each) for index, each in enumerate(done)]
    made = dict.fromkeys(each["ask"] for each in entries if each["ask"] is not None)
    status.outcome = {"asks": list(made), "each": entries}
    faults = {index: each for index, each in enumerate(done) if isinstance(each, DomainError)}
    if faults:
        return DeliveryState.parked, _why(faults, len(found))
    return DeliveryState.processed, None


def fail(session: Session, held: Claim, error: Exception) -> DeliveryState | None:
    """After an error that we did not foresee: try again later, and in the end park it.

    Returns:
        What became of it: still received, or parked; None where it is no longer ours.
    """
    status = _held(session, held)
    if status is None:
        return None
    if held.attempt >= TRIES:
        return settle(session, status, DeliveryState.parked, _gave_up(type(error).__name__))
    status.due_at = utc_now() + FIRST_PAUSE * GROWTH ** (held.attempt - 1)
    status.reason = f"Attempt {held.attempt} failed: {type(error).__name__}."
    session.flush()
    return DeliveryState.received


def settle(
    session: Session,
    status: DeliveryStatus,
    state: DeliveryState,
    reason: str | None,
    author_id: UUID | None = None,
) -> DeliveryState:
    """Set the state of a delivery, and write down that it changed."""
    now = utc_now()
    status.state, status.reason = state, reason
    status.settled_at = None if state is DeliveryState.received else now
    event = DeliveryEvent(
        delivery_id=status.delivery_id,
        created_at=now,
        state=state,
        reason=reason,
        author_id=author_id,
    )
    session.add(event)
    session.flush()
    return state


def parsed(url: str, connector: Connector, delivery: Delivery) -> list[dict[str, Any]]:
    """What a delivery says by the connector's settings of now; nothing is looked up or kept."""
    settings = ConnectorSettings(**connector.settings)
    found = DIALECTS[connector.kind].read(arrival_of(url, delivery), settings)
    return [_parsed(index, each) for index, each in enumerate(found[:MOST_ASKS])]


def _parsed(index: int, item: Item) -> dict[str, Any]:
    seen: dict[str, Any] = {"index": index}
    if isinstance(item, Told):
        # A number past all bounds has no JSON of its own.
        seen["ask"] = from_json(to_json(item.ask, inf_nan_mode="strings"))
    if isinstance(item, Change):
        seen["ask"] = {"record": item.key, **item.fields}
    if isinstance(item, Passed):
        seen["note"] = item.note
    error = item.error if isinstance(item, Fault) else item
    if isinstance(item, Told):
        error = capture.check(item) or item
    if isinstance(error, Invalid):
        seen["problem"] = {"detail": readable(error.detail), "errors": error.errors}
    return seen


def _held(session: Session, held: Claim) -> DeliveryStatus | None:
    status = session.get(DeliveryStatus, held.delivery_id, with_for_update=True)
    if status is None or status.state is not DeliveryState.received:
        return None
    return status if status.attempts == held.attempt else None


def _firsts(session: Session, delivery: Delivery, keys: Sequence[str | None]) -> list[UUID]:
    """For each event the delivery that brought it first; this one takes keys that nobody has.

    Two deliveries of one event that are read at once meet at the primary key: one of them
    collides, is read again, and finds the other.
    """
    wanted = sorted({key for key in keys if key is not None})
    rows = session.execute(
        select(col(DeliveryKey.event_key), col(DeliveryKey.delivery_id)).where(
            col(DeliveryKey.connector_id) == delivery.connector_id,
            col(DeliveryKey.event_key).in_(wanted),
        )
    )
    standing: dict[str | None, UUID] = {key: first for key, first in rows}  # noqa: C416  # typed
    for key in wanted:
        if key not in standing:
            session.add(
                DeliveryKey(
                    connector_id=delivery.connector_id, event_key=key, delivery_id=delivery.id
                )
            )
    session.flush()
    return [standing.get(key, delivery.id) for key in keys]


def _same_as(first: UUID) -> str:
    return f"The same event as delivery {first}, which came before."


def _system_caller(session: Session) -> Caller:
    """On whose behalf deliveries are read: nobody who works here, and nobody can sign in as it.

    Not the connector's maker: `logged_by` says who talked to the customer, and whoever sets up a
    connector did not. It can do what an SE can, whatever role its row is given.
    """
    user = session.execute(select(User).where(col(User.email) == SYSTEM_EMAIL)).scalar()
    if user is None:
        user = User(email=SYSTEM_EMAIL, name="Webhooks", role=Role.se, active=False)
        session.add(user)
        session.flush()
    return Caller(user.id, Role.se, user.email, user.name)


def _take(session: Session, sender: capture.Sender, index: int, item: Item) -> Deed | DomainError:
    if isinstance(item, Invalid):
        return item
    if isinstance(item, Fault):
        return item.error
    if isinstance(item, Passed):
        return Deed("passed", None, item.note)
    try:
        with session.begin_nested():
            if isinstance(item, Change):
                return record_asks.take(session, sender, item)
            return capture.take(session, sender, index, item)
    except DomainError as error:
        return error


def _entry(index: int, done: Deed | DomainError) -> dict[str, Any]:
    if isinstance(done, DomainError):
        return {"index": index, "deed": "parked", "ask": None, "note": readable(done.detail)}
    ask = str(done.ask_id) if done.ask_id else None
    note = readable(done.note) if done.note else None
    return {"index": index, "deed": done.name, "ask": ask, "note": note}


def _why(faults: dict[int, DomainError], length: int) -> str:
    if length == 1:
        return readable(next(iter(faults.values())).detail)
    told = [f"[{index}] {readable(each.detail)}" for index, each in faults.items()][:MOST_TOLD]
    more = len(faults) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more else [])])


def _gave_up(said: str) -> str:
    return f"It failed {TRIES} times ({said}); the log has the errors. Replay it to try again."


def readable(text: str) -> str:
    """Foreign words in a message, made harmless: PostgreSQL takes no NUL, and logs no controls."""
    shown = "".join(
        letter if letter.isprintable() else f"\\u{ord(letter):04x}"
        for letter in text[:LONGEST_TOLD]
    )
    return shown + ("..." if len(text) > LONGEST_TOLD else "")
