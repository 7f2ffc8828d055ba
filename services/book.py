"""The book: a columnar copy of what demand reads, in this process, as fresh as the database.

Before each report the book asks the database what changed since it last looked, and reads only
those rows again. The log of changes is written by triggers in the transaction of each change, so
that nothing which was acknowledged is missing, whoever wrote it.
"""

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import RLock
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import func, select, text
from sqlmodel import Session, col

from models.account import Account, Lifecycle, Segment
from models.ask import Ask, AskState, Importance
from models.commitment import Commitment, CommitmentRelease
from models.feature import Feature, FeatureStatus
from models.history import CHANGES
from models.money import Money
from models.opportunity import Opportunity, Outcome
from models.product import BarSeen, Product
from models.response import Response, ResponseKind
from services.columns import Columns
from services.families import survivors
from services.tables import Places, Table

HALF = 2**64 - 1  # the lower half of an id
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
CHUNK = 500  # ids in one query; SQLite allows some thousand parameters
RELOAD = 20_000  # changed rows from which reading all anew is quicker

LIFECYCLES = {Lifecycle.prospect: 0, Lifecycle.customer: 1, Lifecycle.churned: 2}
SEGMENTS = {Segment.smb: 0, Segment.mid_market: 1, Segment.enterprise: 2}
IMPORTANCES = {Importance.nice_to_have: 1, Importance.important: 2, Importance.blocker: 3}
STATES = {AskState.unanswered: 0, AskState.answered: 1, AskState.withdrawn: 2}
KINDS = {ResponseKind.yes: 0, ResponseKind.no: 1, ResponseKind.ranked: 2}
OUTCOMES = {Outcome.open: 0, Outcome.won: 1, Outcome.lost: 2}


@dataclass
class FeatureRow:
    """What a report says of a feature."""

    id: UUID
    product_id: UUID
    title: str
    status: FeatureStatus
    area: str | None
    target_on: date | None
    merged_into: UUID | None
    own_bar: BarSeen | None


@dataclass
class PromiseRow:
    """A promise and what it waits on."""

    ask: UUID
    feature: UUID
    opportunity: UUID | None
    contractual: bool


class Snapshot(NamedTuple):
    """What a transaction sees of the log of changes. A later one compares as greater.

    On SQLite that is all up to `newest`. On PostgreSQL transactions commit out of order: it is
    what is before `newest` but for some that still ran, none of them before `unseen`.
    """

    newest: int
    settled: int  # minus the number of those that still ran
    unseen: int


class Book:
    """The copy, and its place in the log of changes. One for each process; thread-safe."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._clear()

    def _clear(self) -> None:
        self._seen: Snapshot | None = None
        self.asks = Table(
            feature="i4", account="i4", product="i4", opportunity="i4", importance="i1",
            state="i1", kind="i1", day="i4", answered="i8",
        )  # fmt: skip
        self.accounts = Table(
            lifecycle="i1", arr="i8", currency="i2", segment="i1", industry="i4", region="i4",
            renews="i4", live="?", key_upper="u8", key_lower="u8",
        )  # fmt: skip
        self.opportunities = Table(
            account="i4", amount="i8", currency="i2", probability="i8", outcome="i1", lost_to="i4"
        )
        self.currencies, self.industries, self.regions = Places(), Places(), Places()
        self.products, self.feature_places = Places(), Places()
        self.features: list[FeatureRow] = []
        self.account_names: list[str] = []
        self.account_tags: list[frozenset[str]] = []
        self.product_bars: dict[UUID, BarSeen | None] = {}
        self.promises: dict[UUID, PromiseRow] = {}
        self.released: set[UUID] = set()
        self.roots = np.zeros(0, np.int32)
        self.columns: Columns

    @contextmanager
    def opened(self, session: Session) -> Any:
        """The book, brought up to what the session's snapshot sees, and nobody else in it."""
        with self._lock:
            try:
                self._refresh(session)
            except BaseException:
                self._clear()  # it may have read half; the next one reads all anew
                raise
            yield self

    def _refresh(self, session: Session) -> None:
        now, before = _snapshot(session), self._seen
        if now == before:
            return
        # It goes back where the session began to read before we did, or a backup was restored.
        changed = None if before is None or now < before else self._changed(session, before)
        if changed is None or sum(map(len, changed.values())) > RELOAD:
            self._clear()
            for reader in _READERS.values():
                reader(self, session, None)
            self._bind()
        elif changed:
            for kind, reader in _READERS.items():
                if kind in changed:
                    reader(self, session, changed[kind])
            self._bind()
        self._seen = now

    @staticmethod
    def _changed(session: Session, before: Snapshot) -> dict[str, list[UUID]]:
        """The rows that changed since the book was read, by kind.

        On PostgreSQL transactions commit out of order, so those that ran when we last looked are
        looked at again; reading a row twice does no harm.
        """
        if session.get_bind().dialect.name == "sqlite":
            since = CHANGES.c.id > before.newest
        else:
            since = CHANGES.c.transaction >= before.unseen
        rows = session.execute(select(CHANGES.c.kind, CHANGES.c.row_id).where(since).distinct())
        found: dict[str, list[UUID]] = {}
        for kind, row_id in rows:
            found.setdefault(kind, []).append(row_id)
        return found

    def _bind(self) -> None:
        """Tie the tables together: merged features, and promises that still bind."""
        asks, accounts, deals = self.asks, self.accounts, self.opportunities
        root = survivors({feature.id: feature.merged_into for feature in self.features})
        self.roots = np.array(
            [self.feature_places.of[root[feature.id]] for feature in self.features] or [0],
            np.int32,
        )
        held = [
            promise
            for key, promise in self.promises.items()
            if promise.contractual and key not in self.released and self._binds(promise)
        ]
        lost_to = deals["lost_to"]
        self.columns = Columns(
            ask_feature=np.where(asks["feature"] < 0, -1, self.roots[asks["feature"]]).astype(
                np.int32
            ),
            ask_account=asks["account"],
            ask_product=asks["product"],
            ask_opportunity=asks["opportunity"],
            ask_importance=asks["importance"],
            ask_state=asks["state"],
            ask_kind=asks["kind"],
            ask_day=asks["day"],
            account_lifecycle=accounts["lifecycle"],
            account_arr=accounts["arr"],
            account_currency=accounts["currency"],
            account_segment=accounts["segment"],
            account_industry=accounts["industry"],
            account_region=accounts["region"],
            account_renews=accounts["renews"],
            account_live=accounts["live"],
            account_key=(accounts["key_upper"], accounts["key_lower"]),
            opportunity_account=deals["account"],
            opportunity_amount=deals["amount"],
            opportunity_currency=deals["currency"],
            opportunity_probability=deals["probability"],
            opportunity_outcome=deals["outcome"],
            opportunity_lost_to=np.where(lost_to < 0, -1, self.roots[lost_to]).astype(np.int32),
            feature_key=[feature.id.bytes for feature in self.features],
            held_feature=self._held(held, lambda each: self.roots[self._feature(each.feature)]),
            held_account=self._held(held, lambda each: asks["account"][asks.places.of[each.ask]]),
            held_opportunity=self._held(held, self._deal),
        )

    def _binds(self, promise: PromiseRow) -> bool:
        feature = self.features[self.roots[self._feature(promise.feature)]]
        return feature.status is not FeatureStatus.shipped

    def _deal(self, promise: PromiseRow) -> int:
        """The deal of a promise: that of its day, or else the one that its ask has got since."""
        if promise.opportunity is not None:
            return self.opportunities.places.of[promise.opportunity]
        return int(self.asks["opportunity"][self.asks.places.of[promise.ask]])

    @staticmethod
    def _held(held: list[PromiseRow], of: Any) -> Any:
        return np.fromiter((of(each) for each in held), np.int32, len(held))

    def _feature(self, feature_id: UUID) -> int:
        return self.feature_places.of[feature_id]

    def bar_of(self, feature: FeatureRow) -> BarSeen | None:
        """The bar that applies to a feature: its own, else its product's."""
        return feature.own_bar or self.product_bars[feature.product_id]


def _snapshot(session: Session) -> Snapshot:
    if session.get_bind().dialect.name == "sqlite":
        newest = select(func.coalesce(func.max(CHANGES.c.id), 0))
        return Snapshot(int(session.execute(newest).scalar_one()), 0, 0)
    seen = text(
        "SELECT pg_snapshot_xmax(now)::text::bigint,"
        " -(SELECT count(*) FROM pg_snapshot_xip(now)), pg_snapshot_xmin(now)::text::bigint"
        " FROM pg_current_snapshot() AS now"
    )
    return Snapshot(*session.execute(seen).one())


def minor(amount: Any) -> int:
    """Money as sent, in minor units."""
    return Money(amount=amount.amount, currency=amount.currency).minor


def _ordinal(day: date | None) -> int:
    return -1 if day is None else day.toordinal()


def _known(value: int | None) -> int:
    return -1 if value is None else value


def _rows(session: Session, statement: Any, key: Any, ids: Sequence[UUID] | None) -> Iterable[Any]:
    """The rows with these ids, or all, read without building objects."""
    if ids is None:
        yield from session.execute(statement.order_by(key)).all()
        return
    for start in range(0, len(ids), CHUNK):
        some = statement.where(key.in_(ids[start : start + CHUNK])).order_by(key)
        yield from session.execute(some).all()


def _read_products(book: Book, session: Session, ids: Sequence[UUID] | None) -> None:
    for product in _rows(session, select(Product), col(Product.id), ids):
        book.products.place(product[0].id)
        book.product_bars[product[0].id] = product[0].demand_bar


def _read_features(book: Book, session: Session, ids: Sequence[UUID] | None) -> None:
    for (feature,) in _rows(session, select(Feature), col(Feature.id), ids):
        at = book.feature_places.place(feature.id)
        row = FeatureRow(
            feature.id,
            feature.product_id,
            feature.title,
            feature.status,
            feature.area,
            feature.target_on,
            feature.merged_into,
            feature.demand_bar,
        )
        book.features[at : at + 1] = [row]


def _read_accounts(book: Book, session: Session, ids: Sequence[UUID] | None) -> None:
    statement = select(
        col(Account.id), col(Account.lifecycle), col(Account.arr_minor), col(Account.arr_currency),
        col(Account.segment), col(Account.industry), col(Account.region), col(Account.renews_on),
        col(Account.merged_into), col(Account.name), col(Account.tags),
    )  # fmt: skip
    found = list(_rows(session, statement, col(Account.id), ids))
    book.accounts.put(
        [
            (
                key,
                LIFECYCLES[lifecycle],
                _known(arr),
                book.currencies.place(currency),
                -1 if segment is None else SEGMENTS[segment],
                book.industries.place(industry),
                book.regions.place(region),
                _ordinal(renews_on),
                merged_into is None,
                key.int >> 64,
                key.int & HALF,
            )
            for key, lifecycle, arr, currency, segment, industry, region, renews_on, merged_into,
            _name, _tags in found
        ]
    )  # fmt: skip
    for row in found:
        at = book.accounts.places.of[row[0]]
        book.account_names[at : at + 1] = [row[-2]]
        book.account_tags[at : at + 1] = [frozenset(row[-1])]


def _read_opportunities(book: Book, session: Session, ids: Sequence[UUID] | None) -> None:
    statement = select(
        col(Opportunity.id), col(Opportunity.account_id), col(Opportunity.amount_minor),
        col(Opportunity.amount_currency), col(Opportunity.probability_ppm),
        col(Opportunity.outcome), col(Opportunity.lost_to_feature_id),
    )  # fmt: skip
    book.opportunities.put(
        [
            (
                key,
                book.accounts.places.of[account],
                _known(amount),
                book.currencies.place(currency),
                _known(probability),
                OUTCOMES[outcome],
                -1 if lost_to is None else book.feature_places.of[lost_to],
            )
            for key, account, amount, currency, probability, outcome, lost_to in _rows(
                session, statement, col(Opportunity.id), ids
            )
        ]
    )


def _read_asks(book: Book, session: Session, ids: Sequence[UUID] | None) -> None:
    statement = select(
        col(Ask.id), col(Ask.feature_id), col(Ask.account_id), col(Ask.product_id),
        col(Ask.opportunity_id), col(Ask.importance), col(Ask.state), col(Response.kind),
        col(Ask.asked_on), col(Response.created_at),
    ).outerjoin(Response, col(Response.id) == col(Ask.response_id))  # fmt: skip
    features, accounts = book.feature_places.of, book.accounts.places.of
    products, deals = book.products.of, book.opportunities.places.of
    book.asks.put(
        [
            (
                key,
                -1 if feature is None else features[feature],
                accounts[account],
                products[product],
                -1 if deal is None else deals[deal],
                IMPORTANCES[importance],
                STATES[state],
                -1 if kind is None else KINDS[kind],
                asked_on.toordinal(),
                -1 if answered is None else (answered - EPOCH) // MICROSECOND,
            )
            for key, feature, account, product, deal, importance, state, kind, asked_on, answered
            in _rows(session, statement, col(Ask.id), ids)
        ]
    )  # fmt: skip


def _read_promises(book: Book, session: Session, ids: Sequence[UUID] | None) -> None:
    for (promise,) in _rows(session, select(Commitment), col(Commitment.id), ids):
        book.promises[promise.id] = PromiseRow(
            promise.ask_id, promise.feature_id, promise.opportunity_id, promise.contractual
        )


def _read_releases(book: Book, session: Session, ids: Sequence[UUID] | None) -> None:
    key = col(CommitmentRelease.commitment_id)
    book.released.update(row[0] for row in _rows(session, select(key), key, ids))


# In this order, since later rows name earlier ones.
_READERS: dict[str, Any] = {
    "product": _read_products,
    "feature": _read_features,
    "account": _read_accounts,
    "opportunity": _read_opportunities,
    "ask": _read_asks,
    "commitment": _read_promises,
    "commitment_release": _read_releases,
}
