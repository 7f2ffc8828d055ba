"""A connector that used to deliver and stopped is noticed, and a slow one is left in peace."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from models.base import utc_now
from models.connector import Connector, ConnectorKind
from services.policy import Policy
from services.silence import found_silent, stopped, working_time
from tests.factories import Make
from tests.senders import delivered

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_working_time_adds_up_and_is_no_longer_than_time(three: list[datetime]) -> None:
    first, second, third = three

    both = working_time(first, second) + working_time(second, third)

    assert working_time(first, third) == both
    assert timedelta() <= both <= third - first


@pytest.mark.parametrize(
    ("start", "end", "holidays", "time"),
    [
        (MONDAY, MONDAY + 2 * DAY, [], 2 * DAY),
        (MONDAY - 3 * DAY, MONDAY + HOUR, [], DAY + HOUR),  # from Friday on
        (MONDAY - 2 * DAY, MONDAY, [], timedelta()),
        (MONDAY, MONDAY + 2 * DAY, [date(2026, 11, 24)], DAY),
    ],
)
def test_weekends_and_holidays_do_not_count(
    start: datetime, end: datetime, holidays: list[date], time: timedelta
) -> None:
    assert working_time(start, end, holidays) == time


def daily(days: int, a_day: int = 20) -> list[datetime]:
    """Deliveries in office hours of so many working days before Monday."""
    first = MONDAY - 28 * DAY
    found = [first + n * DAY for n in range(28) if (first + n * DAY).weekday() < 5][-days:]
    return [day + 8 * HOUR + n * 8 * HOUR / a_day for day in found for n in range(a_day)]


class TestStopped:
    def test_a_busy_one_after_a_day_and_some(self) -> None:
        came = daily(10)

        assert not stopped(came, MONDAY + 18 * HOUR)
        assert stopped(came, MONDAY + 2 * DAY)

    def test_not_over_a_weekend(self) -> None:
        assert not stopped(daily(10), MONDAY)

    def test_a_slow_one_after_twice_its_longest_pause(self) -> None:
        came = [MONDAY - 28 * DAY, MONDAY - 21 * DAY, MONDAY - 7 * DAY]

        assert not stopped(came, MONDAY + 14 * DAY - 9 * DAY)
        assert stopped(came, MONDAY + 22 * DAY)

    @pytest.mark.parametrize("came", [[], daily(1, 200), daily(2)])
    def test_what_has_no_habit_has_not_stopped(self, came: list[datetime]) -> None:
        assert not stopped(came, MONDAY + 300 * DAY)


def test_the_silent_ones_are_found(make: Make, session: Session) -> None:
    made = {
        name: Connector(kind=ConnectorKind.generic, name=name, sealed_secret="x", enabled=on)  # noqa: S106
        for name, on in [("silent", True), ("off", False), ("new", True), ("polled", True)]
    }
    make.session.add_all(made.values())
    make.session.flush()
    now = utc_now()
    for name, days in [("silent", range(20, 50, 3)), ("off", range(20, 50, 3)), ("new", [40])]:
        for day in days:
            delivered(session, made[name], now - day * DAY)
    for day in range(20, 50, 3):
        delivered(session, made["polled"], now - day * DAY, reconciled=True)
    session.commit()

    found = found_silent(session, Policy())
    session.commit()

    assert found == {made["silent"].id: now - 20 * DAY}
