"""The report of debts over the API."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from models.base import utc_today
from models.user import Role
from tests.factories import Make

DEBTS = "/api/v1/debts"


def test_holds_sums_and_the_list(se: TestClient, make: Make) -> None:
    sam = make.user(Role.se, name="Sam", team="North")
    ask = make.ask(title="SSO")
    ask.logged_by, ask.answer_due_on = sam.id, utc_today() - timedelta(days=14)
    ask.owed_since = utc_today() - timedelta(days=21)
    make.session.add(ask)
    make.session.commit()

    found = se.get(DEBTS).json()

    assert found["totals"] == {
        "asks": 1,
        "overdue": 1,
        "due_soon": 0,
        "age": {"median": 15.0, "worst": 15},
    }
    assert found["people"][0]["person"]["email"] == sam.email
    assert found["teams"][0]["team"] == "North"
    assert found["items"][0]["title"] == "SSO"
    assert found["next_cursor"] is None


def test_filters_are_those_named(se: TestClient, make: Make) -> None:
    make.ask()

    assert se.get(f"{DEBTS}?overdue=true").json()["items"] == []
    assert se.get(f"{DEBTS}?team=North&team=South").json()["totals"]["asks"] == 0
    assert se.get(f"{DEBTS}?snooze=true").status_code == 422


@pytest.mark.parametrize("team", ["", "x" * 65, "a\nb"])
def test_a_team_is_a_word(boss: TestClient, team: str) -> None:
    new = {"email": "kim@acme.example", "name": "Kim", "role": "se", "team": team}

    assert boss.post("/api/v1/users", json=new).status_code == 422


def test_a_person_changes_teams_and_leaves_them(boss: TestClient) -> None:
    new = {"email": "kim@acme.example", "name": "Kim", "role": "se", "team": "North"}
    kim = boss.post("/api/v1/users", json=new).json()
    address, any_version = f"/api/v1/users/{kim['id']}", {"If-Match": "*"}

    assert kim["team"] == "North"
    moved = boss.patch(address, json={"team": "South"}, headers=any_version).json()
    assert moved["team"] == "South"
    assert boss.patch(address, json={"team": None}, headers=any_version).json()["team"] is None
