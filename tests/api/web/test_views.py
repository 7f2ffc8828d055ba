import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from api.web.templating import ENVIRONMENT
from models.user import Role
from tests.api.web.conftest import Browser

BANKS = {"name": "Banks", "industry": "Banking", "sort": "-asks"}
BANKS_HREF = "/demand?industry=Banking&amp;sort=-asks"


def save(desk: TestClient, **fields: str) -> Response:
    """Send the form that keeps a view."""
    return desk.post("/demand/views", data=BANKS | fields)


def delete_link(page: str) -> str:
    """Where the button goes that deletes the view shown."""
    found = re.search(r'action="(/demand/views/[^"]+/delete)"', page)
    return found[1] if found else ""


class TestSaving:
    def test_a_view_is_a_tab_that_opens_its_filters_and_order(self, desk: TestClient) -> None:
        answer = save(desk)

        assert answer.headers["location"] == (
            "/demand?industry=Banking&sort=-asks&notice=view_saved"
        )
        assert f'<a href="{BANKS_HREF}">Banks</a>' in desk.get("/demand").text

    def test_the_view_shown_is_marked(self, desk: TestClient) -> None:
        save(desk)

        page = desk.get("/demand?sort=-asks&industry=Banking").text

        assert f'<a href="{BANKS_HREF}" aria-current="true">Banks</a>' in page

    def test_a_comparison_is_kept(self, desk: TestClient) -> None:
        save(desk, compare="previous", asked_since="2026-06-01", asked_until="2026-06-30")

        assert (
            "/demand?industry=Banking&amp;asked_since=2026-06-01&amp;asked_until=2026-06-30"
            "&amp;compare=previous&amp;sort=-asks"
        ) in desk.get("/demand").text

    def test_it_is_seen_by_nobody_else(self, browser_as: Browser, desk: TestClient) -> None:
        save(desk)

        assert "Banks</a>" not in browser_as(Role.admin).get("/demand").text

    def test_somebody_else_may_use_the_name(self, browser_as: Browser, desk: TestClient) -> None:
        save(desk)

        assert save(browser_as(Role.viewer)).status_code == 303

    @pytest.mark.parametrize(
        ("name", "said"), [("", "at least 1"), ("x" * 61, "at most 60"), ("a\nb", "U+000A")]
    )
    def test_a_name_that_is_none_comes_back(self, desk: TestClient, name: str, said: str) -> None:
        answer = save(desk, name=name)

        assert answer.status_code == 422
        assert said in answer.text
        assert '<input type="hidden" name="industry" value="Banking">' in answer.text

    def test_a_name_in_use_is_told_and_kept_in_the_field(self, desk: TestClient) -> None:
        save(desk)

        answer = save(desk, industry="Retail")

        assert answer.status_code == 422
        assert "You have a view &#39;Banks&#39; already" in answer.text
        assert 'value="Banks"' in answer.text

    def test_filters_that_are_none_are_refused(self, desk: TestClient) -> None:
        assert save(desk, segment="huge").status_code == 422

    def test_the_fifty_first_is_refused(self, desk: TestClient) -> None:
        for number in range(50):
            save(desk, name=f"View {number}")

        answer = save(desk, name="One more")

        assert answer.status_code == 422
        assert "50 is the most" in answer.text


class TestDeleting:
    def test_a_deleted_view_is_gone_and_its_board_stays(self, desk: TestClient) -> None:
        save(desk)
        link = delete_link(desk.get("/demand?industry=Banking&sort=-asks").text)

        answer = desk.post(link)

        assert answer.headers["location"] == "/demand?industry=Banking&sort=-asks&deleted=Banks"
        assert "Banks</a>" not in desk.get("/demand").text

    def test_it_can_be_taken_back(self, desk: TestClient) -> None:
        save(desk)
        link = delete_link(desk.get("/demand?industry=Banking&sort=-asks").text)
        page = desk.get(desk.post(link).headers["location"]).text
        undo = page.split("is deleted")[1].split("</form>")[0]

        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', undo))
        desk.post("/demand/views", data=fields)

        assert fields == BANKS
        assert f'<a href="{BANKS_HREF}">Banks</a>' in desk.get("/demand").text

    def test_somebody_elses_is_not_there(self, browser_as: Browser, desk: TestClient) -> None:
        save(desk)
        link = delete_link(desk.get("/demand?industry=Banking&sort=-asks").text)

        answer = browser_as(Role.admin).post(link)

        assert answer.status_code == 404
        assert "Banks</a>" in desk.get("/demand").text


class TestStyleguide:
    def test_it_is_not_there_outside_the_demo(self, desk: TestClient) -> None:
        assert desk.get("/styleguide").status_code == 404

    def test_it_shows_every_part(self, app: FastAPI, desk: TestClient) -> None:
        app.state.demo = True
        loader = ENVIRONMENT.loader
        assert loader is not None
        parts, guide = (
            loader.get_source(ENVIRONMENT, name)[0]
            for name in ("components.html", "styleguide.html")
        )

        answer = desk.get("/styleguide")

        names = set(re.findall(r"macro (\w+)\(", parts)) - {
            "describing",
            "htmx",
        }  # neither shows anything
        assert answer.status_code == 200
        assert {name for name in names if f"ui.{name}(" not in guide} == set()
