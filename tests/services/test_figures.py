"""The arithmetic of demand, against a slow and plain working of the same definitions."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.apportionment import apportion
from services.figures import Figures, Sums, direction, figures
from tests.services import oracle
from tests.services.oracle import Account, Numbers, Promise, World
from tests.services.worlds import (
    LARGEST,
    TODAY,
    ask,
    columns_of,
    customer,
    deal,
    prospect,
    scope_of,
    small,
    worlds,
)

pytestmark = pytest.mark.once


PLAIN = (
    "customers", "arr", "arr_unknown", "renewing", "expansion", "prospects", "pipeline", "weighted",
    "probability_unknown", "amount_unknown", "apportioned", "churned",
)  # fmt: skip
BY_CURRENCY = ("arr_apart", "expansion_apart", "pipeline_apart", "held_apart", "lost_apart")
SPLIT = ("blockers", "held", "held_amount", "lost", "lost_amount")


def report(world: World) -> Figures:
    return figures(columns_of(world), scope_of(world))


def told(sums: Sums, at: int) -> dict[str, Any]:
    """The sums of one group as the oracle has them."""
    found: dict[str, Any] = {name: int(getattr(sums, name)[at]) for name in PLAIN}
    found |= {name: getattr(sums, name)[at].tolist() for name in BY_CURRENCY}
    for name in SPLIT:
        customers, prospects = getattr(sums, name)
        found[name] = (int(customers[at]), int(prospects[at]))
    return found


def said(numbers: Numbers) -> dict[str, Any]:
    return {name: getattr(numbers, name) for name in (*PLAIN, *BY_CURRENCY, *SPLIT)}


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_every_sum_of_every_feature_is_what_the_definitions_give(world: World) -> None:
    found = report(world)

    for feature in range(len(world.features)):
        assert told(found.sums, feature) == said(oracle.of_features(world, [feature]))


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_every_count_of_asks_is_what_the_definitions_give(world: World) -> None:
    found = report(world)

    for at in range(len(world.features)):
        expected = oracle.of_features(world, [at])
        assert int(found.asks[at]) == expected.asks
        assert int(found.unanswered[at]) == expected.unanswered
        assert tuple(int(kind[at]) for kind in found.kinds) == expected.kinds
        assert int(found.last_day[at]) == expected.last_day
        assert (int(found.recent[at]), int(found.earlier[at])) == expected.trend
        assert int(found.largest_account[at]) == expected.largest


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_totals_are_over_distinct_accounts_deals_and_promises(world: World) -> None:
    found = report(world)

    assert told(found.totals, 0) == said(
        oracle.of_features(world, list(range(len(world.features))))
    )


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_untriaged_and_withdrawn_asks_are_counted_apart(world: World) -> None:
    found = report(world)

    here = [each for each in world.asks if each.passes]
    standing = [each for each in here if each.state != "withdrawn"]
    triaged = [each for each in standing if each.feature is not None]
    assert found.total_asks == len(triaged)
    assert found.total_unanswered == sum(each.state == "unanswered" for each in triaged)
    assert found.untriaged == sum(each.feature is None for each in standing)
    assert found.withdrawn == len(here) - len(standing)


@given(worlds(), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_asking_again_and_again_changes_no_sum(world: World, times: int) -> None:
    again = replace(world, asks=world.asks * times)

    assert said_by(again) == said_by(world)


def said_by(world: World) -> list[dict[str, Any]]:
    found = report(world)
    each = [told(found.sums, at) for at in range(len(world.features))]
    return [*each, told(found.totals, 0)]


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_the_shares_of_a_deal_add_up_to_its_amount(world: World) -> None:
    shares = apportion(columns_of(world), world.weights)

    for at, each in enumerate(world.deals):
        mine = [int(amount) for amount in shares.amount[shares.deal == at]]
        assert not mine or sum(mine) == each.amount
        assert all(amount >= 0 for amount in mine)


@given(worlds(), st.data())
@settings(max_examples=100, deadline=None)
def test_the_shares_of_a_deal_are_the_same_whatever_is_filtered(
    world: World, data: st.DataObject
) -> None:
    whole = replace(world, asks=[replace(each, passes=True) for each in world.asks])
    parts = [data.draw(st.integers(0, 1)) for _ in world.asks]

    found = [
        report(replace(whole, asks=[
            replace(each, passes=part == wanted)
            for each, part in zip(whole.asks, parts, strict=True)
        ]))
        for wanted in (0, 1)
    ]  # fmt: skip

    together = report(whole).sums.apportioned
    assert all((part.sums.apportioned <= together).all() for part in found)
    assert (sum(part.sums.apportioned for part in found) >= together).all()


def test_a_remainder_goes_to_the_feature_with_the_smallest_id() -> None:
    world = small(
        features=[b"b" * 16, b"a" * 16, b"c" * 16],
        accounts=[prospect()],
        deals=[deal(100)],
        asks=[ask(feature, deal=0) for feature in range(3)],
    )

    assert report(world).sums.apportioned.tolist() == [33, 34, 33]


def test_a_deal_is_shared_out_by_importance() -> None:
    world = small(
        features=[b"a" * 16, b"b" * 16, b"c" * 16],
        accounts=[prospect()],
        deals=[deal(LARGEST)],
        asks=[ask(feature, deal=0, importance=3 - feature) for feature in range(3)],
    )

    assert report(world).sums.apportioned.tolist() == [
        50_000_000_000_000, 33_333_333_333_333, 16_666_666_666_667,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("amounts", "weighted"), [([1], 0), ([3], 2), ([5], 2), ([1, 1], 1), ([1, 1, 1], 2)]
)
def test_the_weighted_pipeline_is_rounded_once_and_half_to_even(
    amounts: list[int], weighted: int
) -> None:
    world = small(
        accounts=[prospect()],
        deals=[deal(amount) for amount in amounts],
        asks=[ask(deal=at) for at in range(len(amounts))],
    )

    assert report(world).sums.weighted.tolist() == [weighted]


def test_ten_thousand_of_the_largest_deals_do_not_overflow() -> None:
    world = small(
        accounts=[prospect()],
        deals=[deal(LARGEST, probability=999_999)] * 10_000,
        asks=[ask(deal=at) for at in range(10_000)],
    )

    found = report(world).sums

    assert found.weighted.tolist() == [10_000 * LARGEST * 999_999 // 10**6]
    assert found.pipeline.tolist() == [10_000 * LARGEST]


def test_unknown_arr_is_counted_and_not_zero() -> None:
    world = small(
        accounts=[customer(None, currency=None), customer(0)], asks=[ask(), ask(account=1)]
    )

    found = report(world).sums

    assert (found.customers.tolist(), found.arr_unknown.tolist()) == ([2], [1])


@pytest.mark.parametrize("ids", [(1, 2), (2, 1), (1 << 64, 2), (2, 1 << 64)])
def test_of_equal_accounts_the_one_with_the_smallest_id_is_the_largest(
    ids: tuple[int, int],
) -> None:
    world = small(
        accounts=[customer(5, id=key) for key in ids], asks=[ask(account=0), ask(account=1)]
    )

    assert report(world).largest_account.tolist() == [ids.index(min(ids))]


@pytest.mark.parametrize(("days", "renewing"), [(-1, 0), (0, 7), (180, 7), (181, 0)])
def test_a_renewal_is_near_from_today_to_the_180th_day(days: int, renewing: int) -> None:
    world = small(accounts=[customer(7, renews=TODAY + days)], asks=[ask()])

    assert report(world).sums.renewing.tolist() == [renewing]


def test_other_currencies_stand_apart() -> None:
    world = small(accounts=[customer(7), customer(5, currency=2)], asks=[ask(), ask(account=1)])

    found = report(world).sums

    assert (found.arr.tolist(), found.arr_apart.tolist()) == ([7], [[0, 0, 5]])


def test_churned_accounts_are_in_no_money_column() -> None:
    world = small(
        accounts=[Account("churned", 900, 0, TODAY, passes=True)],
        deals=[deal(500), deal(300, outcome="lost", lost_to=0)],
        asks=[ask(deal=0, importance=3)],
        promises=[Promise(0, 0, 0), Promise(0, 0, None)],
    )

    found = told(report(world).sums, 0)

    assert found.pop("churned") == 1
    assert not any(_flat(found.values()))


def _flat(values: Any) -> list[int]:
    return [
        one for value in values for one in (value if isinstance(value, list | tuple) else [value])
    ]


def test_a_deal_and_a_renewal_count_once_however_much_is_promised() -> None:
    world = small(
        accounts=[customer(1_000)],
        deals=[deal(500)],
        promises=[Promise(0, 0, 0)] * 3 + [Promise(0, 0, None)] * 2,
    )

    found = report(world).sums

    assert [part.tolist() for part in found.held] == [[5], [0]]
    assert [part.tolist() for part in found.held_amount] == [[1_500], [0]]


def test_a_lost_deal_waits_no_more_but_what_was_promised_binds() -> None:
    world = small(
        accounts=[customer(1_000)],
        deals=[deal(500, outcome="lost"), deal(40, outcome="won")],
        promises=[Promise(0, 0, 0), Promise(0, 0, 1)],
    )

    found = report(world).sums

    assert [part.tolist() for part in found.held] == [[2], [0]]
    assert [part.tolist() for part in found.held_amount] == [[40], [0]]


def test_totals_leave_out_promises_and_losses_of_features_that_are_filtered_out() -> None:
    world = small(
        features=[b"a" * 16, b"b" * 16],
        shown=[True, False],
        accounts=[customer(1_000)],
        deals=[deal(500, outcome="lost", lost_to=1), deal(40, outcome="lost", lost_to=0)],
        promises=[Promise(1, 0, None)],
    )

    found = report(world).totals

    assert [part.tolist() for part in (*found.held, *found.lost)] == [[0], [0], [1], [0]]
    assert found.lost_amount[0].tolist() == [40]


def test_nothing_at_all_gives_nothing() -> None:
    found = report(small(features=[]))

    assert (found.total_asks, found.asks.tolist()) == (0, [])


@pytest.mark.parametrize(("recent", "earlier"), [(5, 0), (4, 0), (8, 2), (7, 2), (40, 25), (0, 5)])
def test_direction_is_that_of_the_exact_test_near_its_edge(recent: int, earlier: int) -> None:
    assert direction(recent, earlier) == oracle.rises(recent, earlier)


@given(st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=100, deadline=None)
def test_direction_is_that_of_the_exact_binomial_test(recent: int, earlier: int) -> None:
    assert direction(recent, earlier) == oracle.rises(recent, earlier)
