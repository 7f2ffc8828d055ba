"""A yes that rests on what is so no longer does not stay the answer of its ask."""

from typing import Any

import pytest

from models.ask import Ask, AskState
from models.feature import Feature
from services import commitments, features
from tests.factories import Make
from tests.services.test_commitments import change, promise

AVAILABLE: dict[str, Any] = {"kind": "yes", "basis": "available", "how": "Under Settings."}
GONE: dict[str, Any] = {"status": "declined", "decline_reason": "Nobody used it."}


def shipped(make: Make) -> Feature:
    return make.feature(status="shipped", title="SSO")


def state(make: Make, ask: Ask) -> AskState:
    make.session.refresh(ask)
    return ask.state


def test_a_promise_that_was_released_is_no_answer_when_the_plan_goes(make: Make) -> None:
    ask = make.ask(make.customer(), make.planned())
    made = promise(make, ask)
    commitments.release_commitment(make.session, make.boss, made.id, "They waived it.")
    assert state(make, ask) is AskState.answered

    change(make, made.feature["id"], **GONE)

    assert state(make, ask) is AskState.unanswered
    assert make.response(ask).supersedes_reason == "They waived it."


@pytest.mark.parametrize(
    "becomes", [GONE, {"status": "candidate"}, {"status": "planned", "target_on": "2100-03-01"}]
)
def test_what_is_shipped_no_more_is_not_there_today(make: Make, becomes: dict[str, Any]) -> None:
    feature = shipped(make)
    ask = make.ask(make.customer(), feature)
    make.response(ask, **AVAILABLE)

    change(make, feature.id, **becomes)

    assert state(make, ask) is AskState.unanswered


def test_the_reason_is_that_of_the_feature(make: Make) -> None:
    feature = shipped(make)
    ask = make.ask(make.customer(), feature)
    make.response(ask, **AVAILABLE)
    change(make, feature.id, **GONE)

    assert make.response(ask).supersedes_reason == "'SSO' is declined: Nobody used it."


def test_what_holds_stays(make: Make) -> None:
    feature = make.planned()
    around, promised, refused = (make.ask(make.customer(), feature) for _each in range(3))
    make.response(around, **AVAILABLE, workaround=True)
    promise(make, promised)
    make.response(refused)

    change(make, feature.id, status="in_progress")
    change(make, feature.id, status="shipped")
    change(make, feature.id, status="planned")
    assert state(make, promised) is AskState.answered

    change(make, feature.id, **GONE, override_reason="It broke.")
    assert state(make, promised) is AskState.unanswered
    assert [state(make, ask) for ask in (around, refused)] == [AskState.answered] * 2


def test_asks_of_a_feature_that_was_merged_into_it_come_along(make: Make) -> None:
    feature, gone = shipped(make), shipped(make)
    ask = make.ask(make.customer(), gone)
    make.response(ask, **AVAILABLE)
    features.merge_features(make.session, make.boss, make.policy, gone.id, feature.id)
    change(make, feature.id, **GONE)

    assert state(make, ask) is AskState.unanswered
