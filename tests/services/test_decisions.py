"""The PM's list: what reached its bar, until it is decided (R4)."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from models.base import utc_now
from models.feature import Feature, FeatureChange
from models.user import Role, User
from services import decisions, features
from tests.factories import Make

PLAN = {"status": "planned", "target_on": "2027-03-01"}
DECLINE = {"status": "declined", "decline_reason": "Nobody asks."}


def lift(make: Make, **fields: Any) -> Feature:
    """A feature whose bar of one account was reached."""
    feature = make.feature(**{"demand_bar": {"accounts": 1}} | fields)
    make.ask(make.customer("5.00"), feature)
    return feature


def listed(make: Make, person: User) -> list[Any]:
    """Which features somebody is to decide."""
    return [each.id for each in decisions.lists(make.session, [person.id]).get(person.id, [])]


def set_feature(make: Make, feature: Feature, **fields: Any) -> None:
    """Change a feature."""
    change = FeatureChange(**fields)
    features.change_feature(make.session, make.boss, make.policy, feature.id, change)
    make.session.commit()


class TestWhose:
    def test_its_owners(self, make: Make) -> None:
        pat, other = make.user(Role.pm, email="pat@x.example"), make.user(Role.pm)

        feature = lift(make, owner_email="Pat@x.example")

        assert listed(make, pat) == [feature.id]
        assert listed(make, other) == []

    def test_every_pms_where_nobody_owns_it(self, make: Make) -> None:
        pms, se = [make.user(Role.pm), make.user(Role.pm)], make.user(Role.se)
        feature = lift(make)

        assert [listed(make, pm) for pm in pms] == [[feature.id], [feature.id]]
        assert listed(make, se) == []

    @pytest.mark.parametrize("active", [True, False])
    def test_every_pms_where_its_owner_works_here_no_more(self, active: bool, make: Make) -> None:
        pm, owner = make.user(Role.pm), make.user(Role.pm, email="pat@x.example")
        feature = lift(make, owner_email="pat@x.example")
        owner.active = active
        make.session.commit()

        assert listed(make, pm) == ([] if active else [feature.id])

    def test_the_administrators_where_there_is_no_pm(self, make: Make) -> None:
        admin = make.user(Role.admin)
        feature = lift(make)

        assert listed(make, admin) == [feature.id]

        make.user(Role.pm)
        assert listed(make, admin) == []


class TestWhat:
    @pytest.fixture
    def pm(self, make: Make) -> User:
        """Who decides."""
        return make.user(Role.pm)

    def test_the_figures_of_then(self, make: Make, pm: User) -> None:
        feature = lift(make)
        make.ask(make.customer("7.00"), feature)

        (each,) = decisions.lists(make.session, [pm.id])[pm.id]

        assert (each.title, each.declined) == (feature.title, False)
        assert each.facts.live_accounts_asking == 1
        assert each.facts.bar is not None
        assert each.facts.bar.accounts == 1

    def test_the_longest_waiting_first(self, make: Make, pm: User) -> None:
        newer, older = make.feature(demand_bar={"accounts": 1}), lift(make)
        make.ask(make.customer(), newer)

        assert listed(make, pm) == [older.id, newer.id]

    def test_not_what_is_below_its_bar(self, make: Make, pm: User) -> None:
        make.ask(make.customer(), make.feature(demand_bar={"accounts": 2}))

        assert listed(make, pm) == []

    @pytest.mark.parametrize("decision", [PLAN, DECLINE, {"status": "shipped"}])
    def test_a_decision_takes_it_off(self, decision: dict[str, Any], make: Make, pm: User) -> None:
        feature = lift(make)

        set_feature(make, feature, **decision)
        assert listed(make, pm) == []

        set_feature(make, feature, status="candidate", override_reason="We must.")
        assert listed(make, pm) == []

    def test_another_change_does_not(self, make: Make, pm: User) -> None:
        feature = lift(make)

        set_feature(make, feature, title="Another", area="Data", description="More.")

        assert listed(make, pm) == [feature.id]

    def test_what_was_to_come_anyway_is_not_on_it(self, make: Make, pm: User) -> None:
        lift(make, **PLAN)

        assert listed(make, pm) == []

    def test_what_was_declined_before_is(self, make: Make, pm: User) -> None:
        feature = lift(make, **DECLINE)
        assert listed(make, pm) == [feature.id]

        set_feature(make, feature, decline_reason="It is against the law.")

        assert listed(make, pm) == []

    def test_when_it_is_reached_anew_it_is_there_again(self, make: Make, pm: User) -> None:
        feature = lift(make)
        set_feature(make, feature, **DECLINE)
        set_feature(make, feature, demand_bar={"accounts": 5})  # armed anew

        with time_machine.travel(utc_now() + timedelta(days=91)):
            set_feature(make, feature, demand_bar={"accounts": 1})

            assert listed(make, pm) == [feature.id]

    def test_merged_away_it_is_the_other_one_that_counts(self, make: Make, pm: User) -> None:
        away, into = lift(make), make.feature(demand_bar={"accounts": 1})

        features.merge_features(make.session, make.boss, make.policy, away.id, into.id)

        assert listed(make, pm) == [into.id]
