"""Asks by month for all features at once, and the period before another."""

from datetime import date

import pytest
from hypothesis import given, settings

from services.breakdown import by_month
from services.months import asks_by_month, month_starts, period_before
from tests.services.oracle import World
from tests.services.worlds import columns_of, scope_of, worlds


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_all_features_at_once_count_as_each_by_itself(world: World) -> None:
    columns, scope = columns_of(world), scope_of(world)

    found = asks_by_month(columns, scope, 12)

    assert found.tolist() == [
        [asks for _month, asks, _customers, _prospects in by_month(columns, scope, at)]
        for at in range(len(world.features))
    ]


def test_months_end_where_the_next_one_begins() -> None:
    assert month_starts(date(2027, 1, 31), 2) == [
        date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        (date(2026, 6, 1), date(2026, 6, 30), (date(2026, 5, 2), date(2026, 5, 31))),
        (date(2028, 3, 1), date(2028, 3, 1), (date(2028, 2, 29), date(2028, 2, 29))),
    ],
)
def test_the_period_before_is_as_long_and_ends_the_day_before(
    since: date, until: date, before: tuple[date, date]
) -> None:
    assert period_before(since, until) == before


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (date(2026, 6, 2), date(2026, 6, 1), "comes before"),
        (date(1, 1, 2), date(1, 1, 3), "no 2 days before"),
    ],
)
def test_a_period_without_one_before_it_is_refused(since: date, until: date, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        period_before(since, until)
