"""Promises: what they hold, when they are due, and what it takes to go back on them (R3, R8)."""

from datetime import date
from typing import Any

import pytest
import time_machine

from models.ask import Ask, AskState
from models.base import new_id
from models.commitment import CommitmentSeen, CommitmentState
from models.feature import Feature, FeatureChange, FeatureStatus
from models.user import Role
from services import accounts, commitments, features
from services.errors import NotFound
from services.features import change_feature
from services.permissions import Caller, NotPermitted
from services.policy import Policy
from services.users import caller_for
from tests.factories import Make

BEFORE, DUE, AFTER = "2100-02-28T12:00:00Z", "2100-03-01T12:00:00Z", "2100-03-02T12:00:00Z"


def promise(make: Make, ask: Ask | None = None, **fields: Any) -> CommitmentSeen:
    """A promise, due on 1 March 2100 unless the feature says otherwise."""
    ask = ask or make.ask(make.customer("900.00"), make.planned())
    response = make.response(ask, kind="yes", basis="committed", **fields)
    return next(each for each in ledger(make) if each.response_id == response.id)


def ledger(make: Make, **wanted: Any) -> list[CommitmentSeen]:
    """Promises as they are listed."""
    return commitments.list_commitments(make.session, make.boss, limit=50, **wanted)[0]


def change(make: Make, feature_id: Any, **fields: Any) -> Feature:
    """Change a feature."""
    changed = change_feature(
        make.session, make.boss, make.policy, feature_id, FeatureChange(**fields)
    )
    make.session.commit()
    return changed


class TestMade:
    def test_keeps_what_was_promised(self, make: Make) -> None:
        account, feature = make.customer(), make.planned(owner_email="pm@nomaybe.example")
        deal = make.opportunity(account)
        ask = make.ask(account, feature, opportunity_id=deal.id)

        made = promise(make, ask, contractual=True, contract_reference="MSA 4.2")

        assert made.account == {"id": account.id, "name": account.name}
        assert made.feature == {"id": feature.id, "title": feature.title}
        assert made.opportunity == {"id": deal.id, "name": deal.name, "outcome": "open"}
        assert (made.contractual, made.contract_reference) == (True, "MSA 4.2")
        assert (made.due_on, made.owner_email) == (date(2100, 3, 1), "pm@nomaybe.example")

    def test_the_account_manager_owns_it_where_no_pm_does(self, make: Make) -> None:
        account = make.customer(owner_email="am@nomaybe.example")

        assert promise(make, make.ask(account, make.planned())).owner_email == "am@nomaybe.example"

    def test_what_is_available_promises_nothing(self, make: Make) -> None:
        ask = make.ask(feature=make.feature(status="shipped"))

        make.response(ask, kind="yes", basis="available", how="Settings")

        assert ledger(make) == []

    def test_a_later_date_does_not_move_it(self, make: Make) -> None:
        made = promise(make)

        change(make, made.feature["id"], target_on=date(2100, 9, 1))

        assert ledger(make)[0].due_on == date(2100, 3, 1)

    def test_a_renewed_one_replaces_the_earlier(self, make: Make) -> None:
        ask = make.ask(make.customer(), make.planned())
        first = promise(make, ask)
        change(make, first.feature["id"], target_on=date(2100, 9, 1))

        second = promise(make, ask, supersedes_reason="It is later.")

        assert [each.state for each in ledger(make)] == ["released", "open"]
        assert ledger(make)[0].released_reason == f"Renewed by response {second.response_id}."
        assert second.due_on == date(2100, 9, 1)

    def test_a_no_does_not_release_it(self, make: Make) -> None:
        made = promise(make)

        make.response(make.session.get_one(Ask, made.ask_id), supersedes_reason="It will not be.")

        assert ledger(make)[0].state is CommitmentState.open


class TestState:
    @pytest.mark.parametrize(
        ("now", "state"), [(BEFORE, "open"), (DUE, "open"), (AFTER, "overdue")]
    )
    def test_follows_the_date(self, now: str, state: str, make: Make) -> None:
        promise(make)

        with time_machine.travel(now, tick=False):
            assert [each.state for each in ledger(make)] == [state]

    @pytest.mark.parametrize("now", [BEFORE, AFTER])
    def test_is_delivered_when_it_ships(self, now: str, make: Make) -> None:
        made = promise(make)
        change(make, made.feature["id"], status="shipped")

        with time_machine.travel(now, tick=False):
            assert [each.state for each in ledger(make)] == ["delivered"]

    def test_follows_the_feature_that_it_was_merged_into(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        made, shipped = promise(make), make.feature(status="shipped")

        features.merge_features(make.session, admin, policy, made.feature["id"], shipped.id)

        assert ledger(make)[0].state is CommitmentState.delivered
        assert ledger(make)[0].feature["id"] == shipped.id
        assert [each.id for each in ledger(make, feature_id=[shipped.id])] == [made.id]


class TestAmountHeld:
    def test_is_that_of_the_deal(self, make: Make) -> None:
        account = make.customer("900.00")
        deal = make.opportunity(account, amount={"amount": "50.00", "currency": "EUR"})
        ask = make.ask(account, make.planned(), opportunity_id=deal.id)

        held = promise(make, ask, contractual=True).amount_held

        assert held is not None
        assert (held.amount, held.currency) == ("50.00", "EUR")

    def test_is_the_arr_where_there_is_no_deal(self, make: Make) -> None:
        held = promise(make, contractual=True).amount_held

        assert held is not None
        assert held.amount == "900.00"

    def test_is_nothing_if_not_contractual(self, make: Make) -> None:
        assert promise(make).amount_held is None

    def test_is_held_while_overdue_too(self, make: Make) -> None:
        promise(make, contractual=True)

        with time_machine.travel(AFTER, tick=False):
            assert ledger(make)[0].amount_held is not None

    @pytest.mark.parametrize("how", ["shipped", "released"])
    def test_is_free_again_afterwards(self, how: str, make: Make) -> None:
        made = promise(make, contractual=True)
        if how == "shipped":
            change(make, made.feature["id"], status="shipped")
        else:
            commitments.release_commitment(make.session, make.boss, made.id, "They waived it.")

        assert ledger(make)[0].amount_held is None

    def test_is_not_known_where_the_deal_has_no_amount(self, make: Make) -> None:
        account = make.customer("900.00")
        ask = make.ask(account, make.planned(), opportunity_id=make.opportunity(account).id)

        assert promise(make, ask, contractual=True).amount_held is None


class TestRelease:
    def test_says_why(self, make: Make) -> None:
        made = promise(make)

        seen = commitments.release_commitment(make.session, make.boss, made.id, "They waived it.")

        assert (seen.state, seen.released_reason) == ("released", "They waived it.")

    def test_once(self, make: Make) -> None:
        made = promise(make)
        commitments.release_commitment(make.session, make.boss, made.id, "They waived it.")

        with pytest.raises(commitments.NotOpen, match="released"):
            commitments.release_commitment(make.session, make.boss, made.id, "Again.")

    def test_not_what_was_delivered(self, make: Make) -> None:
        made = promise(make)
        change(make, made.feature["id"], status="shipped")

        with pytest.raises(commitments.NotOpen, match="delivered"):
            commitments.release_commitment(make.session, make.boss, made.id, "Too late.")

    def test_not_by_an_se(self, make: Make) -> None:
        made, se = promise(make), caller_for(make.user(Role.se))

        with pytest.raises(NotPermitted):
            commitments.release_commitment(make.session, se, made.id, "Mine.")

    def test_not_what_is_not_there(self, make: Make) -> None:
        with pytest.raises(NotFound):
            commitments.release_commitment(make.session, make.boss, new_id(), "What?")


class TestBroken:
    """Declining, un-planning, un-shipping or merging away what customers were promised."""

    @pytest.mark.parametrize("was", ["planned", "in_progress", "shipped"])
    @pytest.mark.parametrize("to", ["candidate", "declined"])
    def test_is_refused_with_the_list(self, was: str, to: str, make: Make) -> None:
        made = promise(make)
        feature = change(make, made.feature["id"], status=was)

        with pytest.raises(commitments.HasCommitments) as caught:
            change(make, feature.id, status=to, decline_reason="No longer.")

        make.session.rollback()
        assert [each["id"] for each in caught.value.more["commitments"]] == [str(made.id)]
        assert make.session.get_one(Feature, feature.id).status == was

    @time_machine.travel("2026-11-23T10:00:00Z", tick=False)
    def test_a_reason_releases_and_reopens(self, make: Make) -> None:
        ask = make.ask(make.customer(), make.planned())
        made = promise(make, ask)
        with time_machine.travel("2026-12-07T10:00:00Z", tick=False):
            change(make, made.feature["id"], status="candidate", override_reason="Plans changed.")

        make.session.refresh(ask)
        assert (ask.state, ask.response_id) == (AskState.unanswered, None)
        assert ask.answer_due_on == date(2026, 12, 14)
        assert ledger(make)[0].released_reason == "Plans changed."

    def test_a_reopened_ask_is_answered_anew(self, make: Make) -> None:
        ask = make.ask(make.customer(), make.planned())
        made = promise(make, ask)
        change(make, made.feature["id"], status="candidate", override_reason="Plans changed.")

        again = make.response(ask)

        assert again.supersedes == made.response_id
        assert again.supersedes_reason == "Plans changed."

    def test_an_answer_may_have_a_reason_of_its_own(self, make: Make) -> None:
        ask = make.ask(make.customer(), make.planned())
        made = promise(make, ask)
        change(make, made.feature["id"], status="candidate", override_reason="Plans changed.")

        assert make.response(ask, supersedes_reason="Mine.").supersedes_reason == "Mine."

    def test_an_ask_that_has_another_answer_keeps_it(self, make: Make) -> None:
        ask = make.ask(make.customer(), make.planned())
        made = promise(make, ask)
        no = make.response(ask, supersedes_reason="It will not be.")

        change(make, made.feature["id"], status="candidate", override_reason="Plans changed.")

        make.session.refresh(ask)
        assert ask.response_id == no.id
        assert ledger(make)[0].state is CommitmentState.released

    def test_a_released_one_binds_nobody(self, make: Make) -> None:
        made = promise(make)
        commitments.release_commitment(make.session, make.boss, made.id, "They waived it.")

        feature = change(make, made.feature["id"], status="candidate")

        assert feature.status is FeatureStatus.candidate

    def test_moving_on_breaks_nothing(self, make: Make) -> None:
        made = promise(make)

        feature = change(make, made.feature["id"], status="in_progress", override_reason="Unused.")

        assert feature.status is FeatureStatus.in_progress
        assert ledger(make)[0].state is CommitmentState.open

    def test_merging_it_away_is_refused(self, make: Make, admin: Caller, policy: Policy) -> None:
        made, candidate = promise(make), make.feature()

        with pytest.raises(commitments.HasCommitments):
            features.merge_features(make.session, admin, policy, made.feature["id"], candidate.id)

    def test_what_was_merged_into_it_binds_too(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        made, remains = promise(make), make.planned()
        features.merge_features(make.session, admin, policy, made.feature["id"], remains.id)

        with pytest.raises(commitments.HasCommitments):
            change(make, remains.id, status="candidate")


class TestList:
    def test_filters(self, make: Make) -> None:
        first = promise(make, contractual=True)
        second = promise(make, make.ask(make.customer(), make.planned(date(2100, 6, 1))))
        commitments.release_commitment(make.session, make.boss, second.id, "They waived it.")

        filters: dict[str, dict[str, Any]] = {
            "all": {},
            "open": {"state": [CommitmentState.open]},
            "gone": {"state": [CommitmentState.released, CommitmentState.delivered]},
            "contractual": {"contractual": True},
            "not": {"contractual": False},
            "on the day": {"due_before": date(2100, 3, 1)},
            "day after": {"due_before": date(2100, 3, 2)},
            "account": {"account_id": [second.account["id"]]},
            "feature": {"feature_id": [first.feature["id"]]},
        }

        found = {
            name: [each.id for each in ledger(make, **wanted)] for name, wanted in filters.items()
        }

        assert found == {
            "all": [first.id, second.id], "open": [first.id], "gone": [second.id],
            "contractual": [first.id], "not": [second.id], "on the day": [],
            "day after": [first.id], "account": [second.id], "feature": [first.id],
        }  # fmt: skip

    def test_page_by_page(self, make: Make) -> None:
        made = [promise(make).id for _each in range(3)]

        first, cursor = commitments.list_commitments(make.session, make.boss, limit=2)
        rest, end = commitments.list_commitments(make.session, make.boss, limit=2, cursor=cursor)

        assert [each.id for each in (*first, *rest)] == made
        assert end is None

    def test_one(self, make: Make) -> None:
        made = promise(make)

        assert commitments.get_commitment(make.session, make.boss, made.id) == made

    def test_goes_along_with_a_merged_account(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        made, remains = promise(make), make.customer()

        accounts.merge_accounts(make.session, admin, policy, made.account["id"], remains.id)

        assert ledger(make)[0].account["id"] == remains.id
