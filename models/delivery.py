"""One webhook call as it arrived, kept raw, and what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, LargeBinary, text
from sqlmodel import Field

from models.base import LARGEST_INT, Model, Record, Seen, Shape, Text, UtcDateTime, choice, instant


class DeliveryState(StrEnum):
    """How far a delivery is."""

    received = "received"
    processed = "processed"
    parked = "parked"
    duplicate = "duplicate"
    refused = "refused"
    dismissed = "dismissed"


class Delivery(Record, table=True):
    """A call as it arrived. Never changed: a trigger refuses it."""

    __table_args__ = (Index("ix_delivery_connector", "connector_id", "id"),)

    connector_id: UUID = Field(foreign_key="connector.id")
    content_type: str = Field(max_length=200)
    headers: dict[str, str] = Field(sa_type=JSON)
    body: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(max_length=64)
    # Of the secret that a sender showed, to compare it later without keeping it.
    fingerprint: str | None = Field(default=None, max_length=64)
    # Fetched by us, where the others were sent to us.
    reconciled: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class DeliveryStatus(Model, table=True):
    """Where a delivery stands now, and the worker's hold on it."""

    __tablename__ = "delivery_status"
    __table_args__ = (Index("ix_delivery_status_due", "state", "due_at"),)

    delivery_id: UUID = Field(foreign_key="delivery.id", primary_key=True)
    state: DeliveryState = Field(sa_type=choice(DeliveryState))
    due_at: datetime = instant()
    attempts: int = Field(default=0, ge=0, le=LARGEST_INT)
    reason: str | None = None
    outcome: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DeliveryEvent(Model, table=True):
    """A change of a delivery's state: a row of its own, never changed."""

    __tablename__ = "delivery_event"

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    delivery_id: UUID = Field(foreign_key="delivery.id", index=True)
    created_at: datetime = instant()
    state: DeliveryState = Field(sa_type=choice(DeliveryState))
    reason: str | None = None
    author_id: UUID | None = Field(default=None, foreign_key="app_user.id")


class DeliveryKey(Model, table=True):
    """An event that has been read. The same one again is a duplicate, for good."""

    __tablename__ = "delivery_key"

    connector_id: UUID = Field(foreign_key="connector.id", primary_key=True)
    event_key: str = Field(primary_key=True, max_length=300)
    delivery_id: UUID = Field(foreign_key="delivery.id", index=True)


class LastSaid(Model, table=True):
    """Which delivery last said how an ask is, so that older words never overwrite newer ones."""

    __tablename__ = "last_said"

    ask_id: UUID = Field(foreign_key="ask.id", primary_key=True)
    said_at: datetime = instant()
    delivery_id: UUID = Field(foreign_key="delivery.id")


class DeliveryRow(Seen):
    """A delivery in a list."""

    id: UUID
    connector_id: UUID
    received_at: datetime
    state: DeliveryState
    reason: str | None = Field(description="Why it is parked, refused, dismissed or a duplicate.")
    attempts: int
    bytes: int
    sha256: str
    asks: list[UUID] = Field(description="The asks that it made or changed.")
    reconciled: bool = Field(
        description="Whether `nomaybe reconcile` fetched it, because no webhook may have told it."
    )


class DeliveryEventSeen(Seen):
    """A change of state, as sent."""

    at: datetime
    state: DeliveryState
    reason: str | None
    by: str | None = Field(description="E-mail of the person; null: the service itself.")


class DeliverySeen(DeliveryRow):
    """A delivery whole: raw, and as it is read now."""

    content_type: str
    headers: dict[str, str] = Field(description="As they came, secrets left out.")
    raw: str = Field(description="The body as text; bytes that are no UTF-8 are replaced.")
    parsed: list[dict[str, Any]] = Field(
        description="What the connector's settings of now read from it: `index`, `ask` (of a CRM"
        " the `record` and what it says), and `problem` where it cannot be logged."
    )
    outcome: list[dict[str, Any]] = Field(
        description="What became of each ask in it when it was last read: `index`, `deed`"
        " (`logged`, `updated`, `unchanged`, `older`, `differs`, `parked`; of a CRM also `noted`,"
        " `passed`, `duplicate`, `gone`), `ask`, `note`."
    )
    history: list[DeliveryEventSeen]


class Dismissal(Shape):
    """Why a delivery needs no attention."""

    reason: Text


class ReplayFilter(Shape):
    """Which deliveries to read again."""

    state: DeliveryState = DeliveryState.parked
    connector_id: UUID | None = None


class ReplaySeen(Seen):
    """How many deliveries will be read again."""

    replayed: int
