"""Working days: Monday to Friday, without the holidays. Pure."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]

SATURDAY = 5


def is_workday(day: date, holidays: Collection[date] = ()) -> bool:
    """Whether people work on `day`."""
    return day.weekday() < SATURDAY and day not in holidays


def after_workdays(start: date, count: int, holidays: Collection[date] = ()) -> date:
    """The working day that is `count` working days after `start`.

    `start` itself does not count: five working days after a Monday is the next Monday.

    Args:
        start: Any day.
        count: Working days, not negative; 0 gives `start`.
        holidays: Days off besides the weekends.

    Raises:
        ValueError: `count` is negative.
    """
    if count < 0:
        raise ValueError("count must not be negative")
    day = start
    while count:
        day += timedelta(days=1)
        count -= is_workday(day, holidays)
    return day


def workdays_past(due: Sequence[date], today: date, holidays: Collection[date] = ()) -> Days:
    """How many working days lie after each due date, up to and with `today`.

    Args:
        due: Any days.
        today: Any day.
        holidays: Days off besides the weekends.

    Returns:
        An array of as many counts; negative where the due date is still to come.
    """
    ends = np.array([*due], dtype="datetime64[D]")
    now = np.datetime64(today, "D")
    off = np.array(sorted(holidays), dtype="datetime64[D]")
    day = np.timedelta64(1, "D")
    after = np.busday_count(np.minimum(ends, now) + day, np.maximum(ends, now) + day, holidays=off)
    found: Days = np.where(ends <= now, after, -after)
    return found
