"""Calendar months and periods: when asks came. Pure."""

from datetime import date, timedelta

import numpy as np

from services.columns import WITHDRAWN, Columns, Ints, Scope


def month_starts(today: date, months: int) -> list[date]:
    """The first days of the last `months` months, the present one included, and of the next one."""
    found = []
    for back in range(months - 1, -2, -1):
        month = today.year * 12 + today.month - 1 - back
        found.append(date(month // 12, month % 12 + 1, 1))
    return found


def asks_by_month(columns: Columns, scope: Scope, months: int) -> Ints:
    """How many standing asks each feature got in each calendar month, all features at once.

    Args:
        columns: n asks for f features.
        scope: A mask of n asks, and the day that counts as today.
        months: How many, the present one last.

    Returns:
        An array of f rows of `months` counts.
    """
    number = len(columns.feature_key)
    edges = [start.toordinal() for start in month_starts(date.fromordinal(scope.today), months)]
    month = np.searchsorted(edges, columns.ask_day, side="right") - 1
    counted = scope.ask & (columns.ask_state != WITHDRAWN) & (columns.ask_feature >= 0)
    counted &= (month >= 0) & (month < months)
    cell = columns.ask_feature[counted].astype(np.int64) * months + month[counted]
    found: Ints = np.bincount(cell, minlength=number * months).reshape(number, months)
    return found


def period_before(since: date, until: date) -> tuple[date, date]:
    """The period of the same length that ends on the day before another one begins.

    Args:
        since: The first day.
        until: The last day, which counts.

    Raises:
        ValueError: The period ends before it begins, or the calendar has no such days before it.
    """
    if until < since:
        raise ValueError(f"{until} comes before {since}")
    length = until - since + timedelta(days=1)
    if since - date.min < length:
        raise ValueError(f"the calendar has no {length.days} days before {since}")
    return since - length, since - timedelta(days=1)
