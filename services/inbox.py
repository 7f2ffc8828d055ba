"""The inbox: deliveries as they arrived and what became of them; reading them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update
from sqlmodel import Session, col

from models.base import utc_now
from models.connector import Connector, ConnectorKind
from models.delivery import (
    Delivery,
    DeliveryEvent,
    DeliveryEventSeen,
    DeliveryRow,
    DeliverySeen,
    DeliveryState,
    DeliveryStatus,
    ReplayFilter,
)
from models.user import User
from services import paging
from services.connectors import receive_url
from services.errors import Conflict, NotFound
from services.permissions import Caller, Permission
from services.policy import Policy
from services.reading import parsed, settle
from services.receiving import NOT_AUTHENTIC, authentic_now
from services.vault import Vault

REPLAYED = "Replayed."
MOST_REFUSED = 1000  # verified again in one go


class StillRefused(Conflict):
    """It does not fit the secret that the connector has now either."""

    slug, title = "still-refused", "Still not authentic"
    cure = "Set the connector's secret to the one that the sender used, and replay it then."


class NothingToDismiss(Conflict):
    """It was read, or was dismissed before, so that nobody waits for a decision on it."""

    slug, title = "nothing-to-dismiss", "Nothing to dismiss"
    cure = "Nothing needs to be done. To take back an ask that it made, withdraw the ask."


@dataclass(frozen=True)
class Sender:
    """Where deliveries come from, as whoever reads the inbox sees it."""

    name: str
    kind: ConnectorKind


def _rows() -> Select[Any]:
    return select(
        col(Delivery.id),
        col(Delivery.connector_id),
        col(Delivery.created_at),
        col(DeliveryStatus.state),
        col(DeliveryStatus.reason),
        col(DeliveryStatus.attempts),
        func.length(col(Delivery.body)),
        col(Delivery.sha256),
        col(Delivery.reconciled),
        col(DeliveryStatus.outcome),
    ).join(DeliveryStatus, col(DeliveryStatus.delivery_id) == col(Delivery.id))


def list_deliveries(
    session: Session,
    by: Caller,
    *,
    limit: int,
    cursor: str | None = None,
    state: Sequence[DeliveryState] = (),
    connector_id: Sequence[UUID] = (),
) -> tuple[list[DeliveryRow], str | None]:
    """List deliveries, the newest first, and where the next page begins.

    Raises:
        NotPermitted: `by` may not read the inbox.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.inbox_read)
    statement = _rows()
    if state:
        statement = statement.where(col(DeliveryStatus.state).in_(state))
    if connector_id:
        statement = statement.where(col(Delivery.connector_id).in_(connector_id))
    statement = paging.by_id(statement, col(Delivery.id), cursor, descending=True)
    rows, more = paging.cut(session.execute(statement.limit(limit + 1)).all(), limit)
    seen = [DeliveryRow(**_as_row(row)) for row in rows]
    return seen, paging.encode([rows[-1][0]]) if more else None


def count_by_state(
    session: Session, by: Caller, connector_id: UUID | None = None
) -> dict[DeliveryState, int]:
    """How many deliveries are in each state, of one connector or of all.

    Returns:
        The count by state; a state of none is left out.

    Raises:
        NotPermitted: `by` may not read the inbox.
    """
    by.require(Permission.inbox_read)
    statement = select(col(DeliveryStatus.state), func.count()).group_by(col(DeliveryStatus.state))
    if connector_id is not None:
        statement = statement.join(
            Delivery, col(Delivery.id) == col(DeliveryStatus.delivery_id)
        ).where(col(Delivery.connector_id) == connector_id)
    return {row[0]: row[1] for row in session.execute(statement)}


def senders(session: Session, by: Caller) -> dict[UUID, Sender]:
    """Where deliveries come from, by connector, in the order of their names.

    Whoever reads the inbox sees names and dialects; settings are for whoever manages connectors.

    Raises:
        NotPermitted: `by` may not read the inbox.
    """
    by.require(Permission.inbox_read)
    rows = session.execute(
        select(col(Connector.id), col(Connector.name), col(Connector.kind)).order_by(
            col(Connector.name), col(Connector.id)
        )
    )
    return {key: Sender(name, kind) for key, name, kind in rows}


def _as_row(row: Any) -> dict[str, Any]:
    key, connector_id, received_at, state, reason, attempts, length, sha256, reconciled, outcome = (
        row
    )
    return {
        "id": key,
        "connector_id": connector_id,
        "received_at": received_at,
        "state": state,
        "reason": reason,
        "attempts": attempts,
        "bytes": length,
        "sha256": sha256,
        "reconciled": reconciled,
        "asks": (outcome or {}).get("asks", []),
    }


def get_delivery(session: Session, by: Caller, policy: Policy, delivery_id: UUID) -> DeliverySeen:
    """Read one delivery: raw, and as it is read by the connector's settings of now.

    Raises:
        NotPermitted: `by` may not read the inbox.
        NotFound: There is none.
    """
    by.require(Permission.inbox_read)
    delivery, connector, _status = _load(session, delivery_id)
    row = session.execute(_rows().where(col(Delivery.id) == delivery_id)).one()
    outcome = row[-1] or {}
    return DeliverySeen(
        **_as_row(row),
        content_type=delivery.content_type,
        headers=delivery.headers,
        raw=delivery.body.decode("utf-8", "replace"),
        parsed=parsed(_url(policy, connector), connector, delivery),
        outcome=outcome.get("each", []),
        history=_history(session, delivery),
    )


def _history(session: Session, delivery: Delivery) -> list[DeliveryEventSeen]:
    rows = session.execute(
        select(
            col(DeliveryEvent.created_at),
            col(DeliveryEvent.state),
            col(DeliveryEvent.reason),
            col(User.email),
        )
        .outerjoin(User, col(User.id) == col(DeliveryEvent.author_id))
        .where(col(DeliveryEvent.delivery_id) == delivery.id)
        .order_by(col(DeliveryEvent.id))
    ).all()
    seen = [
        DeliveryEventSeen(at=at, state=state, reason=reason, by=email)
        for at, state, reason, email in rows
    ]
    # That it was received is told by the delivery itself, which spares a row for each.
    if not seen or seen[0].state is not DeliveryState.refused:
        received = DeliveryState.received
        seen.insert(
            0, DeliveryEventSeen(at=delivery.created_at, state=received, reason=None, by=None)
        )
    return seen


def replay(
    session: Session, by: Caller, policy: Policy, vault: Vault, delivery_id: UUID
) -> DeliverySeen:
    """Have a delivery read again, by the settings of now; its asks are not doubled.

    A refused one is verified again, against the secret of now.

    Raises:
        NotPermitted: `by` may not replay.
        NotFound: There is none.
        StillRefused: It was refused, and does not fit the secret of now either.
    """
    by.require(Permission.inbox_replay)
    delivery, connector, status = _load(session, delivery_id, lock=True)
    refused = status.state is DeliveryState.refused
    if refused and not authentic_now(vault, connector, _url(policy, connector), delivery):
        raise StillRefused(f"{NOT_AUTHENTIC} It was refused, and stays so.")
    _read_again(session, status, by)
    return get_delivery(session, by, policy, delivery_id)


def replay_all(
    session: Session, by: Caller, policy: Policy, vault: Vault, wanted: ReplayFilter
) -> int:
    """Have all deliveries of a state read again, those of one connector or of all.

    Returns:
        How many will be read; of refused ones only those that fit the secret of now.

    Raises:
        NotPermitted: `by` may not replay.
    """
    by.require(Permission.inbox_replay)
    if wanted.state is DeliveryState.refused:
        return _replay_refused(session, by, policy, vault, wanted.connector_id)
    if wanted.state is DeliveryState.received:
        return 0
    now = utc_now()
    statement = update(DeliveryStatus).where(col(DeliveryStatus.state) == wanted.state)
    if wanted.connector_id is not None:
        theirs = select(col(Delivery.id)).where(col(Delivery.connector_id) == wanted.connector_id)
        statement = statement.where(col(DeliveryStatus.delivery_id).in_(theirs))
    values = {"state": DeliveryState.received, "due_at": now, "attempts": 0, "reason": None}
    ids = session.execute(
        statement.values(**values, settled_at=None)
        .returning(col(DeliveryStatus.delivery_id))
        .execution_options(synchronize_session=False)
    ).scalars().all()  # fmt: skip
    events = [
        {
            "delivery_id": key,
            "created_at": now,
            "state": DeliveryState.received,
            "reason": REPLAYED,
            "author_id": by.id,
        }
        for key in ids
    ]
    if events:
        session.execute(insert(DeliveryEvent), events)
    return len(ids)


def _replay_refused(
    session: Session, by: Caller, policy: Policy, vault: Vault, connector_id: UUID | None
) -> int:
    statement = (
        select(Delivery, Connector, DeliveryStatus)
        .join(Connector, col(Connector.id) == col(Delivery.connector_id))
        .join(DeliveryStatus, col(DeliveryStatus.delivery_id) == col(Delivery.id))
        .where(col(DeliveryStatus.state) == DeliveryState.refused)
        .order_by(col(Delivery.id).desc())
        .limit(MOST_REFUSED)
        .with_for_update(of=DeliveryStatus)
    )
    if connector_id is not None:
        statement = statement.where(col(Delivery.connector_id) == connector_id)
    proved = [
        status
        for delivery, connector, status in session.execute(statement)
        if authentic_now(vault, connector, _url(policy, connector), delivery)
    ]
    for status in proved:
        _read_again(session, status, by)
    return len(proved)


def dismiss(
    session: Session, by: Caller, policy: Policy, delivery_id: UUID, reason: str
) -> DeliverySeen:
    """Say that a delivery needs no attention, and why.

    Raises:
        NotPermitted: `by` may not dismiss.
        NotFound: There is none.
        NothingToDismiss: It was read, or dismissed before.
    """
    by.require(Permission.inbox_dismiss)
    _delivery, _connector, status = _load(session, delivery_id, lock=True)
    if status.state in {DeliveryState.processed, DeliveryState.dismissed}:
        raise NothingToDismiss(f"Delivery {delivery_id} is {status.state}.")
    settle(session, status, DeliveryState.dismissed, reason, by.id)
    return get_delivery(session, by, policy, delivery_id)


def _load(
    session: Session, delivery_id: UUID, *, lock: bool = False
) -> tuple[Delivery, Connector, DeliveryStatus]:
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    connector = session.get_one(Connector, delivery.connector_id)
    status = session.get_one(DeliveryStatus, delivery_id, with_for_update=lock or None)
    return delivery, connector, status


def _read_again(session: Session, status: DeliveryStatus, by: Caller) -> None:
    """Put a delivery back among those that wait; one that waits already is due at once."""
    status.due_at, status.attempts = utc_now(), 0
    if status.state is not DeliveryState.received:
        settle(session, status, DeliveryState.received, REPLAYED, by.id)
        status.reason = None
    session.flush()


def _url(policy: Policy, connector: Connector) -> str:
    return receive_url(policy, connector.kind, connector.id)
