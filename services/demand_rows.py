"""Rows of the demand report, from figures: money as it is sent, each number in its place."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from models.money import MoneySeen, decimal_text
from models.product import BarSeen
from services.book import Book, FeatureRow, minor
from services.breakdown import Part
from services.columns import CUSTOMER, WITHDRAWN, Columns, Ints, Scope
from services.figures import FLAGGED, Figures, Sums, direction

DIGITS = 4  # of shares, which are no money


class Rows:
    """Makes the rows of one report."""

    def __init__(self, book: Book, found: Figures, scope: Scope, currency: str) -> None:
        self._book, self._found, self._scope = book, found, scope
        self._currency = currency
        self._live = _live_pairs(book.columns)

    def totals(self) -> dict[str, Any]:
        """The totals, in the shape of `DemandTotals`."""
        found = self._found
        return {
            "asks": found.total_asks,
            "untriaged": found.untriaged,
            "withdrawn": found.withdrawn,
            "unanswered": found.total_unanswered,
            **self._sums(found.totals, 0),
        }

    def item(self, at: int) -> dict[str, Any]:
        """One feature, in the shape of `DemandItem`."""
        found, feature = self._found, self._book.features[at]
        recent, earlier = int(found.recent[at]), int(found.earlier[at])
        return {
            "feature": {
                "id": feature.id,
                "title": feature.title,
                "status": feature.status,
                "area": feature.area,
                "target_on": feature.target_on,
            },
            "asks": int(found.asks[at]),
            "unanswered": int(found.unanswered[at]),
            "responses": {
                name: int(count[at])
                for name, count in zip(("yes", "no", "ranked"), found.kinds, strict=True)
            },
            **self._sums(found.sums, at),
            "bar": self._bar(at, feature),
            "last_asked_on": _day(int(found.last_day[at])),
            "trend": {
                "last_90_days": recent,
                "previous_90_days": earlier,
                "direction": {1: "up", -1: "down", 0: None}[direction(recent, earlier)],
            },
            "largest_account": self._largest(at),
            "renewing": self._money(found.sums.renewing[at]),
            "rank": None,
        }

    def customers(self, at: int) -> dict[str, Any]:
        """What live customers want of one feature, in the shape of `CustomerDemand`."""
        return self._customers(self._found.sums, at)

    def part(self, part: Part, values: Sequence[Any]) -> dict[str, Any]:
        """One value of a breakdown, in the shape of `Slice`."""
        low, high = part.interval or (None, None)
        return {
            "value": None if part.value < 0 else values[part.value],
            "live_accounts": part.live,
            "asking": part.asking,
            "share": _rounded(part.share),
            "share_low": _rounded(low),
            "share_high": _rounded(high),
            "lift": _rounded(part.lift),
            "arr_asking": self._money(part.arr_asking),
            "arr": self._money(part.arr),
            "blockers": part.blockers,
            "blocks_segment": part.blocks_segment,
            "heard_from": _rounded(part.heard / part.live) if part.live else None,
        }

    def _sums(self, sums: Sums, at: int) -> dict[str, Any]:
        held, lost = sums.held, sums.lost
        return {
            "customers": self._customers(sums, at),
            "prospects": {
                "accounts": int(sums.prospects[at]),
                "pipeline": self._money(sums.pipeline[at]),
                "weighted_pipeline": self._money(sums.weighted[at]),
                "probability_unknown": int(sums.probability_unknown[at]),
                "amount_unknown": int(sums.amount_unknown[at]),
                "apportioned_pipeline": self._money(sums.apportioned[at]),
                "unconverted": self._apart(sums.pipeline_apart[at]),
            },
            "blockers": {
                "customers": int(sums.blockers[0][at]),
                "prospects": int(sums.blockers[1][at]),
            },
            "held": self._split("commitments", held, sums.held_amount, sums.held_apart, at),
            "lost": self._split("opportunities", lost, sums.lost_amount, sums.lost_apart, at),
            "churned": {"accounts": int(sums.churned[at])},
        }

    def _customers(self, sums: Sums, at: int) -> dict[str, Any]:
        return {
            "accounts": int(sums.customers[at]),
            "arr": self._money(sums.arr[at]),
            "arr_unknown": int(sums.arr_unknown[at]),
            "unconverted": self._apart(sums.arr_apart[at]),
            "expansion_pipeline": self._money(sums.expansion[at]),
            "expansion_unconverted": self._apart(sums.expansion_apart[at]),
        }

    def _split(
        self,
        name: str,
        counts: tuple[Ints, Ints],
        amounts: tuple[Ints, Ints],
        apart: Ints,
        at: int,
    ) -> dict[str, Any]:
        both = [
            {name: int(count[at]), "amount": self._money(amount[at])}
            for count, amount in zip(counts, amounts, strict=True)
        ]
        return {
            name: int(counts[0][at] + counts[1][at]),
            "amount": self._money(amounts[0][at] + amounts[1][at]),
            "customers": both[0],
            "prospects": both[1],
            "unconverted": self._apart(apart[at]),
        }

    def _bar(self, at: int, feature: FeatureRow) -> dict[str, Any] | None:
        bar = self._book.bar_of(feature)
        if bar is None:
            return None
        return {"accounts": bar.accounts, "arr": bar.arr, "reached": self._reached(at, bar)}

    def _reached(self, at: int, bar: BarSeen) -> bool:
        """Whether live customers reach the bar, whatever the report filters."""
        columns, (group, account) = self._book.columns, self._live
        mine = account[np.searchsorted(group, at) : np.searchsorted(group, at, side="right")]
        if bar.accounts is not None and len(mine) < bar.accounts:
            return False
        if bar.arr is None:
            return True
        currency = self._book.currencies.of.get(bar.arr.currency, -2)
        counted = mine[columns.account_currency[mine] == currency]
        return int(columns.account_arr[counted].sum()) >= minor(bar.arr)

    def _largest(self, at: int) -> dict[str, Any] | None:
        account = int(self._found.largest_account[at])
        if account < 0:
            return None
        worth, total = int(self._book.columns.account_arr[account]), int(self._found.sums.arr[at])
        return {
            "id": self._book.accounts.places.values[account],
            "name": self._book.account_names[account],
            "arr": self._money(worth),
            "share": _rounded(worth / total) if total else None,
            "flagged": 100 * worth > FLAGGED * total,
            "arr_without": self._money(total - worth),
        }

    def _money(self, amount: Any) -> MoneySeen:
        return MoneySeen.model_construct(
            amount=decimal_text(int(amount), self._currency), currency=self._currency
        )

    def _apart(self, amounts: Ints) -> list[MoneySeen]:
        names = self._book.currencies.values
        return [
            MoneySeen(amount=decimal_text(int(amounts[at]), names[at]), currency=names[at])
            for at in sorted(np.flatnonzero(amounts), key=names.__getitem__)
        ]


def _live_pairs(columns: Columns) -> tuple[Ints, Ints]:
    """Distinct (feature, live account) over all standing asks, by feature."""
    standing = (columns.ask_state != WITHDRAWN) & (columns.ask_feature >= 0)
    live = (columns.account_lifecycle == CUSTOMER) & columns.account_live
    standing &= live[columns.ask_account]
    accounts = max(1, len(columns.account_arr))
    feature = columns.ask_feature[standing].astype(np.int64)
    key = np.unique(feature * accounts + columns.ask_account[standing])
    return key // accounts, key % accounts


def _day(ordinal: int) -> date | None:
    return None if ordinal < 0 else date.fromordinal(ordinal)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, DIGITS)
