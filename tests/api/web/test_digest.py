"""The page of what one owes today."""

from datetime import timedelta

from models.base import utc_today
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make


def test_it_lists_what_is_owed(browser_as: Browser, make: Make) -> None:
    sam = make.user(Role.se)
    for title, days in [("Single sign-on", -10), ("Dark theme", 0)]:
        ask = make.ask(title=title)
        ask.logged_by, ask.answer_due_on = sam.id, utc_today() + timedelta(days=days)
        make.session.add(ask)
    make.session.commit()

    page = browser_as(Role.se, sam).get("/digest").text

    assert "10 days overdue" in page
    assert "Due within 2 working days" in page
    assert page.index("Single sign-on") < page.index("Dark theme")


def test_what_fell_to_one_says_whose_it_was(browser_as: Browser, make: Make) -> None:
    sam, jo = (make.user(Role.se, name=name, team="North") for name in ("Sam", "Jo"))
    for title, whose in [("Single sign-on", sam), ("Dark theme", jo)]:
        ask = make.ask(title=title)
        ask.logged_by, ask.answer_due_on = whose.id, utc_today() - timedelta(days=10)
        make.session.add(ask)
    sam.active = False
    make.session.commit()

    page = browser_as(Role.se, jo).get("/digest").text

    assert page.index("Dark theme") < page.index("formerly Sam") < page.index("Single sign-on")
    assert f'id="overdue-{sam.id}"' in page


def test_nothing_is_owed(browser_as: Browser) -> None:
    assert "You owe nothing today" in browser_as(Role.viewer).get("/digest").text


def test_a_pm_sees_what_to_decide(browser_as: Browser, make: Make) -> None:
    pat = make.user(Role.pm)
    feature = make.feature(title="Dark theme", demand_bar={"accounts": 1})
    make.ask(make.customer(), feature)

    page = browser_as(Role.pm, pat).get("/digest").text

    assert "To decide, since demand reached the bar" in page
    assert f'<a href="/features/{feature.id}">Dark theme</a>' in page
    assert "1 of 1 live customer<" in page
    assert "a change of its status takes a feature off" in page
