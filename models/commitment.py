"""What a yes promises: a feature, a date, to an account."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Field

from models.base import Model, Record, Seen, Shape, Text, instant, utc_now
from models.money import MoneySeen


class CommitmentState(StrEnum):
    """Where a promise stands; derived from the feature, the date and a release, never stored."""

    open = "open"
    delivered = "delivered"
    overdue = "overdue"
    released = "released"


class Commitment(Record, table=True):
    """A promise as it was made. Never changed, never deleted: a trigger refuses both."""

    response_id: UUID = Field(foreign_key="response.id", unique=True)
    ask_id: UUID = Field(foreign_key="ask.id", index=True)
    feature_id: UUID = Field(foreign_key="feature.id", index=True)
    opportunity_id: UUID | None = Field(default=None, foreign_key="opportunity.id", index=True)
    due_on: date
    contractual: bool
    contract_reference: str | None = Field(default=None, max_length=200)
    owner_email: str | None = Field(default=None, max_length=254)


class CommitmentRelease(Model, table=True):
    """That a promise no longer binds, and why."""

    __tablename__ = "commitment_release"

    commitment_id: UUID = Field(foreign_key="commitment.id", primary_key=True)
    reason: str
    author_id: UUID = Field(foreign_key="app_user.id")
    created_at: datetime = instant(default_factory=utc_now)


class Release(Shape):
    """Why a promise is released."""

    reason: Text


class CommitmentSeen(Seen):
    """A promise as it is sent."""

    id: UUID
    ask_id: UUID
    response_id: UUID
    account: dict[str, Any] = Field(description="`id` and `name`.")
    feature: dict[str, Any] = Field(description="`id` and `title`.")
    opportunity: dict[str, Any] | None = Field(
        description="`id`, `name` and `outcome`: the deal of the promise, or else of its ask."
    )
    due_on: date
    contractual: bool
    contract_reference: str | None
    owner_email: str | None
    state: CommitmentState
    amount_held: MoneySeen | None = Field(
        description=(
            "The deal's amount, or the ARR where the promise is tied to a renewal; null where the"
            " deal is lost."
        )
    )
    released_reason: str | None
    created_at: datetime
