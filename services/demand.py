"""The demand report: filters in, figures out, every number with its evidence."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from models.account import Account, Lifecycle, Segment
from models.ask import Ask, AskState, Importance
from models.base import utc_now, utc_today
from models.feature import Feature, FeatureStatus
from models.money import money
from models.opportunity import Opportunity
from models.response import Response
from services import breakdown, families, months, paging
from services.book import IMPORTANCES, LIFECYCLES, SEGMENTS, Book
from services.columns import Ints, Mask, Scope
from services.demand_rows import Rows
from services.errors import NotFound
from services.figures import Figures, figures
from services.permissions import Caller, Permission
from services.policy import Policy


class DemandOrder(StrEnum):
    """How the report may be sorted; a minus sign means descending."""

    customer_arr = "-customer_arr"
    customer_arr_rising = "customer_arr"
    customers = "-customers"
    customers_rising = "customers"
    prospects = "-prospects"
    prospects_rising = "prospects"
    pipeline = "-pipeline"
    pipeline_rising = "pipeline"
    weighted_pipeline = "-weighted_pipeline"
    weighted_pipeline_rising = "weighted_pipeline"
    asks = "-asks"
    asks_rising = "asks"
    unanswered = "-unanswered"
    unanswered_rising = "unanswered"
    blockers = "-blockers"
    blockers_rising = "blockers"
    held = "-held"
    held_rising = "held"
    last_asked_on = "-last_asked_on"
    last_asked_on_rising = "last_asked_on"

    def of(self, found: Figures) -> Ints:
        """For each feature the number to sort by, the smallest first."""
        sums = found.sums
        keys: dict[str, Ints] = {
            "customer_arr": sums.arr,
            "customers": sums.customers,
            "prospects": sums.prospects,
            "pipeline": sums.pipeline,
            "weighted_pipeline": sums.weighted,
            "asks": found.asks,
            "unanswered": found.unanswered,
            "blockers": sums.blockers[0] + sums.blockers[1],
            "held": sums.held_amount[0] + sums.held_amount[1],
            "last_asked_on": found.last_day,
        }
        key = keys[self.value.removeprefix("-")].astype(np.int64)
        return -key if self.value.startswith("-") else key


@dataclass(frozen=True)
class DemandFilter:
    """What the report is about; an empty filter lets all pass, several values mean any of them."""

    product_id: Sequence[UUID] = ()
    feature_status: Sequence[FeatureStatus] = ()
    segment: Sequence[Segment] = ()
    industry: Sequence[str] = ()
    region: Sequence[str] = ()
    tag: Sequence[str] = ()
    lifecycle: Sequence[Lifecycle] = ()
    asked_since: date | None = None
    asked_until: date | None = None
    importance: Sequence[Importance] = ()
    include_empty: bool = False

    def named(self) -> dict[str, Any]:
        """The filters that are set, for the report to say."""
        return {
            name: value
            for name, value in asdict(self).items()
            if value not in ((), [], None, False)
        }


def report(  # noqa: PLR0913  # a report is filtered, sorted and sliced
    book: Book,
    session: Session,
    by: Caller,
    policy: Policy,
    wanted: DemandFilter,
    *,
    sort: DemandOrder = DemandOrder.customer_arr,
    limit: int | None = 50,
    cursor: str | None = None,
    by_month: int = 0,
    before: DemandFilter | None = None,
) -> dict[str, Any]:
    """What customers ask for, added up, in the shape of `DemandReport`.

    Args:
        book: This process's copy of what reports read.
        session: A reading session; the report is of its snapshot.
        by: Who reads.
        policy: The report currency and the weights of importance.
        wanted: Which asks, accounts and features.
        sort: The order of the features, ties by id.
        limit: The most features; None is all.
        cursor: Where to begin. Demand is live, so a feature can move while one pages through.
        by_month: Rows also have `months`, asks in each of so many calendar months, this one last.
        before: Rows and totals also have `before`, what customers want by this other filter; then
            features are listed that anybody asks for by either.

    Raises:
        NotPermitted: `by` may not read demand.
        Invalid: The cursor is none of this list.
    """
    by.require(Permission.demand_read)
    after = _after(cursor, sort) if cursor is not None else None
    with book.opened(session):
        scope = _scope(book, policy, wanted)
        found, rows = _figures(book, policy, scope)
        past = None if before is None else _figures(book, policy, _scope(book, policy, before))
        asks = found.asks if past is None else found.asks + past[0].asks
        monthly = months.asks_by_month(book.columns, scope, by_month) if by_month else None

        def row(at: int) -> dict[str, Any]:
            made = rows.item(at)
            if past is not None:
                made["before"] = past[1].customers(at)
            if monthly is not None:
                made["months"] = monthly[at].tolist()
            return made

        totals = rows.totals()
        if past is not None:
            totals["before"] = past[1].totals()["customers"]
        key = sort.of(found)
        listed = _listed(book, wanted, scope, asks)
        order = sorted(listed, key=lambda at: (key[at], book.features[at].id))
        if after is not None:
            order = [at for at in order if (key[at], str(book.features[at].id)) > after]
        shown = order if limit is None else order[:limit]
        more = len(shown) < len(order)
        return {
            "as_of": utc_now(),
            "currency": policy.currency,
            "filters": wanted.named(),
            "totals": totals,
            "items": [row(at) for at in shown],
            "next_cursor": paging.encode([sort, int(key[shown[-1]]), book.features[shown[-1]].id])
            if more
            else None,
        }


def of_feature(
    book: Book,
    session: Session,
    by: Caller,
    policy: Policy,
    feature_id: UUID,
    wanted: DemandFilter,
) -> dict[str, Any]:
    """Demand for one feature with its breakdowns, in the shape of `DemandDetail`.

    A feature that was merged away gives the figures of the one that remains.

    Raises:
        NotPermitted: `by` may not read demand.
        NotFound: There is no such feature.
    """
    by.require(Permission.demand_read)
    with book.opened(session):
        own = book.feature_places.of.get(feature_id)
        if own is None:
            raise NotFound(f"There is no feature {feature_id}.")
        at = int(book.roots[own])
        scope = _scope(book, policy, wanted)
        columns = book.columns
        _found, rows = _figures(book, policy, scope)

        def parts(code: Ints, values: Sequence[Any]) -> list[dict[str, Any]]:
            found = breakdown.by_value(columns, scope, at, code)
            made = [rows.part(part, values) for part in found]
            # By what they are called, and not by the order in which this process met them.
            return sorted(made, key=lambda part: (-part["live_accounts"], part["value"] or ""))

        return {
            **rows.item(at),
            "by_segment": parts(columns.account_segment, [*Segment]),
            "by_industry": parts(columns.account_industry, book.industries.values),
            "by_region": parts(columns.account_region, book.regions.values),
            "by_month": [
                {"month": month, "asks": asks, "new_customers": new, "new_prospects": hopeful}
                for month, asks, new, hopeful in breakdown.by_month(columns, scope, at)
            ],
        }


def evidence(
    session: Session,
    by: Caller,
    feature_id: UUID,
    wanted: DemandFilter,
    *,
    limit: int,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """The asks behind a feature's numbers, newest first, in the shape of `Evidence`.

    Raises:
        NotPermitted: `by` may not read demand.
        NotFound: There is no such feature.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.demand_read)
    feature = session.get(Feature, feature_id)
    if feature is None:
        raise NotFound(f"There is no feature {feature_id}.")
    root = families.survivor(session, feature).id
    statement = (
        select(
            col(Ask.id), col(Ask.title), col(Ask.verbatim), col(Ask.importance), col(Ask.asked_on),
            col(Account.id), col(Account.name), col(Account.lifecycle), col(Account.arr_minor),
            col(Account.arr_currency), col(Account.tags), col(Response.kind),
            col(Opportunity.id), col(Opportunity.name), col(Opportunity.amount_minor),
            col(Opportunity.amount_currency),
        )
        .select_from(Ask)
        .join(Account, col(Account.id) == col(Ask.account_id))
        .outerjoin(Response, col(Response.id) == col(Ask.response_id))
        .outerjoin(Opportunity, col(Opportunity.id) == col(Ask.opportunity_id))
        .where(
            col(Ask.feature_id).in_(families.members(root)), col(Ask.state) != AskState.withdrawn
        )
    )  # fmt: skip
    any_of: list[tuple[Any, Sequence[Any]]] = [
        (Account.segment, wanted.segment),
        (Account.industry, wanted.industry),
        (Account.region, wanted.region),
        (Account.lifecycle, wanted.lifecycle),
        (Ask.importance, wanted.importance),
    ]
    statement = statement.where(*(col(c).in_(values) for c, values in any_of if values))
    if wanted.asked_since is not None:
        statement = statement.where(col(Ask.asked_on) >= wanted.asked_since)
    if wanted.asked_until is not None:
        statement = statement.where(col(Ask.asked_on) <= wanted.asked_until)
    if wanted.tag:
        statement = statement.where(_tagged(session, wanted.tag))
    statement = paging.by_id(statement, col(Ask.id), cursor, descending=True)
    rows, more = paging.cut(session.execute(statement.limit(limit + 1)).all(), limit)
    items = [
        {
            "ask_id": ask_id,
            "title": title,
            "verbatim": verbatim,
            "importance": importance,
            "asked_on": asked_on,
            "account": {"id": account_id, "name": name, "lifecycle": lifecycle},
            "arr": money(arr, currency),
            "response_kind": kind,
            "opportunity": None
            if deal_id is None
            else {"id": deal_id, "name": deal, "amount": money(amount, deal_currency)},
        }
        for (
            ask_id, title, verbatim, importance, asked_on, account_id, name, lifecycle, arr,
            currency, _tags, kind, deal_id, deal, amount, deal_currency,
        ) in rows
    ]  # fmt: skip
    return items, paging.encode([rows[-1][0]]) if more else None


def _after(cursor: str, sort: DemandOrder) -> tuple[int, str]:
    """The number and the id of the row that a page begins after.

    Raises:
        Invalid: The cursor is none of this list.
    """
    order, key, last = paging.decode(cursor, 3)
    if order != sort or type(key) is not int or not isinstance(last, str):
        raise paging.not_ours()
    return key, last


def _tagged(session: Session, tags: Sequence[str]) -> ColumnElement[bool]:
    """The condition for an account to have any of these tags."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    each = func.json_each if on_sqlite else func.json_array_elements_text
    held = each(col(Account.tags)).table_valued("value")
    return select(1).select_from(held).where(held.c.value.in_(tags)).exists()


def _figures(book: Book, policy: Policy, scope: Scope) -> tuple[Figures, Rows]:
    """The figures of a scope, and what makes rows of them."""
    found = figures(book.columns, scope)
    return found, Rows(book, found, scope, policy.currency)


def _listed(book: Book, wanted: DemandFilter, scope: Scope, asks: Ints) -> list[int]:
    """The places of the features that the report has a row for."""
    return [
        at
        for at, feature in enumerate(book.features)
        if feature.merged_into is None
        and scope.feature[at]
        and (wanted.include_empty or asks[at] > 0)
    ]


def _accounts(book: Book, wanted: DemandFilter) -> Mask:
    columns = book.columns
    account: Mask = columns.account_live.copy()
    if wanted.lifecycle:
        account &= np.isin(
            columns.account_lifecycle, [LIFECYCLES[each] for each in wanted.lifecycle]
        )
    if wanted.segment:
        account &= np.isin(columns.account_segment, [SEGMENTS[each] for each in wanted.segment])
    for names, places, code in (
        (wanted.industry, book.industries, columns.account_industry),
        (wanted.region, book.regions, columns.account_region),
    ):
        if names:
            account &= np.isin(code, [places.of[name] for name in names if name in places.of])
    if wanted.tag:
        tags = set(wanted.tag)
        account &= np.array([bool(tags & held) for held in book.account_tags], np.bool_)
    return account


def _scope(book: Book, policy: Policy, wanted: DemandFilter) -> Scope:
    columns, account = book.columns, _accounts(book, wanted)
    ask: Mask = account[columns.ask_account]
    if wanted.importance:
        ask &= np.isin(columns.ask_importance, [IMPORTANCES[each] for each in wanted.importance])
    if wanted.asked_since is not None:
        ask &= columns.ask_day >= wanted.asked_since.toordinal()
    if wanted.asked_until is not None:
        ask &= columns.ask_day <= wanted.asked_until.toordinal()
    if wanted.product_id:
        products = [book.products.of[key] for key in wanted.product_id if key in book.products.of]
        ask &= np.isin(columns.ask_product, products)
    feature = np.array(
        [
            (not wanted.product_id or each.product_id in wanted.product_id)
            and (not wanted.feature_status or each.status in wanted.feature_status)
            for each in book.features
        ],
        np.bool_,
    )
    if wanted.feature_status:
        ask &= np.append(feature, False)[columns.ask_feature]
    return Scope(
        ask=ask,
        account=account,
        feature=feature,
        currency=book.currencies.place(policy.currency),
        currencies=len(book.currencies.values),
        today=utc_today().toordinal(),
        weights=policy.importance_weights,
    )
