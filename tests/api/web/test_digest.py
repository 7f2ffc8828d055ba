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


def test_nothing_is_owed(browser_as: Browser) -> None:
    assert "You owe nothing today" in browser_as(Role.viewer).get("/digest").text
