"""One account asking for one thing at one time, in its own words."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pydantic import model_validator
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.account import ContactNew, ContactSeen, ExternalRef
from models.base import (
    Day,
    Domain,
    Line,
    Revised,
    Seen,
    Shape,
    Text,
    UtcDateTime,
    WebAddress,
    choice,
    utc_today,
)
from models.response import ResponseSeen


class Importance(StrEnum):
    """Why it matters to the account."""

    nice_to_have = "nice_to_have"
    important = "important"
    blocker = "blocker"


class AskState(StrEnum):
    """Whether we owe an answer."""

    unanswered = "unanswered"
    answered = "answered"
    withdrawn = "withdrawn"


class Source(StrEnum):
    """How an ask reached us."""

    api = "api"
    form = "form"
    import_ = "import"
    hubspot = "hubspot"
    salesforce = "salesforce"
    pipedrive = "pipedrive"
    webhook = "webhook"


class Ask(Revised, table=True):
    """An ask on file. It rests on no maybe: it is answered, withdrawn, or a debt with a date."""

    __table_args__ = (
        CheckConstraint(
            "(state = 'answered' AND response_id IS NOT NULL)"
            " OR (state = 'unanswered' AND response_id IS NULL)"
            " OR state = 'withdrawn'",
            name="answered_iff_response",
        ),
        CheckConstraint(
            "(state = 'withdrawn') = (withdrawn_reason IS NOT NULL)", name="withdrawn_says_why"
        ),
        CheckConstraint(
            "(external_id IS NULL) = (external_source IS NULL)", name="external_id_has_source"
        ),
        UniqueConstraint("external_source", "external_id"),
        # The current response must be one of this very ask.
        ForeignKeyConstraint(
            ["response_id", "id"],
            ["response.id", "response.ask_id"],
            name="fk_ask_current_response",
            use_alter=True,
        ),
        Index("ix_ask_feature_account", "feature_id", "account_id"),
        # Holds all that the debts are added up from, so that no row needs to be read for it.
        Index(
            "ix_ask_debt", "state", "answer_due_on", "owed_since", "logged_by", "product_id", "id"
        ),
    )

    account_id: UUID = Field(foreign_key="account.id", index=True)
    product_id: UUID = Field(foreign_key="product.id")
    feature_id: UUID | None = Field(default=None, foreign_key="feature.id")
    opportunity_id: UUID | None = Field(default=None, foreign_key="opportunity.id", index=True)
    contact_id: UUID | None = Field(default=None, foreign_key="contact.id", index=True)
    title: str = Field(max_length=200)
    verbatim: str | None = None
    why: str | None = None
    importance: Importance = Field(default=Importance.important, sa_type=choice(Importance))
    asked_on: date
    source: Source = Field(default=Source.api, sa_type=choice(Source))
    source_url: str | None = Field(default=None, max_length=2000)
    external_source: str | None = Field(default=None, max_length=64)
    external_id: str | None = Field(default=None, max_length=200)
    logged_by: UUID | None = Field(default=None, foreign_key="app_user.id")
    state: AskState = Field(default=AskState.unanswered, sa_type=choice(AskState))
    response_id: UUID | None = None
    answer_due_on: date
    # The day of logging, or of being put back: settings change, so no due date tells it.
    owed_since: date = Field(default_factory=utc_today, sa_column_kwargs={"default": utc_today})
    withdrawn_reason: str | None = None
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    source_deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AccountNamed(Shape):
    """Which account asks: exactly one of `id`, `external_ref`, or `domain` with `name`."""

    id: UUID | None = None
    external_ref: ExternalRef | None = None
    domain: Domain | None = Field(
        default=None, description="With `name`; makes a prospect if the domain is unknown."
    )
    name: Line | None = None

    @model_validator(mode="after")
    def one_way(self) -> Self:
        """Refuse an account named in no way, or in more than one."""
        ways = [self.id is not None, self.external_ref is not None, self.domain is not None]
        if sum(ways) != 1 or (self.name is not None and self.domain is None):
            raise ValueError(
                'name the account in one way: {"id"}, {"external_ref": {"source", "id"}}'
                ' or {"domain", "name"}'
            )
        if self.domain is not None and self.name is None:
            raise ValueError("give `name` along with `domain`, for the case that it is new")
        return self


class AskFields(Shape):
    """What may be said of an ask besides its account and title."""

    verbatim: Text | None = Field(default=None, description="The customer's own words.")
    why: Text | None = Field(default=None, description="Why it matters to the customer.")
    importance: Importance = Importance.important
    feature_id: UUID | None = Field(default=None, description="Null: untriaged.")
    opportunity_id: UUID | None = Field(default=None, description="The deal it touches.")
    contact: ContactNew | None = Field(default=None, description="Who asked.")
    source_url: WebAddress | None = None


class AskNew(AskFields):
    """A new ask."""

    account: AccountNamed
    title: Line = Field(description="The wish in one line.")
    product_id: UUID | None = Field(
        default=None, description="May be left out where there is one product, or a feature."
    )
    asked_on: Day | None = Field(default=None, description="When the customer asked; today.")
    external_id: Line | None = Field(
        default=None, description="Unique within its source; the same one again logs nothing."
    )


class AskChange(AskFields):
    """What is to change about an ask; what is left out stays. Setting `feature_id` triages it."""

    title: Line = ""
    product_id: UUID | None = None


class Withdrawal(Shape):
    """Why an ask no longer stands."""

    reason: Text


class AskSeen(Seen):
    """An ask as it is sent."""

    id: UUID
    account: dict[str, Any] = Field(description="The account: `id`, `name`, `domain`.")
    title: str
    verbatim: str | None
    why: str | None
    importance: Importance
    product_id: UUID
    feature_id: UUID | None
    opportunity_id: UUID | None
    contact: ContactSeen | None
    asked_on: date
    source_url: str | None
    external_id: str | None
    state: AskState
    answer_due_on: date
    overdue: bool = Field(description="Unanswered, and its due date has passed.")
    to_revisit: bool = Field(description="Refused for lack of demand, and the bar was reached.")
    source: Source
    logged_by: str | None = Field(description="E-mail of who logged it.")
    created_at: datetime
    withdrawn_reason: str | None
    source_deleted_at: datetime | None = Field(
        description="When the record that it came from was deleted in its CRM; the ask stands."
    )
    response: ResponseSeen | None = Field(description="The current answer; null while owed.")
    ballot: None = Field(description="A pending ballot, or null.")


class BatchNew(Shape):
    """Up to 1,000 asks at once; each is checked by itself."""

    items: list[Any] = Field(min_length=1, max_length=1000, description="Each as in `POST /asks`.")


class BatchResult(Seen):
    """What became of one ask of a batch."""

    index: int = Field(description="Place in `items`, from 0.")
    status: int = Field(description="201 logged, 200 already there, 4xx refused.")
    ask: AskSeen | None
    problem: dict[str, Any] | None


class BatchSeen(Seen):
    """What became of each ask of a batch, in the order given."""

    results: list[BatchResult]
