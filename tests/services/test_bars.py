"""The demand bar: what counts, what comes back, and how often (R4, R6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from models.account import Account, AccountChange
from models.ask import Ask, AskChange
from models.bar_event import BarReached
from models.base import utc_now
from models.feature import Feature, FeatureChange
from models.product import BarSeen, ProductChange
from models.response import Response, Revisit
from services import accounts, ask_views, asks, bars, features, products
from services.permissions import Caller
from services.policy import Policy
from tests.factories import Make

SHARED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


def reached(session: Session, feature: Feature) -> int:
    """How often the bar of a feature was reached."""
    events = select(BarReached).where(BarReached.feature_id == feature.id)
    return len(session.exec(events).all())


def came_back(session: Session, response: Response) -> bool:
    """Whether a refusal came back."""
    return session.get(Revisit, response.id) is not None


def refuse(make: Make, feature: Feature, **bar: Any) -> tuple[Ask, Response]:
    """An ask of a prospect that was refused for lack of demand, against a bar."""
    if bar:
        change = FeatureChange(demand_bar=bar)
        features.change_feature(make.session, make.boss, make.policy, feature.id, change)
    ask = make.ask(feature=feature)
    return ask, make.response(ask, basis="insufficient_demand")


def set_account(make: Make, account: Account, **fields: Any) -> None:
    """Change an account."""
    change = AccountChange(**fields)
    accounts.change_account(make.session, make.boss, make.policy, account.id, change)
    make.session.commit()


class TestWhatCounts:
    def standing(self, make: Make, feature: Feature) -> bars.Standing:
        return bars.standing(make.session, feature)

    def test_one_account_that_asks_nine_times_is_one(self, make: Make) -> None:
        account, feature = make.customer("10.00"), make.feature()
        for _each in range(9):
            make.ask(account, feature)

        assert self.standing(make, feature) == bars.Standing(accounts=1, arr={"USD": 1000})

    def test_several_features_at_once_are_as_each_by_itself(self, make: Make) -> None:
        asked, merged, unasked = make.feature(), make.feature(), make.feature()
        both = make.customer("10.00")
        euros = make.account(lifecycle="customer", arr={"amount": "5.00", "currency": "EUR"})
        for account in (both, euros):
            make.ask(account, asked)
        make.ask(both, merged)
        make.ask(make.customer(None), merged)
        features.merge_features(make.session, make.boss, make.policy, merged.id, asked.id)
        three = [asked, unasked, make.feature()]
        make.ask(both, three[-1])

        found = bars.standings(make.session, three)

        assert found == {each.id: self.standing(make, each) for each in three}
        assert found[asked.id] == bars.Standing(accounts=3, arr={"USD": 1000, "EUR": 500})
        assert found[unasked.id] == bars.Standing(accounts=0, arr={})

    @pytest.mark.parametrize("lifecycle", ["prospect", "churned"])
    def test_others_than_live_customers_are_nothing(self, lifecycle: str, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 1})

        make.ask(make.customer(lifecycle=lifecycle), feature)

        assert self.standing(make, feature) == bars.Standing(accounts=0, arr={})
        assert reached(make.session, feature) == 0

    def test_an_account_without_arr_counts_as_an_account(self, make: Make) -> None:
        feature = make.feature()

        make.ask(make.customer(None), feature)

        assert self.standing(make, feature) == bars.Standing(accounts=1, arr={})

    def test_currencies_are_not_added_up(self, make: Make) -> None:
        feature = make.feature(demand_bar={"arr": {"amount": "15.00", "currency": "USD"}})
        make.ask(make.customer("10.00"), feature)

        make.ask(
            make.account(lifecycle="customer", arr={"amount": "10.00", "currency": "EUR"}), feature
        )

        assert self.standing(make, feature).arr == {"USD": 1000, "EUR": 1000}
        assert reached(make.session, feature) == 0

    def test_merged_accounts_are_one(self, make: Make, admin: Caller, policy: Policy) -> None:
        first, second, feature = make.customer(), make.customer(), make.feature()
        for account in (first, second):
            make.ask(account, feature)

        accounts.merge_accounts(make.session, admin, policy, first.id, second.id)

        assert self.standing(make, feature).accounts == 1

    def test_what_was_merged_into_it_counts(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        account, gone, remains = make.customer(), make.feature(), make.feature()
        make.ask(account, gone)
        make.ask(account, remains)
        make.ask(make.customer(), gone)

        features.merge_features(make.session, admin, policy, gone.id, remains.id)

        assert self.standing(make, remains).accounts == 2

    @pytest.mark.parametrize(
        ("accounts", "arr", "expected"),
        [(3, 500, True), (2, 500, False), (3, 499, False), (9, 9999, True)],
    )
    def test_every_part_of_a_bar_must_be_reached(
        self, accounts: int, arr: int, expected: bool
    ) -> None:
        bar = BarSeen(accounts=3, arr={"amount": "5.00", "currency": "USD"})

        assert bars.Standing(accounts, {"USD": arr}).reaches(bar) is expected

    def test_no_bar_is_never_reached(self) -> None:
        assert not bars.Standing(10**6, {}).reaches(None)

    @given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 100))
    def test_part_of_a_bar_is_exact(self, bar: int, count: int, percent: int) -> None:
        reaches = bars.Standing(count, {}).reaches(BarSeen(accounts=bar, arr=None), percent)

        assert reaches == (count * 100 >= bar * percent)


class TestComingBack:
    def test_when_the_bar_is_reached(self, make: Make) -> None:
        feature = make.feature()
        ask, refusal = refuse(make, feature, accounts=1)

        make.ask(make.customer(), feature)

        assert came_back(make.session, refusal)
        make.session.refresh(ask)
        assert ask.version == 3
        assert ask_views.read(make.session, [ask.id])[0][0]["to_revisit"]

    def test_not_before(self, make: Make) -> None:
        feature = make.feature()
        ask, refusal = refuse(make, feature, accounts=2)

        make.ask(make.customer(), feature)

        assert not came_back(make.session, refusal)
        assert not ask_views.read(make.session, [ask.id])[0][0]["to_revisit"]

    def test_against_the_bar_of_its_day(self, make: Make, admin: Caller, policy: Policy) -> None:
        feature = make.feature()
        _ask, refusal = refuse(make, feature, accounts=1)
        higher = FeatureChange(demand_bar={"accounts": 9})
        features.change_feature(make.session, admin, policy, feature.id, higher)

        make.ask(make.customer(), feature)

        assert came_back(make.session, refusal)
        assert reached(make.session, feature) == 0

    def test_even_if_there_is_no_bar_any_more(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        feature = make.feature()
        _ask, refusal = refuse(make, feature, accounts=1)
        none = FeatureChange(demand_bar=None)
        features.change_feature(make.session, admin, policy, feature.id, none)

        make.ask(make.customer(), feature)

        assert came_back(make.session, refusal)

    def test_not_if_it_was_superseded(self, make: Make) -> None:
        feature = make.feature()
        ask, refusal = refuse(make, feature, accounts=1)
        make.response(ask, basis="out_of_scope", supersedes_reason="Wrong reason.")

        make.ask(make.customer(), feature)

        assert not came_back(make.session, refusal)

    def test_when_the_bar_of_the_product_falls(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        product = make.product(demand_bar={"accounts": 2})
        feature = make.feature(product_id=product.id)
        make.ask(make.customer(), feature)

        lower = ProductChange(demand_bar={"accounts": 1})
        products.change_product(make.session, admin, policy, product.id, lower)

        assert reached(make.session, feature) == 1

    def test_when_an_ask_is_triaged(self, make: Make, admin: Caller, policy: Policy) -> None:
        ask, feature = make.ask(make.customer()), make.feature(demand_bar={"accounts": 1})

        asks.change_ask(make.session, admin, policy, ask.id, AskChange(feature_id=feature.id))

        assert reached(make.session, feature) == 1

    def test_when_a_prospect_is_merged_into_a_customer(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        prospect, feature = make.account(), make.feature(demand_bar={"accounts": 1})
        make.ask(prospect, feature)

        accounts.merge_accounts(make.session, admin, policy, prospect.id, make.customer().id)

        assert reached(make.session, feature) == 1

    def test_when_a_merge_is_taken_back(self, make: Make, admin: Caller, policy: Policy) -> None:
        prospect, feature = make.account(), make.feature(demand_bar={"accounts": 1})
        make.ask(prospect, feature)
        features.merge_features(make.session, admin, policy, feature.id, make.feature().id)
        set_account(make, prospect, lifecycle="customer")

        features.unmerge_feature(make.session, admin, policy, feature.id)

        assert reached(make.session, feature) == 1

    def test_a_withdrawn_ask_arms_it_anew(self, make: Make, admin: Caller, policy: Policy) -> None:
        feature = make.feature(demand_bar={"accounts": 1})
        ask = make.ask(make.customer(), feature)
        asks.withdraw_ask(make.session, admin, policy, ask.id, "They left.")

        with time_machine.travel(utc_now() + timedelta(days=91)):
            make.ask(make.customer(), feature)

        assert reached(make.session, feature) == 2

    def test_the_event_keeps_the_figures(self, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 1})

        make.ask(make.customer("5.00"), feature)

        event = make.session.exec(select(BarReached)).one()
        assert event.evidence["live_accounts_asking"] == 1
        assert event.evidence["arr_asking"] == {"amount": "5.00", "currency": "USD"}


START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(st.sampled_from([0, 1, 30, 89, 90, 91]), st.sampled_from([0, 59, 60, 99, 100, 300])),
    max_size=8,
)


@given(STEPS)
@SHARED
def test_the_event_fires_again_only_after_60_percent_and_90_days(
    make: Make, steps: list[tuple[int, int]]
) -> None:
    """An account's ARR goes up and down; the bar is 100."""
    account = make.customer("0.00")
    feature = make.feature(demand_bar={"arr": {"amount": "100.00", "currency": "USD"}})
    make.ask(account, feature)
    now, fired, armed, expected = START, START - timedelta(days=9999), True, []

    for days, arr in steps:
        before = make.session.get_one(Account, account.id).arr
        now += timedelta(days=days, seconds=1)
        with time_machine.travel(now, tick=False):
            set_account(make, account, arr={"amount": f"{arr}.00", "currency": "USD"})
        if before is not None and before.amount == f"{arr}.00":
            continue  # nothing changed, so nobody looks
        if arr >= 100 and armed and now - fired >= timedelta(days=90):
            expected.append(now)
            fired, armed = now, False
        elif arr < 60:
            armed = True

    events = select(BarReached.created_at).where(BarReached.feature_id == feature.id)
    assert [*make.session.exec(events.order_by(col(BarReached.id)))] == expected
