"""What the page of an ask says once it is answered."""

from datetime import timedelta

from fastapi.testclient import TestClient

from models.base import utc_today
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make

NO = {"kind": "no", "basis": "not_planned"}


class TestNext:
    def test_the_notice_leads_to_the_own_ask_that_is_due_first(
        self, browser_as: Browser, make: Make
    ) -> None:
        sam = make.user(Role.se)
        make.ask(title="Of another")
        now, following, last = (make.ask(title=title) for title in ("Now", "Then", "Last"))
        for days, ask in enumerate((following, now, last)):
            ask.logged_by, ask.answer_due_on = sam.id, utc_today() + timedelta(days=days)
        make.session.commit()
        browser = browser_as(Role.se, sam)

        answer = browser.post(f"/asks/{now.id}/responses", data=NO)
        page = browser.get(answer.headers["location"]).text

        assert f'Next: <a href="/asks/{following.id}">Then</a> (2 left)' in page
        # It is the first thing in the page that one can follow.
        assert page.partition("<main")[2].partition('href="')[2].startswith(f"/asks/{following.id}")

    def test_after_the_own_come_everybodys(self, desk: TestClient, make: Make) -> None:
        ask, other = make.ask(), make.ask(title="Of another")

        desk.post(f"/asks/{ask.id}/responses", data=NO)
        page = desk.get(f"/asks/{ask.id}?notice=told").text

        assert "Nothing of your own waits. Next of everybody's: " in page
        assert f'<a href="/asks/{other.id}">Of another</a> (1 left)' in page

    def test_at_the_end_nothing_waits(self, desk: TestClient, make: Make) -> None:
        ask = make.ask()
        answer = desk.post(f"/asks/{ask.id}/responses", data=NO)

        assert "Nothing waits for you." in desk.get(answer.headers["location"]).text
        assert "Nothing waits for you." not in desk.get(f"/asks/{ask.id}").text

    def test_a_viewer_is_offered_none(self, browser_as: Browser, make: Make) -> None:
        ask = make.ask()

        assert "Next" not in browser_as(Role.viewer).get(f"/asks/{ask.id}?notice=answered").text


class TestGiven:
    def test_an_answer_that_nobody_was_told_says_so(self, desk: TestClient, make: Make) -> None:
        ask = make.ask()
        owed = desk.get(f"/asks/{ask.id}").text
        make.response(ask)
        untold = desk.get(f"/asks/{ask.id}").text
        desk.post(f"/asks/{ask.id}/told", data={"channel": "call", "on": "2026-01-05"})
        told = desk.get(f"/asks/{ask.id}").text

        assert [">Answers given</h2>" in page for page in (owed, untold)] == [False, True]
        assert [page.count("not told yet") for page in (owed, untold, told)] == [0, 1, 0]

    def test_one_that_was_superseded_before_will_not_be_told_any_more(
        self, desk: TestClient, make: Make
    ) -> None:
        ask = make.ask()
        make.response(ask)
        make.response(ask, supersedes_reason="A closer look")

        page = desk.get(f"/asks/{ask.id}").text

        assert page.count("not told yet") == 1
        assert page.count("· not told") == 2
