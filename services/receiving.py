"""Receiving: calls are verified and stored raw, many in one transaction; reading comes later."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from models.base import Model, new_id, utc_now
from models.connector import Connector, ConnectorKind, ConnectorSettings
from models.delivery import Delivery, DeliveryState, DeliveryStatus
from services.crm import DIALECTS
from services.crm.dialect import Arrival
from services.errors import Unauthenticated
from services.vault import Vault

REFUSED_A_DAY = 200  # kept for each connector, so that a mistyped secret loses nothing
LARGEST_REFUSED = 256 * 1024  # bytes; anybody can send to an address
LONGEST_TYPE = 200
NOT_AUTHENTIC = "The secret or the signature is not the connector's."

_DELIVERY, _STATUS, _EVENT = (
    Model.metadata.tables[name] for name in ("delivery", "delivery_status", "delivery_event")
)


class NotAuthentic(Unauthenticated):
    """The secret or the signature that came with a delivery is not the connector's."""

    slug, title = "not-authentic", "Not authentic"
    cure = (
        "Give the sender the connector's secret. What came with a wrong one is in the inbox as"
        " `refused`, within limits; put the secret right here, and replay it."
    )


@dataclass(frozen=True)
class Posted:
    """A call to a connector's address, and by whose dialect it claims to be."""

    kind: ConnectorKind
    connector_id: UUID
    arrival: Arrival


def receive(session: Session, vault: Vault, batch: Sequence[Posted]) -> list[DeliveryState | None]:
    """Verify and store many calls in one transaction; nothing is read yet.

    Args:
        session: A writing session; the caller commits, and acknowledges only then.
        vault: Opens the connectors' secrets.
        batch: What came in, from any senders.

    Returns:
        For each what it is: received, refused, or None where no enabled connector is meant.
    """
    known = _connectors(session, vault, {posted.connector_id for posted in batch})
    room: dict[UUID, int] = {}
    found: list[DeliveryState | None] = []
    rows: dict[Any, list[dict[str, Any]]] = {_DELIVERY: [], _STATUS: [], _EVENT: []}
    for posted in batch:
        connector = known.get(posted.connector_id)
        if connector is None or connector.kind is not posted.kind:
            found.append(None)
            continue
        dialect = DIALECTS[posted.kind]
        why = _refusal(posted, connector)
        if why is None:
            found.append(DeliveryState.received)
            _keep(rows, posted)
            continue
        found.append(DeliveryState.refused)
        if len(posted.arrival.body) > LARGEST_REFUSED:
            continue
        if connector.id not in room:
            room[connector.id] = _room(session, connector.id)
        if room[connector.id] > 0:
            room[connector.id] -= 1
            shown = dialect.shown(posted.arrival)
            fingerprint = None if shown is None else vault.fingerprint(shown)
            _keep(rows, posted, why, fingerprint)
    _insert(session, rows)
    return found


@dataclass(frozen=True)
class _Known:
    id: UUID
    kind: ConnectorKind
    secret: str
    settings: ConnectorSettings


def _connectors(session: Session, vault: Vault, ids: set[UUID]) -> dict[UUID, _Known]:
    rows = session.execute(
        select(
            col(Connector.id),
            col(Connector.kind),
            col(Connector.sealed_secret),
            col(Connector.settings),
        ).where(col(Connector.id).in_(ids), col(Connector.enabled).is_(True))
    )
    return {
        key: _Known(key, kind, vault.open(sealed.encode()).decode(), ConnectorSettings(**settings))
        for key, kind, sealed, settings in rows
    }


def _refusal(posted: Posted, connector: _Known) -> str | None:
    dialect = DIALECTS[posted.kind]
    if not dialect.verify(posted.arrival, connector.secret, connector.settings):
        return NOT_AUTHENTIC
    return dialect.stranger(posted.arrival, connector.settings)


def _room(session: Session, connector_id: UUID) -> int:
    """How many more refused calls of a connector may be kept today."""
    kept: int = session.execute(
        select(func.count())
        .select_from(DeliveryStatus)
        .join(Delivery, col(Delivery.id) == col(DeliveryStatus.delivery_id))
        .where(
            col(DeliveryStatus.state) == DeliveryState.refused,
            col(DeliveryStatus.due_at) > utc_now() - timedelta(days=1),
            col(Delivery.connector_id) == connector_id,
        )
    ).scalar_one()
    return REFUSED_A_DAY - kept


def _keep(
    rows: dict[Any, list[dict[str, Any]]],
    posted: Posted,
    reason: str | None = None,
    fingerprint: str | None = None,
    *,
    reconciled: bool = False,
) -> UUID:
    key, arrival, dialect = new_id(), posted.arrival, DIALECTS[posted.kind]
    kept, body = dialect.HEADERS, dialect.storable(arrival.body)
    state = DeliveryState.received if reason is None else DeliveryState.refused
    rows[_DELIVERY].append(
        {
            "id": key,
            "created_at": arrival.at,
            "connector_id": posted.connector_id,
            "content_type": arrival.headers.get("content-type", "")[:LONGEST_TYPE],
            "headers": {name: text for name, text in arrival.headers.items() if name in kept},
            "body": body,
            "sha256": hashlib.sha256(body).hexdigest(),
            "fingerprint": fingerprint,
            "reconciled": reconciled,
        }
    )
    rows[_STATUS].append(
        {
            "delivery_id": key,
            "state": state,
            "due_at": arrival.at,
            "attempts": 0,
            "reason": reason,
            "outcome": None,
            "settled_at": None,
        }
    )
    if reason is not None:
        rows[_EVENT].append(
            {
                "delivery_id": key,
                "created_at": arrival.at,
                "state": state,
                "reason": reason,
                "author_id": None,
            }
        )
    return key


def keep_fetched(session: Session, batch: Sequence[Posted]) -> list[UUID]:
    """Store what was fetched from a CRM as if it had been posted; the caller commits.

    Returns:
        The deliveries.
    """
    rows: dict[Any, list[dict[str, Any]]] = {_DELIVERY: [], _STATUS: [], _EVENT: []}
    ids = [_keep(rows, posted, reconciled=True) for posted in batch]
    _insert(session, rows)
    return ids


def _insert(session: Session, rows: dict[Any, list[dict[str, Any]]]) -> None:
    for table, values in rows.items():
        if values:
            session.connection().execute(table.insert(), values)


def arrival_of(url: str, delivery: Delivery) -> Arrival:
    """A stored delivery as it arrived, without the secrets that came with it."""
    return Arrival(url, delivery.headers, delivery.body, delivery.created_at)


def authentic_now(vault: Vault, connector: Connector, url: str, delivery: Delivery) -> bool:
    """Whether a stored delivery fits the secret that the connector has now.

    A signature is verified again, as of when it arrived. Of a secret that was shown only the
    fingerprint was kept, and is compared.
    """
    secret = vault.open(connector.sealed_secret.encode()).decode()
    dialect, settings = DIALECTS[connector.kind], ConnectorSettings(**connector.settings)
    arrival = arrival_of(url, delivery)
    if dialect.stranger(arrival, settings) is not None:
        return False
    if delivery.fingerprint is None:
        return dialect.verify(arrival, secret, settings)
    return any(
        compare_digest(vault.fingerprint(each), delivery.fingerprint)
        for each in {secret, *dialect.proofs(secret)}
    )
