"""Answers that cannot both be said, and what was said before one answers."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from models.base import Seen
from models.response import Basis, ResponseKind


class Relation(StrEnum):
    """Whom an answer is contradicted before."""

    same_account = "same_account"
    other_account = "other_account"


class SaidSeen(Seen):
    """An answer, and whom it was given to."""

    response_id: UUID
    ask_id: UUID
    account: dict[str, Any] = Field(description="`id` and `name`.")
    kind: ResponseKind
    basis: Basis | None
    author: str
    created_at: datetime
    told: bool = Field(description="Whether the customer was told.")
    stands: bool = Field(description="False: told, but its ask is open again or withdrawn.")


class EarlierSeen(SaidSeen):
    """An earlier answer that is contradicted."""

    relation: Relation
    days: int = Field(description="How many days lie between the two.")


class ContradictionSeen(Seen):
    """A standing answer, with the last ones before it that it contradicts."""

    id: UUID = Field(description="Of the later answer.")
    feature: dict[str, Any] = Field(description="`id` and `title`.")
    product_id: UUID
    answer: SaidSeen
    contradicts: list[EarlierSeen]


class BeforeSeen(Seen):
    """What was said about the feature of an ask before it is answered."""

    account: list[SaidSeen] = Field(description="To this account: the newest, newest first.")
    account_answers: int = Field(description="How many answers to this account there are in all.")
    segment: str | None
    segment_accounts: dict[ResponseKind, int] = Field(
        description="Other accounts of its segment, by the answer that stands; each counts once."
    )
    segment_latest: list[SaidSeen]
    contradicting: dict[ResponseKind, list[str]] = Field(
        description="Of each kind of answer, what it would contradict."
    )
