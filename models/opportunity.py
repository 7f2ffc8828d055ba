"""A deal with an account."""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, WithJsonSchema
from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from models.account import ExternalRef
from models.base import Day, Line, Model, Revised, Seen, Shape, Word, choice
from models.money import Money, MoneySeen, money

MILLION = 1_000_000


class Outcome(StrEnum):
    """How a deal ended, or that it has not."""

    open = "open"
    won = "won"
    lost = "lost"


_AS_TEXT = r"0(\.[0-9]{1,6})?|1(\.0{1,6})?"


def _millionths(value: Any) -> int | None:
    """A probability as an exact whole number of millionths."""
    if value is None:
        return None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        value = format(Decimal(str(value)), "f")
    if not isinstance(value, str) or not re.fullmatch(_AS_TEXT, value):
        raise ValueError(
            "is no probability; give a number from 0 to 1, such as 0.25, with at most six decimal"
            " places"
        )
    return int(Decimal(value) * MILLION)


Probability = Annotated[
    int | None,
    BeforeValidator(_millionths),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^({_AS_TEXT})$"},
                {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 1e-06},
                {"type": "null"},
            ],
            "description": "From 0 to 1, as decimal text or number, with up to six decimal places.",
            "examples": ["0.25"],
        }
    ),
]


class Opportunity(Revised, table=True):
    """A deal with an account: amount, stage, probability, close date, outcome."""

    __table_args__ = (
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        CheckConstraint("(amount_minor IS NULL) = (amount_currency IS NULL)", name="amount_whole"),
        CheckConstraint(
            "probability_ppm >= 0 AND probability_ppm <= 1000000", name="probability_in_range"
        ),
    )

    account_id: UUID = Field(foreign_key="account.id", index=True)
    name: str = Field(max_length=200)
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    amount_currency: str | None = Field(default=None, max_length=3)
    stage: str | None = Field(default=None, max_length=64)
    probability_ppm: int | None = None
    close_on: date | None = None
    outcome: Outcome = Field(default=Outcome.open, sa_type=choice(Outcome))
    lost_to_feature_id: UUID | None = Field(default=None, foreign_key="feature.id", index=True)

    @property
    def amount(self) -> MoneySeen | None:
        """What the deal is worth, or None where it is not known."""
        return money(self.amount_minor, self.amount_currency)

    @property
    def probability(self) -> str | None:
        """How likely it is to be won, as decimal text."""
        if self.probability_ppm is None:
            return None
        return format((Decimal(self.probability_ppm) / MILLION).normalize(), "f")


class OpportunityRef(Model, table=True):
    """The name of an opportunity in another system."""

    __tablename__ = "opportunity_ref"

    source: str = Field(primary_key=True, max_length=64)
    external_id: str = Field(primary_key=True, max_length=200)
    opportunity_id: UUID = Field(foreign_key="opportunity.id", index=True)


class OpportunityFields(Shape):
    """What may be said of a deal besides its account and name."""

    amount: Money | None = None
    stage: Word | None = None
    probability: Probability = None
    close_on: Day | None = None
    outcome: Outcome = Outcome.open
    lost_to_feature_id: UUID | None = Field(
        default=None, description="The missing feature that lost the deal; only when `lost`."
    )
    external_refs: list[ExternalRef] = Field(default_factory=list, max_length=50)


class OpportunityNew(OpportunityFields):
    """A new deal."""

    account_id: UUID
    name: Line


class OpportunityChange(OpportunityFields):
    """What is to change about a deal; what is left out stays."""

    name: Line = ""


class OpportunityByRef(OpportunityFields):
    """A deal named by another system: made or changed. A new one needs account and name."""

    account_id: UUID | None = None
    name: Line = ""


class OpportunitySeen(Seen):
    """A deal as it is sent."""

    id: UUID
    account_id: UUID
    name: str
    amount: MoneySeen | None
    stage: str | None
    probability: str | None
    close_on: date | None
    outcome: Outcome
    lost_to_feature_id: UUID | None
    external_refs: list[dict[str, Any]]
