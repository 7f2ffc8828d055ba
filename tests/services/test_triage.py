"""What becomes of an ask after it was logged: triaged, put right, withdrawn."""

from datetime import date
from typing import Any

import pytest
import time_machine

from models.account import Contact
from models.ask import Ask, AskChange, AskState
from models.base import new_id
from models.user import Role
from services import asks, features, responses
from services.errors import Invalid, NotFound, Stale
from services.permissions import Caller, NotPermitted
from services.policy import Policy
from services.users import caller_for
from tests.factories import Make

MONDAY = "2026-11-23T10:00:00Z"


def change(make: Make, ask: Ask, expected: int | None = None, **fields: Any) -> Ask:
    """Change an ask."""
    return asks.change_ask(
        make.session, make.boss, make.policy, ask.id, AskChange(**fields), expected=expected
    )


class TestChangeAsk:
    def test_triage_takes_the_product_along(self, make: Make) -> None:
        ask, feature = make.ask(), make.feature(product_id=make.product().id)

        change(make, ask, feature_id=feature.id)

        assert (ask.feature_id, ask.product_id) == (feature.id, feature.product_id)
        assert ask.version == 2

    def test_may_be_taken_back(self, make: Make) -> None:
        ask = make.ask(feature=make.feature())

        change(make, ask, feature_id=None)

        assert ask.feature_id is None

    def test_everything_else_can_be_put_right(self, make: Make) -> None:
        account = make.account()
        ask, deal = make.ask(account), make.opportunity(account)
        contact = {"name": "Kim Roe"}

        change(
            make, ask, title="New", importance="blocker", opportunity_id=deal.id, contact=contact
        )

        assert (ask.title, ask.importance, ask.opportunity_id) == ("New", "blocker", deal.id)
        assert make.session.get_one(Contact, ask.contact_id).name == "Kim Roe"

    def test_what_differs_in_nothing_is_no_change(self, make: Make) -> None:
        ask = make.ask(title="The same")

        change(make, ask, title="The same")

        assert ask.version == 1

    def test_of_a_version_that_is_gone_is_refused(self, make: Make) -> None:
        ask = make.ask()
        change(make, ask, title="New", expected=1)

        with pytest.raises(Stale, match="version 2"):
            change(make, ask, title="Newer", expected=1)

    def test_of_a_product_that_the_feature_is_not_of(self, make: Make) -> None:
        ask = make.ask(feature=make.feature())

        with pytest.raises(Invalid, match="product_id"):
            change(make, ask, product_id=make.product().id)

    def test_an_untriaged_one_may_move_to_another_product(self, make: Make) -> None:
        ask, other = make.ask(), make.product()

        change(make, ask, product_id=other.id)

        assert ask.product_id == other.id

    def test_a_withdrawn_one_is_refused(self, make: Make) -> None:
        ask = make.ask()
        asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, "They left.")

        with pytest.raises(asks.Withdrawn, match="They left"):
            change(make, ask, title="New")

    def test_an_unknown_one_is_not_there(self, make: Make) -> None:
        with pytest.raises(NotFound):
            asks.change_ask(make.session, make.boss, make.policy, new_id(), AskChange(title="New"))


class TestAnsweredAsk:
    @pytest.mark.parametrize("to", ["another", "none"])
    def test_stays_on_the_feature_that_its_answer_names(self, to: str, make: Make) -> None:
        ask = make.ask(feature=make.feature())
        make.response(ask)
        feature_id = make.feature().id if to == "another" else None

        with pytest.raises(asks.AnswerNamesFeature):
            change(make, ask, feature_id=feature_id)

    def test_may_be_triaged_if_its_answer_names_none(self, make: Make) -> None:
        ask, feature = make.ask(), make.feature()
        make.response(ask)

        change(make, ask, feature_id=feature.id)

        assert ask.feature_id == feature.id

    def test_may_move_to_a_feature_that_was_merged_into_its_own(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        gone, remains = make.feature(), make.feature()
        ask, twin = make.ask(feature=gone), make.feature()
        for each in (gone, twin):
            features.merge_features(make.session, admin, policy, each.id, remains.id)
        make.response(ask)

        change(make, ask, feature_id=twin.id)

        assert ask.feature_id == remains.id

    def test_may_be_withdrawn_and_keeps_its_answer(self, make: Make) -> None:
        ask = make.ask()
        answer = make.response(ask)

        asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, "They left.")
        make.session.commit()

        assert (ask.state, ask.response_id) == (AskState.withdrawn, answer.id)
        assert responses.list_responses(make.session, make.boss, ask.id) == [answer]


class TestWithdrawAsk:
    def test_says_why_and_when(self, make: Make) -> None:
        ask = make.ask()

        with time_machine.travel(MONDAY, tick=False):
            asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, "They left.")

        assert ask.withdrawn_reason == "They left."
        assert ask.withdrawn_at is not None
        assert ask.withdrawn_at.date() == date(2026, 11, 23)

    def test_once(self, make: Make) -> None:
        ask = make.ask()
        asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, "They left.")

        with pytest.raises(asks.Withdrawn, match="before: They left"):
            asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, "Again.")

    def test_an_account_manager_may_not(self, make: Make) -> None:
        ask, manager = make.ask(), caller_for(make.user(Role.account_manager))

        with pytest.raises(NotPermitted):
            asks.withdraw_ask(make.session, manager, make.policy, ask.id, "They left.")
