"""Rows of the demand report: shapes, not tables."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from models.ask import Importance
from models.base import Seen
from models.feature import FeatureStatus
from models.money import MoneySeen
from models.response import ResponseKind


class DemandFeature(Seen):
    """The feature that a row is about."""

    id: UUID
    title: str
    status: FeatureStatus
    area: str | None
    target_on: date | None


class Kinds(Seen):
    """Asks by their current response."""

    yes: int
    no: int
    ranked: int


class CustomerDemand(Seen):
    """What live customers want; each account counts once."""

    accounts: int
    arr: MoneySeen
    arr_unknown: int = Field(description="Accounts without ARR; they are in `accounts`.")
    unconverted: list[MoneySeen] = Field(description="ARR in other currencies, not in `arr`.")
    expansion_pipeline: MoneySeen = Field(description="Their open deals, once each.")
    expansion_unconverted: list[MoneySeen]


class ProspectDemand(Seen):
    """What prospects want; never added to what customers want."""

    accounts: int
    pipeline: MoneySeen = Field(description="Their open deals named by asks, once each.")
    weighted_pipeline: MoneySeen = Field(description="The same times probability.")
    probability_unknown: int = Field(description="Deals without one, left out of the weighted.")
    amount_unknown: int = Field(description="Deals whose amount is not known, in no sum.")
    apportioned_pipeline: MoneySeen = Field(
        description="Each deal shared out over the features asked for in it, by importance."
    )
    unconverted: list[MoneySeen] = Field(description="Deals in other currencies, in no sum.")


class Split(Seen):
    """A count of customers and one of prospects."""

    customers: int
    prospects: int


class HeldPart(Seen):
    """Promises in contracts, and the money that waits on them."""

    commitments: int
    amount: MoneySeen


class Held(HeldPart):
    """Promises in contracts that are not kept yet."""

    customers: HeldPart
    prospects: HeldPart
    unconverted: list[MoneySeen]


class LostPart(Seen):
    """Deals lost for want of the feature."""

    opportunities: int
    amount: MoneySeen


class Lost(LostPart):
    """Deals lost for want of the feature."""

    customers: LostPart
    prospects: LostPart
    unconverted: list[MoneySeen]


class DemandBar(Seen):
    """The bar that applies, and whether live customers reach it, whatever the filters."""

    accounts: int | None
    arr: MoneySeen | None
    reached: bool


class Trend(Seen):
    """Live accounts whose first ask falls in the window."""

    last_90_days: int
    previous_90_days: int
    direction: Literal["up", "down"] | None = Field(
        description="Only where the exact binomial test gives p < 0.1."
    )


class LargestAccount(Seen):
    """The account with the largest part of the ARR."""

    id: UUID
    name: str
    arr: MoneySeen
    share: float | None = Field(description="Of `customers.arr`, 0 to 1; null where that is 0.")
    flagged: bool = Field(description="The share is above 40 %.")
    arr_without: MoneySeen


class Churned(Seen):
    """Accounts that left us; in no money column."""

    accounts: int


class DemandItem(Seen):
    """Demand for one feature."""

    feature: DemandFeature
    asks: int
    unanswered: int
    responses: Kinds
    customers: CustomerDemand
    prospects: ProspectDemand
    blockers: Split
    held: Held
    lost: Lost
    bar: DemandBar | None
    last_asked_on: date | None
    trend: Trend
    largest_account: LargestAccount | None
    renewing: MoneySeen = Field(description="Part of the ARR that renews within 180 days.")
    churned: Churned
    rank: None = Field(description="Place in the consensus of ballots; null without ballots.")


class DemandTotals(Seen):
    """Over distinct accounts, deals and promises: never the sums of the columns."""

    asks: int
    untriaged: int
    withdrawn: int
    unanswered: int
    customers: CustomerDemand
    prospects: ProspectDemand
    blockers: Split
    held: Held
    lost: Lost
    churned: Churned


class DemandReport(Seen):
    """What customers ask for, added up."""

    as_of: datetime
    currency: str
    filters: dict[str, Any]
    totals: DemandTotals
    items: list[DemandItem]
    next_cursor: str | None


class Slice(Seen):
    """Demand within one value of a dimension."""

    value: str | None = Field(description="Null: accounts of which it is not known.")
    live_accounts: int
    asking: int
    share: float | None = Field(description="Of the live accounts; null where there are none.")
    share_low: float | None = Field(description="Lower end of the 95 % Wilson interval.")
    share_high: float | None = Field(description="Upper end of the 95 % Wilson interval.")
    lift: float | None = Field(description="Shrunk share over the share of all; null below 3.")
    arr_asking: MoneySeen
    arr: MoneySeen
    blockers: int
    blocks_segment: bool = Field(
        description="At least five accounts call it a blocker, and the lower end of their share is"
        " at least twice the share of all."
    )
    heard_from: float | None = Field(
        description="Part of the live accounts with any ask in 12 months."
    )


class Month(Seen):
    """Demand in one calendar month."""

    month: str = Field(examples=["2026-11"])
    asks: int
    new_customers: int = Field(description="Live customers that asked for it for the first time.")
    new_prospects: int = Field(description="Prospects that asked for it for the first time.")


class DemandDetail(DemandItem):
    """Demand for one feature, broken down."""

    by_segment: list[Slice]
    by_industry: list[Slice]
    by_region: list[Slice]
    by_month: list[Month]


class Evidence(Seen):
    """An ask behind a number."""

    ask_id: UUID
    title: str
    verbatim: str | None
    account: dict[str, Any]
    importance: Importance
    asked_on: date
    response_kind: ResponseKind | None
    arr: MoneySeen | None
    opportunity: dict[str, Any] | None
