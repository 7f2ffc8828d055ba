"""Working days against an oracle that is slow and plain."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.workdays import after_workdays, is_workday, workdays_past

pytestmark = pytest.mark.once


DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
HOLIDAYS = st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 1)), max_size=40)


def slow(start: date, count: int, holidays: frozenset[date]) -> date:
    """Write down every later day, cross out those off, and count."""
    later = [start + timedelta(days=step) for step in range(1, 7 * count + 60)]
    working = [day for day in later if f"{day:%a}" not in {"Sat", "Sun"} and day not in holidays]
    return working[count - 1]


class TestAfterWorkdays:
    @given(DAYS, st.integers(1, 60))
    def test_is_what_counting_gives(self, start: date, count: int) -> None:
        assert after_workdays(start, count) == slow(start, count, frozenset())

    @given(st.dates(date(2025, 12, 1), date(2026, 3, 1)), st.integers(1, 30), HOLIDAYS)
    def test_holidays_do_not_count(self, start: date, count: int, off: frozenset[date]) -> None:
        assert after_workdays(start, count, off) == slow(start, count, off)

    @given(DAYS, st.integers(0, 30), st.integers(1, 30))
    def test_two_steps_are_one(self, start: date, first: int, second: int) -> None:
        halfway = after_workdays(start, first)

        assert after_workdays(halfway, second) == after_workdays(start, first + second)

    @pytest.mark.parametrize(
        ("start", "due"),
        [
            (date(2026, 11, 23), date(2026, 11, 30)),  # a Monday: the next Monday
            (date(2026, 11, 27), date(2026, 12, 4)),  # a Friday
            (date(2026, 11, 28), date(2026, 12, 4)),  # a Saturday: Monday is the first day
        ],
    )
    def test_five_days(self, start: date, due: date) -> None:
        assert after_workdays(start, 5) == due

    @given(DAYS)
    def test_none_is_the_day_itself(self, start: date) -> None:
        assert after_workdays(start, 0) == start

    def test_fewer_than_none_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not be negative"):
            after_workdays(date(2026, 11, 23), -1)


class TestIsWorkday:
    def test_a_holiday_is_none(self) -> None:
        monday = date(2026, 12, 28)

        assert is_workday(monday)
        assert not is_workday(monday, {monday})


class TestWorkdaysPast:
    @given(st.dates(date(2025, 12, 1), date(2026, 3, 1)), st.integers(1, 30), HOLIDAYS)
    def test_undoes_the_steps(self, start: date, count: int, off: frozenset[date]) -> None:
        later = after_workdays(start, count, off)

        assert workdays_past([start], later, off).tolist() == [count]
        assert workdays_past([later], start, off).tolist() == [-count]

    @given(DAYS)
    def test_none_on_the_day_itself(self, day: date) -> None:
        assert workdays_past([day], day).tolist() == [0]

    def test_of_no_days(self) -> None:
        assert workdays_past([], date(2026, 11, 23)).tolist() == []
