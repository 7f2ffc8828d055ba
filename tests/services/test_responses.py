"""The rules of yes, no and ranked, and each way in which an answer is refused (R1, R3, R4, R5)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError
from sqlmodel import col, select

from models.ask import Ask, AskState
from models.base import new_id, utc_today
from models.feature import Feature, FeatureChange
from models.response import (
    Basis,
    Response,
    ResponseChoice,
    ResponseKind,
    ResponseNew,
)
from models.user import Role
from services import asks, features
from services.errors import DomainError, NotFound
from services.permissions import Caller, NotPermitted
from services.policy import Policy
from services.responses import give_response, list_responses
from services.users import caller_for
from tests.factories import Make

NO = {"kind": "no", "basis": "not_planned"}
SHORT = {"kind": "no", "basis": "insufficient_demand"}
COMMITTED = {"kind": "yes", "basis": "committed"}
AVAILABLE = {"kind": "yes", "basis": "available", "how": "Settings > Security"}
HEDGED = "Thanks for asking. We'll look into it."
_NEW: TypeAdapter[Any] = TypeAdapter(ResponseNew)


def answer(make: Make, ask: Ask, given: dict[str, Any], **more: Any) -> Response:
    """Answer an ask as JSON would."""
    new = _NEW.validate_python({**given, **more})
    return give_response(make.session, make.boss, make.policy, ask.id, new)


def refused(make: Make, ask: Ask, given: dict[str, Any], **more: Any) -> DomainError:
    """The error that an answer is refused with; nothing may be left of it."""
    before = list_responses(make.session, make.boss, ask.id)

    with pytest.raises(DomainError) as caught:
        answer(make, ask, given, **more)

    make.session.commit()  # nothing was written before the refusal, so there is nothing to undo
    assert list_responses(make.session, make.boss, ask.id) == before
    return caught.value


class TestYes:
    def test_available_says_how(self, make: Make) -> None:
        ask = make.ask(feature=make.feature(status="shipped"))

        response = answer(make, ask, AVAILABLE)

        assert (response.kind, response.basis) == (ResponseKind.yes, Basis.available)
        assert response.how == "Settings > Security"
        assert (ask.state, ask.response_id) == (AskState.answered, response.id)

    def test_available_by_a_workaround(self, make: Make) -> None:
        response = answer(make, make.ask(feature=make.feature()), AVAILABLE, workaround=True)

        assert response.workaround

    @pytest.mark.parametrize("status", ["candidate", "declined", "planned", "in_progress"])
    def test_available_needs_it_shipped(self, status: str, make: Make) -> None:
        feature = make.planned(status=status, decline_reason="No.")

        error = refused(make, make.ask(feature=feature), AVAILABLE)

        assert error.slug == "not-available"

    @pytest.mark.parametrize("status", ["planned", "in_progress"])
    def test_committed_by_a_pm(self, status: str, make: Make) -> None:
        response = answer(make, make.ask(feature=make.planned(status=status)), COMMITTED)

        assert response.basis is Basis.committed

    @pytest.mark.parametrize("status", ["candidate", "shipped", "declined"])
    def test_nobody_promises_what_no_pm_committed(self, status: str, make: Make) -> None:
        feature = make.planned(status=status, decline_reason="No.")

        error = refused(make, make.ask(feature=feature), COMMITTED)

        assert error.slug == "not-committed"
        assert "What can be said: no (not_planned), or ranked" in error.detail

    def test_the_refusal_says_what_can_be_said_instead(self, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 5})

        error = refused(make, make.ask(feature=feature), COMMITTED)

        assert "no (not_planned, insufficient_demand), or ranked" in error.detail

    @pytest.mark.parametrize("status", ["planned", "in_progress"])
    def test_nobody_promises_a_day_that_has_passed(self, status: str, make: Make) -> None:
        feature = make.planned(utc_today() - timedelta(days=1), status=status)

        error = refused(make, make.ask(feature=feature), COMMITTED)

        assert error.slug == "not-committed"
        assert "that day has passed" in error.detail
        assert "no (not_planned), or ranked" in error.detail

    def test_today_is_a_day_to_promise(self, make: Make) -> None:
        response = answer(make, make.ask(feature=make.planned(utc_today())), COMMITTED)

        assert response.basis is Basis.committed

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"kind": "yes", "basis": "available"}, "needs `how`"),
            ({**COMMITTED, "how": "Here"}, "go with `available`"),
            ({**COMMITTED, "workaround": True}, "go with `available`"),
            ({**AVAILABLE, "contractual": True}, "only a `committed` yes"),
            ({**COMMITTED, "contract_reference": "4.2"}, "needs `contractual: true`"),
            ({"kind": "yes", "basis": "not_planned"}, "basis"),
            ({"kind": "no", "basis": "available"}, "basis"),
            ({"kind": "no"}, "basis"),
            ({**NO, "how": "Here"}, "how"),
            ({"kind": "ranked", "order": [], "basis": "available"}, "basis"),
            ({"kind": "ranked"}, "order"),
        ],
    )
    def test_an_answer_that_makes_no_sense_cannot_be_built(
        self, given: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(ValidationError, match=said):
            _NEW.validate_python(given)

    @pytest.mark.parametrize("kind", ["maybe", "YES", "", None, 1, ["yes"], {"yes": 1}])
    def test_there_is_no_fourth_kind(self, kind: Any) -> None:
        with pytest.raises(ValidationError, match="There is no maybe"):
            _NEW.validate_python({"kind": kind, "basis": "available"})


class TestNo:
    @pytest.mark.parametrize("basis", ["not_planned", "out_of_scope"])
    def test_can_be_said_untriaged(self, basis: str, make: Make) -> None:
        response = answer(make, make.ask(), {"kind": "no", "basis": basis})

        assert response.feature_id is None

    @pytest.mark.parametrize(
        "given", [AVAILABLE, COMMITTED, SHORT, {"kind": "ranked", "order": [str(new_id())] * 3}]
    )
    def test_nothing_else_can(self, given: dict[str, Any], make: Make) -> None:
        assert refused(make, make.ask(), given).slug == "untriaged"

    def test_lack_of_demand_needs_a_bar(self, make: Make) -> None:
        assert refused(make, make.ask(feature=make.feature()), SHORT).slug == "no-bar"

    def test_lack_of_demand_is_no_reason_above_the_bar(self, make: Make) -> None:
        ask = make.ask(make.customer(), make.feature(demand_bar={"accounts": 1}))

        assert refused(make, ask, SHORT).slug == "demand-bar-reached"

    def test_a_product_may_set_the_bar(self, make: Make) -> None:
        make.product(demand_bar={"accounts": 5})

        response = answer(make, make.ask(feature=make.feature()), SHORT)

        assert response.evidence["bar"] == {"accounts": 5, "arr": None}


class TestRanked:
    def among(self, make: Make, **fields: Any) -> list[Feature]:
        """The asked feature, which is not shown else, and two that are."""
        return [make.feature(), *(make.feature(shareable=True, **fields) for _each in range(2))]

    def test_keeps_the_order(self, make: Make) -> None:
        asked, one, two = self.among(make)
        order = [str(one.id), str(asked.id), str(two.id)]

        response = answer(make, make.ask(feature=asked), {"kind": "ranked", "order": order})

        kept = select(ResponseChoice).where(ResponseChoice.response_id == response.id)
        rows = make.session.exec(kept.order_by(col(ResponseChoice.position))).all()
        assert [(row.position, str(row.feature_id)) for row in rows] == [*enumerate(order, 1)]
        assert response.basis is None

    @pytest.mark.parametrize("fault", ["unknown", "twice", "hidden", "merged", "elsewhere"])
    def test_a_place_at_fault_is_named(
        self, fault: str, make: Make, admin: Caller, policy: Policy
    ) -> None:
        asked, one, two = self.among(make)
        ids = {"unknown": new_id(), "twice": one.id, "hidden": make.feature().id}
        if fault == "merged":
            features.merge_features(make.session, admin, policy, two.id, one.id)
            ids["merged"] = two.id
        if fault == "elsewhere":
            other = make.product()
            ids["elsewhere"] = make.feature(product_id=other.id, shareable=True).id
        order = [str(asked.id), str(one.id), str(ids[fault])]

        error = refused(make, make.ask(feature=asked), {"kind": "ranked", "order": order})

        assert error.slug == "not-a-strict-order"
        assert [each["loc"] for each in error.errors] == [["body", "order", 2]]

    @pytest.mark.parametrize(
        ("places", "said"),
        [
            ([], "lacks the asked feature"),
            ([1, 2], "lacks the asked feature"),
            ([0], "at least two other features besides the asked one, has 0"),
            ([0, 1], "has 1"),
        ],
    )
    def test_too_few_are_no_order(self, places: list[int], said: str, make: Make) -> None:
        three = self.among(make)
        order = [str(three[place].id) for place in places]

        error = refused(make, make.ask(feature=three[0]), {"kind": "ranked", "order": order})

        assert error.slug == "not-a-strict-order"
        assert said in error.detail

    def test_is_about_the_feature_that_remains(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        gone, one, two = self.among(make)
        ask, remains = make.ask(feature=gone), make.feature()
        features.merge_features(make.session, admin, policy, gone.id, remains.id)
        order = [str(each.id) for each in (one, remains, two)]

        response = answer(make, ask, {"kind": "ranked", "order": order})

        assert response.feature_id == remains.id


class TestWords:
    def test_a_hedge_is_pointed_at(self, make: Make) -> None:
        error = refused(make, make.ask(), NO, message=HEDGED)

        assert error.slug == "hedged-message"
        assert len(error.errors) == 1
        span = error.errors[0]
        assert HEDGED[span["start"] : span["end"]] == span["phrase"]
        assert span["phrase"] in error.detail
        assert span["suggestion"]
        assert span["loc"] == ["body", "message"]

    def test_an_se_may_insist_with_a_reason_that_is_kept(self, make: Make) -> None:
        response = answer(
            make, make.ask(), NO, message=HEDGED, hedge_override="Their lawyer's words."
        )

        assert response.hedge_override == "Their lawyer's words."
        assert [each["phrase"] for each in response.hedges]

    def test_an_override_of_nothing_is_not_counted(self, make: Make) -> None:
        straight = "No, this is not in our plan."

        response = answer(make, make.ask(), NO, message=straight, hedge_override="Just in case.")

        assert response.hedge_override is None
        assert response.hedges == []

    def test_a_blank_of_our_own_wording_is_never_sent(self, make: Make) -> None:
        said = "No, this will not ship on <date>."

        error = refused(make, make.ask(), NO, message=said, hedge_override="Their words.")

        assert error.errors[0]["loc"] == ["body", "message"]
        assert "`<date>`" in error.detail

    def test_words_that_say_the_opposite_are_refused(self, make: Make) -> None:
        error = refused(make, make.ask(), NO, message="Yes, it ships on 1 March 2027.")

        assert error.slug == "contradicting-message"

    def test_words_that_say_the_opposite_stand_with_a_reason_that_is_kept(self, make: Make) -> None:
        said = "Yes, it ships on 1 March 2027."

        response = answer(make, make.ask(), NO, message=said, hedge_override="It is a quotation.")

        assert response.hedge_override == "It is a quotation."
        assert response.hedges[0]["phrase"] == said


class TestLine:
    def test_a_second_answer_must_say_why(self, make: Make) -> None:
        ask = make.ask()
        first = make.response(ask)

        error = refused(make, ask, NO)

        assert error.slug == "already-answered"
        assert ask.response_id == first.id

    def test_a_changed_mind_is_a_new_answer(self, make: Make) -> None:
        ask = make.ask()
        first = make.response(ask)

        second = answer(make, ask, NO, supersedes_reason="It was the wrong reason.")
        third = answer(make, ask, NO, supersedes_reason="Once more.")

        assert (second.supersedes, third.supersedes) == (first.id, second.id)
        assert ask.response_id == third.id
        assert list_responses(make.session, make.boss, ask.id) == [first, second, third]

    def test_the_line_holds_where_clocks_differ(self, make: Make) -> None:
        ask = make.ask()
        first = make.response(ask)
        early = UUID("00000000-0000-7000-8000-000000000000")  # a server whose clock is behind
        second = Response(
            id=early,
            ask_id=ask.id,
            kind=ResponseKind.no,
            basis=Basis.not_planned,
            evidence=first.evidence,
            author_id=make.boss.id,
            supersedes=first.id,
        )
        make.session.add(second)
        make.session.flush()

        third = answer(make, ask, NO, supersedes_reason="Again.")

        assert third.supersedes == early
        assert list_responses(make.session, make.boss, ask.id) == [first, second, third]

    def test_a_first_answer_supersedes_nothing(self, make: Make) -> None:
        error = refused(make, make.ask(), NO, supersedes_reason="Why not.")

        assert error.errors[0]["loc"] == ["body", "supersedes_reason"]

    def test_a_withdrawn_ask_has_no_answer(self, make: Make) -> None:
        ask = make.ask()
        asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, "They left.")

        assert refused(make, ask, NO).slug == "withdrawn"

    def test_an_unknown_ask_is_not_there(self, make: Make) -> None:
        with pytest.raises(NotFound):
            give_response(make.session, make.boss, make.policy, new_id(), _NEW.validate_python(NO))

    def test_an_account_manager_may_not_answer(self, make: Make) -> None:
        ask, manager = make.ask(), caller_for(make.user(Role.account_manager))

        with pytest.raises(NotPermitted):
            give_response(make.session, manager, make.policy, ask.id, _NEW.validate_python(NO))


class TestEvidence:
    def test_is_what_the_facts_were(self, make: Make, admin: Caller, policy: Policy) -> None:
        feature = make.feature(demand_bar={"accounts": 3})
        ask = make.ask(make.customer("600.10"), feature)
        make.ask(make.customer(None), feature)
        make.ask(make.account(), feature)
        make.customer()
        response = answer(make, ask, SHORT)
        make.session.commit()

        change = FeatureChange(status="planned", target_on=date(2027, 1, 1), demand_bar=None)
        features.change_feature(make.session, admin, policy, feature.id, change)
        make.session.commit()
        make.session.refresh(response)

        assert response.evidence == {
            "feature_status": "candidate",
            "target_on": None,
            "live_accounts_asking": 2,
            "live_accounts": 3,
            "arr_asking": {"amount": "600.10", "currency": "USD"},
            "bar": {"accounts": 3, "arr": None},
        }

    def test_untriaged_has_no_figures_of_a_feature(self, make: Make) -> None:
        make.customer()

        response = answer(make, make.ask(), NO)

        assert response.evidence["live_accounts"] == 1
        assert response.evidence["live_accounts_asking"] is None
