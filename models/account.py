"""A company: prospect, live customer or churned, and what it is worth."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator
from sqlalchemy import JSON, BigInteger, CheckConstraint
from sqlmodel import Field

from models.base import Day, Domain, Email, Line, Model, Record, Revised, Seen, Shape, Word, choice
from models.money import Money, MoneySeen, money


class Lifecycle(StrEnum):
    """Where an account stands with us."""

    prospect = "prospect"
    customer = "customer"
    churned = "churned"


class Segment(StrEnum):
    """The size of an account."""

    smb = "smb"
    mid_market = "mid_market"
    enterprise = "enterprise"


def _each_once(tags: list[str]) -> list[str]:
    return sorted(set(tags))


Tags = Annotated[list[Word], Field(max_length=50), AfterValidator(_each_once)]


class Account(Revised, table=True):
    """A company. Merged into another one it stays readable, and counts nowhere."""

    __table_args__ = (
        CheckConstraint("arr_minor >= 0", name="arr_not_negative"),
        CheckConstraint("(arr_minor IS NULL) = (arr_currency IS NULL)", name="arr_whole"),
        CheckConstraint("merged_into <> id", name="merged_into_another"),
    )

    name: str = Field(max_length=200, index=True)
    domain: str | None = Field(default=None, max_length=253, unique=True)
    lifecycle: Lifecycle = Field(default=Lifecycle.prospect, sa_type=choice(Lifecycle), index=True)
    arr_minor: int | None = Field(default=None, sa_type=BigInteger)
    arr_currency: str | None = Field(default=None, max_length=3)
    segment: Segment | None = Field(default=None, sa_type=choice(Segment))
    industry: str | None = Field(default=None, max_length=64)
    region: str | None = Field(default=None, max_length=64)
    tags: list[str] = Field(default_factory=list, sa_type=JSON)
    owner_email: str | None = Field(default=None, max_length=254)
    renews_on: date | None = None
    merged_into: UUID | None = Field(default=None, foreign_key="account.id", index=True)

    @property
    def arr(self) -> MoneySeen | None:
        """Annual recurring revenue, or None where it is not known."""
        return money(self.arr_minor, self.arr_currency)


class AccountRef(Model, table=True):
    """The name of an account in another system."""

    __tablename__ = "account_ref"

    source: str = Field(primary_key=True, max_length=64)
    external_id: str = Field(primary_key=True, max_length=200)
    account_id: UUID = Field(foreign_key="account.id", index=True)


class Contact(Record, table=True):
    """A person at an account. The only table that holds who they are, so that it can be erased."""

    account_id: UUID = Field(foreign_key="account.id", index=True)
    name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=254, index=True)


class ExternalRef(Shape):
    """A name in another system: unique within its source."""

    source: Word = Field(description="The system, for instance `hubspot`.")
    id: Line = Field(description="The id there.")


class ContactNew(Shape):
    """A person at an account."""

    name: Line
    email: Email | None = None


class ContactSeen(Seen):
    """A person, as sent."""

    name: str
    email: str | None


class AccountFields(Shape):
    """What may be said of an account besides its name."""

    domain: Domain | None = Field(default=None, description="Unique if given.")
    lifecycle: Lifecycle = Lifecycle.prospect
    arr: Money | None = Field(default=None, description="Annual recurring revenue; null: unknown.")
    segment: Segment | None = None
    industry: Word | None = None
    region: Word | None = None
    tags: Tags = Field(default_factory=list, description="Free tags, regulations for instance.")
    owner_email: Email | None = Field(default=None, description="Its account manager.")
    renews_on: Day | None = Field(default=None, description="When its contract renews.")
    external_refs: list[ExternalRef] = Field(default_factory=list, max_length=50)


class AccountNew(AccountFields):
    """A new account."""

    name: Line


class AccountChange(AccountFields):
    """What is to change about an account; what is left out stays."""

    name: Line = ""


class AccountSeen(Seen):
    """An account as it is sent."""

    id: UUID
    name: str
    domain: str | None
    lifecycle: Lifecycle
    arr: MoneySeen | None
    segment: Segment | None
    industry: str | None
    region: str | None
    tags: list[str]
    owner_email: str | None
    renews_on: date | None
    external_refs: list[dict[str, Any]]
    merged_into: UUID | None


class MergeInto(Shape):
    """Which one is to remain."""

    into: UUID = Field(description="The id of the one that remains.")
