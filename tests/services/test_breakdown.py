"""Demand by segment and by month: intervals, lift, who was heard from."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.breakdown import Part, by_month, by_value, wilson
from services.columns import Ints
from tests.services.oracle import Account, World
from tests.services.worlds import TODAY, ask, columns_of, customer, prospect, scope_of, small

Code = list[int]


def parts(world: World, code: Code) -> list[Part]:
    values: Ints = np.array(code, "i4")
    return by_value(columns_of(world), scope_of(world), 0, values)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (2, 8, 0.07, 0.59),
        (0, 12, 0.00, 0.24),
    ],
)
def test_the_interval_is_the_one_that_our_definitions_print(
    successes: int, trials: int, low: float, high: float
) -> None:
    found = wilson(successes, trials)

    assert tuple(round(end, 2) for end in found) == (low, high)


# Source: Newcombe (1998), Two-sided confidence intervals for the single proportion, table I,
# method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(
    successes: int, trials: int, low: float, high: float
) -> None:
    found = wilson(successes, trials)

    assert tuple(round(end, 4) for end in found) == (low, high)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=200, deadline=None)
def test_the_share_lies_within_its_interval(of: tuple[int, int]) -> None:
    low, high = wilson(*of)

    assert 0 <= low <= of[0] / of[1] <= high <= 1


@given(st.integers(1, 10**4).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=100, deadline=None)
def test_those_who_do_not_ask_have_the_mirrored_interval(of: tuple[int, int]) -> None:
    asking, trials = of

    low, high = wilson(asking, trials)

    mirrored = wilson(trials - asking, trials)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 5), (6, 5)])
def test_a_share_of_nothing_or_out_of_range_has_no_interval(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="between 0 and a positive number"):
        wilson(successes, trials)


def test_a_lift_is_shrunk_towards_the_share_of_all() -> None:
    world = small(accounts=[customer()] * 40, asks=[ask(account=at) for at in (0, 1, 2, 20)])

    first, second = parts(world, [0] * 10 + [1] * 30)

    overall = Fraction(4, 40)
    expected = (3 + 10 * overall) / (10 + 10) / overall
    assert (first.value, first.lift) == (1, None)
    assert second.lift == pytest.approx(float(expected))


def test_a_lift_is_not_shown_below_three_accounts() -> None:
    world = small(accounts=[customer()] * 4, asks=[ask(account=0), ask(account=1)])

    assert [part.lift for part in parts(world, [0, 0, 1, 1])] == [None, None]


def test_only_live_customers_are_in_a_breakdown() -> None:
    accounts = [customer(), prospect(), Account("churned", 5, 0, None, passes=True), customer()]
    world = small(accounts=accounts, asks=[ask(account=at) for at in range(4)])
    columns = replace(columns_of(world), account_live=np.array([True, True, True, False]))

    (part,) = by_value(columns, scope_of(world), 0, np.zeros(4, "i4"))

    assert (part.live, part.asking, part.share) == (1, 1, 1.0)


def test_an_account_counts_once_in_its_segment_however_often_it_asks() -> None:
    world = small(accounts=[customer(7)], asks=[ask(importance=3)] * 5)

    (part,) = parts(world, [0])

    assert (part.asking, part.blockers, part.arr_asking, part.arr) == (1, 1, 7, 7)


def test_of_a_withdrawn_ask_remains_that_the_account_was_heard_from() -> None:
    world = small(accounts=[customer()], asks=[ask(state="withdrawn", importance=3)])

    (part,) = parts(world, [0])

    assert (part.asking, part.blockers, part.heard) == (0, 0, 1)


def test_an_account_is_heard_from_by_any_ask_of_a_year() -> None:
    heard = [ask(None, 0), ask(1, 1, day=TODAY - 364, passes=False), ask(1, 2, day=TODAY - 365)]
    world = small(features=[b"a" * 16, b"b" * 16], accounts=[customer()] * 4, asks=heard)

    (part,) = parts(world, [0] * 4)

    assert (part.live, part.heard, part.asking) == (4, 2, 0)


def test_accounts_of_an_unknown_segment_are_a_part_too() -> None:
    world = small(accounts=[customer()] * 3)

    assert [(part.value, part.live) for part in parts(world, [-1, 2, 2])] == [(2, 2), (-1, 1)]


def test_other_currencies_are_in_no_arr_of_a_segment() -> None:
    world = small(accounts=[customer(5), customer(9, currency=1)], asks=[ask(), ask(account=1)])

    (part,) = parts(world, [0, 0])

    assert (part.arr_asking, part.arr) == (5, 5)


def months_of(today: date, *days: date, months: int = 12) -> list[tuple[str, int, int, int]]:
    asks = [ask(account=at % 2, day=day.toordinal()) for at, day in enumerate(days)]
    world = small(accounts=[customer(), prospect()], asks=asks, today=today.toordinal())
    return by_month(columns_of(world), scope_of(world), 0, months)


def test_months_go_on_across_the_end_of_a_year() -> None:
    found = months_of(date(2027, 1, 15), months=3)

    assert [month for month, *_counts in found] == ["2026-11", "2026-12", "2027-01"]


def test_twelve_months_end_with_the_present_one() -> None:
    found = months_of(date(2026, 12, 31))

    assert (found[0][0], found[-1][0], len(found)) == ("2026-01", "2026-12", 12)


def test_an_ask_is_in_the_month_of_its_day() -> None:
    found = months_of(date(2027, 1, 1), date(2026, 12, 31), date(2027, 1, 1), months=2)

    assert found == [("2026-12", 1, 1, 0), ("2027-01", 1, 0, 1)]


def test_an_account_is_new_only_in_its_first_month() -> None:
    first, later = date(2026, 2, 28), date(2026, 3, 31)

    found = months_of(date(2026, 3, 31), first, first, later, later, months=2)

    assert found == [("2026-02", 2, 1, 1), ("2026-03", 2, 0, 0)]


def test_an_account_that_asked_long_ago_is_new_no_more() -> None:
    found = months_of(date(2026, 3, 31), date(2024, 1, 1), date(2024, 1, 1), date(2026, 3, 1))

    assert found[-1] == ("2026-03", 1, 0, 0)


def blocked(blockers: int, others: int) -> list[bool]:
    """Whether the first of two segments of ten accounts is blocked, and the second."""
    asks = [ask(account=at, importance=3) for at in [*range(blockers), *range(10, 10 + others)]]
    world = small(accounts=[customer()] * 20, asks=asks)
    found = parts(world, [0] * 10 + [1] * 10)
    return [part.blocks_segment for part in sorted(found, key=lambda part: part.value)]


def test_a_feature_blocks_a_segment_that_cries_for_it_alone() -> None:
    assert blocked(10, 0) == [False, False]  # the lower end, 72 %, is not twice 50 %
    assert blocked_among_many(10) is True


def blocked_among_many(blockers: int) -> bool:
    """The same with a hundred accounts in another segment that do not ask."""
    asks = [ask(account=at, importance=3) for at in range(blockers)]
    world = small(accounts=[customer()] * 110, asks=asks)
    found = parts(world, [0] * 10 + [1] * 100)
    return next(part.blocks_segment for part in found if part.value == 0)


def test_four_blockers_are_too_few_to_block_a_segment() -> None:
    assert (blocked_among_many(4), blocked_among_many(5)) == (False, True)
