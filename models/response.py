"""The answer to an ask: yes, no or ranked. There is no fourth kind."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Discriminator, Tag, model_validator
from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from models.account import ContactNew, ContactSeen
from models.base import (
    Day,
    Flag,
    Line,
    Model,
    Record,
    Seen,
    Shape,
    Text,
    choice,
    instant,
    utc_now,
    utc_today,
)
from models.feature import FeatureStatus
from models.money import MoneySeen
from models.product import BarSeen


class ResponseKind(StrEnum):
    """What we tell the customer."""

    yes = "yes"
    no = "no"
    ranked = "ranked"


class Basis(StrEnum):
    """What a yes or a no rests on."""

    available = "available"
    committed = "committed"
    not_planned = "not_planned"
    out_of_scope = "out_of_scope"
    insufficient_demand = "insufficient_demand"


BASES: dict[ResponseKind, tuple[Basis, ...]] = {
    ResponseKind.yes: (Basis.available, Basis.committed),
    ResponseKind.no: (Basis.not_planned, Basis.out_of_scope, Basis.insufficient_demand),
    ResponseKind.ranked: (),
}


class Channel(StrEnum):
    """How a customer was told."""

    call = "call"
    email = "email"
    chat = "chat"
    meeting = "meeting"
    portal = "portal"


class Response(Record, table=True):
    """An answer as it was given. Never changed, never deleted: a trigger refuses both."""

    __table_args__ = (
        CheckConstraint(
            "(kind = 'yes' AND basis IN ('available', 'committed') AND basis IS NOT NULL)"
            " OR (kind = 'no' AND basis IN ('not_planned', 'out_of_scope', 'insufficient_demand')"
            " AND basis IS NOT NULL)"
            " OR (kind = 'ranked' AND basis IS NULL)",
            name="basis_fits_kind",
        ),
        CheckConstraint("basis <> 'available' OR how IS NOT NULL", name="available_says_how"),
        CheckConstraint(
            "feature_id IS NOT NULL OR (kind = 'no' AND basis <> 'insufficient_demand')",
            name="needs_feature",
        ),
        CheckConstraint(
            "supersedes IS NOT NULL OR supersedes_reason IS NULL", name="reason_needs_superseded"
        ),
        UniqueConstraint("id", "ask_id"),
        # Answers form a line: each is superseded at most once, and one alone is the first.
        UniqueConstraint("supersedes"),
        Index(
            "uq_response_first_of_ask",
            "ask_id",
            unique=True,
            sqlite_where=text("supersedes IS NULL"),
            postgresql_where=text("supersedes IS NULL"),
        ),
    )

    ask_id: UUID = Field(foreign_key="ask.id", index=True)
    feature_id: UUID | None = Field(default=None, foreign_key="feature.id", index=True)
    kind: ResponseKind = Field(sa_type=choice(ResponseKind))
    basis: Basis | None = Field(default=None, sa_type=choice(Basis))
    how: str | None = None
    workaround: bool = False
    message: str | None = None
    contractual: bool = False
    contract_reference: str | None = Field(default=None, max_length=200)
    evidence: dict[str, Any] = Field(sa_type=JSON)
    hedge_override: str | None = None
    hedges: list[Any] = Field(default_factory=list, sa_type=JSON)
    author_id: UUID = Field(foreign_key="app_user.id")
    supersedes: UUID | None = Field(default=None, foreign_key="response.id")
    supersedes_reason: str | None = None


class ResponseChoice(Model, table=True):
    """One place in a ranked answer; position 1 is wanted most."""

    __tablename__ = "response_choice"
    __table_args__ = (
        CheckConstraint("position >= 1", name="position_from_one"),
        UniqueConstraint("response_id", "feature_id"),
    )

    response_id: UUID = Field(foreign_key="response.id", primary_key=True)
    position: int = Field(primary_key=True)
    feature_id: UUID = Field(foreign_key="feature.id", index=True)


class Told(Record, table=True):
    """That the customer was told an answer: who, how, when."""

    response_id: UUID = Field(foreign_key="response.id", index=True)
    contact_id: UUID | None = Field(default=None, foreign_key="contact.id", index=True)
    channel: Channel = Field(sa_type=choice(Channel))
    told_on: date
    author_id: UUID = Field(foreign_key="app_user.id")


class Revisit(Model, table=True):
    """That a refusal for lack of demand came back, since its bar was reached. Once a refusal."""

    response_id: UUID = Field(foreign_key="response.id", primary_key=True)
    created_at: datetime = instant(default_factory=utc_now)


def _not_to_come(on: date) -> date:
    today = utc_today()
    if on > today + timedelta(days=1):  # it may be tomorrow already where the customer was told
        raise ValueError(
            f"is a day to come, and today is {today}: give the day on which the customer was told,"
            " or leave it out until somebody was"
        )
    return on


class ToldNew(Shape):
    """When, how and to whom the answer was said."""

    contact: ContactNew | None = None
    channel: Channel
    on: Annotated[Day, AfterValidator(_not_to_come)] = Field(
        description="When the customer was told: no day to come."
    )


class ToldSeen(Seen):
    """A telling, as sent."""

    contact: ContactSeen | None
    channel: Channel
    on: date


class Answering(Shape):
    """What every answer may carry."""

    message: Text | None = Field(default=None, description="The words to the customer.")
    told: ToldNew | None = None
    supersedes_reason: Text | None = Field(
        default=None, description="Needed where the ask is answered already."
    )
    hedge_override: Text | None = Field(
        default=None, description="Why a hedged message is said all the same; kept and counted."
    )


class YesNew(Answering):
    """A yes: the product does it today, or a PM has committed it with a date."""

    kind: Literal["yes"]
    basis: Literal["available", "committed"]
    how: Text | None = Field(default=None, description="Needed when `available`.")
    workaround: Flag = Field(default=False, description="`how` names a workaround.")
    contractual: Flag = Field(default=False, description="The promise stands in a contract.")
    contract_reference: Line | None = Field(default=None, description="Which clause.")

    @model_validator(mode="after")
    def says_enough(self) -> Self:
        """`available` says how; only what is committed can be contractual."""
        if self.basis == "available" and self.how is None:
            raise ValueError("a yes that is `available` needs `how`: where the customer finds it")
        if self.basis == "committed" and (self.how is not None or self.workaround):
            raise ValueError("`how` and `workaround` go with `available`, not with `committed`")
        if self.basis == "available" and (self.contractual or self.contract_reference):
            raise ValueError("only a `committed` yes can be contractual")
        if self.contract_reference is not None and not self.contractual:
            raise ValueError("`contract_reference` needs `contractual: true`")
        return self


class NoNew(Answering):
    """A no, and why."""

    kind: Literal["no"]
    basis: Literal["not_planned", "out_of_scope", "insufficient_demand"]


class RankedNew(Answering):
    """The customer's strict order of the asked feature among at least two others."""

    kind: Literal["ranked"]
    order: list[UUID] = Field(
        max_length=100, description="Feature ids, the first is wanted most; each once, no ties."
    )


NO_MAYBE = (
    "an answer is `yes`, `no` or `ranked`, given as `kind`. There is no maybe: until you can say"
    " one of the three, leave the ask unanswered, and it stays a debt with a date"
)


def _kind(given: Any) -> Any:
    kind = given.get("kind") if isinstance(given, dict) else getattr(given, "kind", None)
    return kind if isinstance(kind, str) else None


ResponseNew = Annotated[
    Annotated[YesNew, Tag("yes")]
    | Annotated[NoNew, Tag("no")]
    | Annotated[RankedNew, Tag("ranked")],
    Discriminator(_kind, custom_error_type="no_maybe", custom_error_message=NO_MAYBE),
]


class EvidenceSeen(Seen):
    """What the facts were when an answer was given or is proposed."""

    feature_status: FeatureStatus | None
    target_on: date | None
    live_accounts_asking: int | None = Field(description="Live customers that ask for it.")
    live_accounts: int = Field(description="All live customers.")
    arr_asking: MoneySeen | None = Field(description="ARR of the live customers that ask.")
    bar: BarSeen | None = Field(description="The demand bar that applies; null: none is set.")


class ResponseSeen(Seen):
    """An answer as it is sent."""

    id: UUID
    ask_id: UUID
    feature_id: UUID | None
    kind: ResponseKind
    basis: Basis | None
    how: str | None
    workaround: bool
    message: str | None
    order: list[UUID] | None
    contractual: bool
    contract_reference: str | None
    evidence: EvidenceSeen
    hedge_override: str | None
    author: str = Field(description="E-mail of who gave it.")
    created_at: datetime
    supersedes: UUID | None
    supersedes_reason: str | None
    told: list[ToldSeen]


class MessageCheck(Shape):
    """A message to read for hedges."""

    message: str = Field(max_length=20_000)
    kind: ResponseKind | None = Field(default=None, description="What it is meant to say.")


class HedgeSpan(Seen):
    """A phrase that hedges. Counted in code points, the end exclusive."""

    start: int
    end: int
    phrase: str
    reason: str
    suggestion: str = Field(description="A straight wording to put there.")


class MessageReading(Seen):
    """What a message says."""

    verdict: Literal["commit", "refuse", "rank", "hedge"]
    spans: list[HedgeSpan]
    contradicts: bool = Field(description="It says the opposite of the `kind` given.")
