"""Lists of asks: whose, and which first."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from models.ask import Ask
from models.base import utc_today
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make

FORM = {"account": "Acme", "domain": "acme.example", "title": "SAML single sign-on"}


def tab(page: str) -> str:
    """The one tab of the head that is said to be open."""
    head = page.partition('aria-label="Main">')[2].partition("</nav>")[0]
    (opened,) = re.findall(r'aria-current="page">([^<]+)</a>', head)
    return str(opened)


class TestList:
    def test_debts_come_first_and_alone(self, desk: TestClient, make: Make) -> None:
        make.ask(title="Owed")
        make.response(make.ask(title="Answered already"))

        page = desk.get("/asks?show=waiting")

        assert "Owed" in page.text
        assert "Answered already" not in page.text

    def test_an_overdue_one_says_how_late_it_is(self, desk: TestClient, make: Make) -> None:
        ask = make.ask(title="Late")
        ask.answer_due_on = utc_today() - timedelta(days=3)
        make.session.add(ask)
        make.session.commit()

        page = desk.get("/asks?show=overdue")

        assert "Late" in page.text
        assert "3 days overdue" in page.text

    def test_words_are_searched(self, desk: TestClient, make: Make) -> None:
        make.ask(title="Dark theme")
        make.ask(title="Single sign-on")

        page = desk.get("/asks?q=theme")

        assert "Dark theme" in page.text
        assert "Single sign-on" not in page.text

    def test_a_feature_opens_onto_its_asks(self, desk: TestClient, make: Make) -> None:
        feature = make.feature(title="Dark theme")
        make.ask(title="For this", feature=feature)
        make.ask(title="For none")

        page = desk.get(f"/asks?show=all&feature_id={feature.id}")

        assert "For this" in page.text
        assert "For none" not in page.text
        assert "<strong>Dark theme</strong>" in page.text

    def test_more_than_a_page_goes_on(self, desk: TestClient, make: Make) -> None:
        for number in range(51):
            make.ask(title=f"Wish {number:02}")

        first = desk.get("/asks?show=waiting")
        link = first.text.partition('class="pager"><a class="button quiet" href="')[2]
        second = desk.get(link.partition('"')[0].replace("&amp;", "&"))

        assert "Wish 49" in first.text
        assert "Wish 50" not in first.text
        assert "Wish 50" in second.text
        assert "Wish 49" not in second.text

    @pytest.mark.parametrize("show", ["waiting", "overdue", "untriaged", "revisit", "all"])
    def test_an_empty_one_says_so(self, desk: TestClient, show: str) -> None:
        page = desk.get(f"/asks?show={show}")

        assert page.status_code == 200
        assert 'class="empty"' in page.text

    @pytest.mark.parametrize("query", ["show=maybe", "cursor=nonsense", "feature_id=x"])
    def test_an_address_that_makes_no_sense_is_told(self, desk: TestClient, query: str) -> None:
        answer = desk.get(f"/asks?{query}")

        assert answer.status_code == 422
        assert "What to do" in answer.text


class TestNotTold:
    def test_each_leads_to_the_note_that_they_were_told(self, desk: TestClient, make: Make) -> None:
        ask = make.ask(title="Dark mode")
        make.response(ask)

        assert f'<a href="/asks/{ask.id}#told">' in desk.get("/asks?show=not_told").text
        assert "#told" not in desk.get("/asks?show=answered").text


class TestByAnswer:
    @pytest.fixture
    def answered(self, make: Make) -> dict[str, Ask]:
        """Asks of which the first was answered last."""
        found = {title: make.ask(title=title) for title in ("Of spring", "Of summer", "Of autumn")}
        for ask in reversed(found.values()):
            make.response(ask)
        return found

    @pytest.mark.parametrize("show", ["answered", "not_told"])
    def test_the_newest_answer_is_first_however_old_the_ask_is(
        self, desk: TestClient, answered: dict[str, Ask], show: str
    ) -> None:
        page = desk.get(f"/asks?show={show}").text

        places = [page.index(f">{title}</a>") for title in answered]
        assert places == sorted(places)
        assert page.count('data-label="Answered"') == 3

    def test_another_answer_brings_an_ask_to_the_top(
        self, desk: TestClient, make: Make, answered: dict[str, Ask]
    ) -> None:
        make.response(answered["Of autumn"], supersedes_reason="A closer look")

        page = desk.get("/asks?show=answered").text

        assert page.index(">Of autumn</a>") < page.index(">Of spring</a>")


class TestMyDay:
    @pytest.fixture
    def mine(self, browser_as: Browser, make: Make) -> TestClient:
        """The browser of an SE whose own asks are answered but for one."""
        browser = browser_as(Role.se, make.user(Role.se))
        product = make.product()
        for title in ("Owed", "Said"):
            browser.post("/asks/new", data=FORM | {"title": title, "product_id": str(product.id)})
        make.response(make.session.exec(select(Ask).where(Ask.title == "Said")).one())
        make.response(make.ask(title="Of another", product_id=product.id))
        return browser

    def test_below_the_debts_stands_what_else_is_to_do(self, mine: TestClient) -> None:
        page = mine.get("/asks").text

        owed, told, answered = (
            page.index(text) for text in (">Owed</a>", ">Not told</h2>", ">Recently answered</h2>")
        )
        assert owed < told < answered
        assert page.count(">Said</a>") == 2
        assert "To revisit:" not in page
        assert "Of another" not in page

    def test_of_a_long_part_it_says_how_many_there_are_in_all(
        self, browser_as: Browser, make: Make
    ) -> None:
        sam = make.user(Role.se)
        for _each in range(7):
            ask = make.ask()
            ask.logged_by = sam.id
            make.response(ask)

        page = browser_as(Role.se, sam).get("/asks?mine=yes").text
        part = page.partition('id="also-not_told"')[2].partition("</section>")[0]

        assert ">See all 7<" in part
        assert part.count('data-label="Answered"') == 5

    def test_a_search_shows_what_was_searched_for_alone(self, mine: TestClient) -> None:
        assert "Recently answered" not in mine.get("/asks?show=waiting&mine=yes&q=Owed").text

    def test_everybodys_list_is_a_list(self, mine: TestClient) -> None:
        assert "Recently answered" not in mine.get("/asks?show=waiting").text


class TestMine:
    def test_who_logged_them_is_not_said(self, browser_as: Browser, make: Make) -> None:
        user = make.user(Role.se)
        browser = browser_as(Role.se, user)
        browser.post("/asks/new", data=FORM | {"product_id": str(make.product().id)})

        assert "Logged by" not in browser.get("/asks").text
        assert "Logged by" in browser.get("/asks?show=all").text

    def test_an_se_begins_with_the_own(self, desk: TestClient, make: Make) -> None:
        make.ask(title="Of another")

        page = desk.get("/asks").text

        assert "<h1>My asks</h1>" in page
        assert "Of another" not in page

    def test_an_se_has_a_tab_for_the_own(self, desk: TestClient) -> None:
        assert tab(desk.get("/asks").text) == "My asks"
        assert tab(desk.get("/asks?mine=yes&show=not_told").text) == "My asks"
        assert tab(desk.get("/asks?show=waiting").text) == "Asks"
        assert tab(desk.get("/demand").text) == "Demand"

    def test_a_pm_has_one_tab_for_all(self, browser_as: Browser) -> None:
        page = browser_as(Role.pm).get("/asks?mine=yes").text

        assert tab(page) == "Asks"
        assert ">My asks</a>" not in page

    def test_a_pm_begins_with_everybodys(self, browser_as: Browser, make: Make) -> None:
        make.ask(title="Of another")

        assert "Of another" in browser_as(Role.pm).get("/asks").text

    def test_only_what_i_logged(self, browser_as: Browser, make: Make) -> None:
        user = make.user(Role.se)
        browser = browser_as(Role.se, user)
        make.ask(title="Of another")
        product = make.product()
        browser.post(
            "/asks/new",
            data={
                "account": "Acme",
                "domain": "acme.example",
                "title": "Of mine",
                "product_id": str(product.id),
                "importance": "important",
            },
        )

        page = browser.get("/asks?mine=yes").text

        assert "Of mine" in page
        assert "Of another" not in page

    def test_what_was_answered_and_not_told_is_a_list_of_its_own(
        self, desk: TestClient, make: Make
    ) -> None:
        make.response(make.ask(title="Dark theme"), kind="no", basis="out_of_scope")
        make.ask(title="Still waiting")

        page = desk.get("/asks?show=not_told").text

        assert "Dark theme" in page
        assert "Still waiting" not in page
