"""Demand for one feature, broken down by segment, industry, region and month. Pure."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import sqrt

import numpy as np

from services.columns import BLOCKER, CUSTOMER, PROSPECT, WITHDRAWN, Columns, Ints, Scope
from services.months import month_starts

Z = 1.959963984540054  # the normal quantile of a two-sided 95 % interval
PRIOR = 10  # accounts at the overall share that a small segment is shrunk by
ENOUGH = 3  # accounts from which a lift is shown
BLOCKING = 5  # accounts that must call it a blocker, for it to block their segment
YEAR = 365


@dataclass(frozen=True)
class Part:
    """Demand within one value of a dimension; amounts in minor units of the report currency."""

    value: int  # -1: not known
    live: int
    asking: int
    lift: float | None
    arr_asking: int
    arr: int
    blockers: int
    heard: int
    blocks_segment: bool

    @property
    def share(self) -> float | None:
        """The part of the live accounts that asks, or None where there are none."""
        return self.asking / self.live if self.live else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share."""
        return wilson(self.asking, self.live) if self.live else None


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a share.

    Args:
        successes: From 0 to `trials`.
        trials: At least 1.

    Raises:
        ValueError: `trials` is not positive, or `successes` is out of range.

    Source:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError("successes must lie between 0 and a positive number of trials")
    share, square = successes / trials, Z * Z
    middle = share + square / (2 * trials)
    spread = Z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    low = 0.0 if successes == 0 else (middle - spread) / scale
    high = 1.0 if successes == trials else (middle + spread) / scale
    return max(0.0, low), min(1.0, high)


def by_value(columns: Columns, scope: Scope, feature: int, code: Ints) -> list[Part]:
    """Demand for a feature within each value of a dimension, live customers only.

    Args:
        columns: n asks of a accounts.
        scope: Masks of n asks and a accounts.
        feature: Its place among the features.
        code: For each of a accounts the number of its value, -1 where not known.

    Returns:
        A part a value that any live account in scope has, the largest first.
    """
    live = (columns.account_lifecycle == CUSTOMER) & columns.account_live & scope.account
    standing = columns.ask_state != WITHDRAWN
    mine = scope.ask & standing & (columns.ask_feature == feature)
    asking = _flags(columns, columns.ask_account[mine]) & live
    blocks = mine & (columns.ask_importance == BLOCKER)
    blocking = _flags(columns, columns.ask_account[blocks]) & live
    lately = columns.ask_day > scope.today - YEAR
    heard = _flags(columns, columns.ask_account[lately]) & live
    known = (columns.account_arr >= 0) & (columns.account_currency == scope.currency)
    worth = np.where(known, columns.account_arr, 0)
    overall = int(asking.sum()) / max(1, int(live.sum()))
    blocked_overall = int(blocking.sum()) / max(1, int(live.sum()))
    found = []
    for value in np.unique(code[live]):
        here = live & (code == value)
        live_here, asking_here = int(here.sum()), int((here & asking).sum())
        blockers = int((here & blocking).sum())
        lift = None
        if asking_here >= ENOUGH and overall > 0:
            lift = (asking_here + PRIOR * overall) / (live_here + PRIOR) / overall
        found.append(
            Part(
                value=int(value),
                live=live_here,
                asking=asking_here,
                lift=lift,
                arr_asking=int(worth[here & asking].sum()),
                arr=int(worth[here].sum()),
                blockers=blockers,
                heard=int((here & heard).sum()),
                blocks_segment=int(value) >= 0
                and blockers >= BLOCKING
                and wilson(blockers, live_here)[0] >= 2 * blocked_overall,
            )
        )
    return sorted(found, key=lambda part: (-part.live, part.value))


def _flags(columns: Columns, accounts: Ints) -> Ints:
    found = np.zeros(len(columns.account_arr), np.bool_)
    found[accounts] = True
    return found


def by_month(
    columns: Columns, scope: Scope, feature: int, months: int = 12
) -> list[tuple[str, int, int, int]]:
    """Asks for a feature, and accounts that asked for the first time, in each calendar month.

    Args:
        columns: n asks of a accounts.
        scope: Masks of n asks and a accounts.
        feature: Its place among the features.
        months: How many, the present one last.

    Returns:
        For each month `YYYY-MM`, asks, new live customers, new prospects; the oldest first.
    """
    mine = scope.ask & (columns.ask_state != WITHDRAWN) & (columns.ask_feature == feature)
    day, account = columns.ask_day[mine], columns.ask_account[mine]
    first = np.full(len(columns.account_arr), np.iinfo(np.int32).max, np.int64)
    np.minimum.at(first, account, day)
    new = np.unique(account)
    lifecycle = columns.account_lifecycle[new]
    customers, prospects = first[new[lifecycle == CUSTOMER]], first[new[lifecycle == PROSPECT]]
    starts = month_starts(date.fromordinal(scope.today), months)
    return [
        (
            f"{start:%Y-%m}",
            _between(day, start, end),
            _between(customers, start, end),
            _between(prospects, start, end),
        )
        for start, end in pairwise(starts)
    ]


def _between(days: Ints, start: date, end: date) -> int:
    return int(((days >= start.toordinal()) & (days < end.toordinal())).sum())
