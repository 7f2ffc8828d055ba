"""Triage of many asks at once."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from models.ask import Ask
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make


def ticked(asks: list[Ask], feature_id: object = "") -> dict[str, Any]:
    """The form that triages many."""
    return {"ask_id": [str(ask.id) for ask in asks], "feature_id": str(feature_id)}


def test_those_ticked_are_for_the_feature(desk: TestClient, make: Make, session: Session) -> None:
    feature, asks = make.feature(), [make.ask(), make.ask()]

    answer = desk.post("/asks/triage", data=ticked(asks, feature.id))

    assert answer.headers["location"].startswith("/asks?show=untriaged&notice=triaged&was=")
    assert set(session.exec(select(Ask.feature_id)).all()) == {feature.id}


def test_it_can_be_taken_back(desk: TestClient, make: Make, session: Session) -> None:
    feature, asks = make.feature(), [make.ask(), make.ask()]
    done = desk.post("/asks/triage", data=ticked(asks, feature.id))
    offered = desk.get(done.headers["location"]).text

    desk.post("/asks/triage", data=ticked(asks) | {"undo": "yes"})

    assert "Take it back" in offered
    assert session.exec(select(Ask.feature_id)).all() == [None, None]


def test_one_that_cannot_be_is_told_and_the_others_are_kept(
    desk: TestClient, make: Make, session: Session
) -> None:
    feature, good = make.feature(), make.ask()
    bad = make.ask(title="Of another", product_id=make.product().id)

    answer = desk.post("/asks/triage", data=ticked([good, bad], feature.id))

    assert answer.status_code == 422
    assert "1 triaged; these were not" in answer.text
    assert "Of another: the feature is of another product than the ask." in answer.text
    session.expire_all()
    assert session.get_one(Ask, good.id).feature_id == feature.id


@pytest.mark.parametrize("change", [{"ask_id": []}, {"feature_id": ""}, {"feature_id": "x"}])
def test_without_a_choice_nothing_is_triaged(
    desk: TestClient, make: Make, session: Session, change: dict[str, Any]
) -> None:
    feature, ask = make.feature(), make.ask()

    answer = desk.post("/asks/triage", data=ticked([ask], feature.id) | change)

    assert answer.status_code == 422
    assert "Tick one ask at least" in answer.text
    assert session.exec(select(Ask.feature_id)).all() == [None]


def test_a_viewer_has_nothing_to_tick(browser_as: Browser, make: Make) -> None:
    make.ask(title="Dark theme")

    page = browser_as(Role.viewer).get("/asks?show=untriaged").text

    assert "Dark theme" in page
    assert 'type="checkbox" name="ask_id"' not in page
