"""The page of debts."""

from datetime import timedelta

from fastapi.testclient import TestClient

from models.base import utc_today
from models.user import Role, User
from tests.api.web.conftest import Browser
from tests.factories import Make


def late(make: Make, by: User, days: int = 14) -> None:
    """A debt of somebody that was due some days ago."""
    ask = make.ask(title=f"Asked of {by.name}")
    ask.logged_by, ask.answer_due_on = by.id, utc_today() - timedelta(days=days)
    make.session.add(ask)
    make.session.commit()


def test_people_and_teams_lead_to_their_asks(desk: TestClient, make: Make) -> None:
    late(make, make.user(Role.se, name="Sam", email="sam@x.example", team="R&D north"))
    late(make, make.user(Role.se, name="Jo", email="jo@x.example"))

    page = desk.get("/debts").text

    theirs, teams = (
        "/asks?show=overdue&amp;logged_by=sam%40x.example",
        "/asks?show=overdue&amp;team=R%26D+north",
    )
    assert theirs in page
    assert teams in page
    for link in (theirs, teams):
        listed = desk.get(link.replace("&amp;", "&")).text
        assert "Asked of Sam" in listed
        assert "Asked of Jo" not in listed


def test_nothing_is_owed(desk: TestClient) -> None:
    assert "Every ask has its answer." in desk.get("/debts").text


def test_a_person_who_left_is_marked(desk: TestClient, make: Make) -> None:
    sam = make.user(Role.se, name="Sam")
    late(make, sam)
    before = desk.get("/debts").text
    sam.active = False
    make.session.commit()

    page = desk.get("/debts").text

    assert "Locked out" in page
    assert "in the digests of the team" in page
    assert "ocked out" not in before


def test_asks_lead_to_debts(desk: TestClient) -> None:
    assert 'href="/debts"' in desk.get("/asks").text


def test_an_administrator_sets_a_team(browser_as: Browser, make: Make) -> None:
    sam = make.user(Role.se, name="Sam")
    boss = browser_as(Role.admin)

    boss.post(f"/admin/users/{sam.id}", data={"role": "se", "team": " North "})

    make.session.refresh(sam)
    assert sam.team == "North"
    make.session.commit()
    boss.post(f"/admin/users/{sam.id}", data={"role": "se", "team": ""})
    make.session.refresh(sam)
    assert sam.team is None


def test_locking_somebody_out_keeps_the_team(browser_as: Browser, make: Make) -> None:
    sam = make.user(Role.se, team="North")

    browser_as(Role.admin).post(f"/admin/users/{sam.id}", data={"active": "no"})

    make.session.refresh(sam)
    assert (sam.team, sam.active) == ("North", False)
