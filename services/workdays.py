"""Working days: Monday to Friday, without the holidays. Pure."""

from collections.abc import Collection
from datetime import date, timedelta

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
