"""The first run: an administrator is led from an empty service to the first ask."""

import pytest
from fastapi.testclient import TestClient

from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make

PRODUCT = {"name": "Atlas", "maturity": "early", "bar_currency": "USD"}


@pytest.fixture
def office(browser_as: Browser) -> TestClient:
    """The browser of the only person there is, an administrator."""
    return browser_as(Role.admin)


def badges(page: str) -> list[str]:
    """What is said of each of the three steps."""
    heads = page.split('<h2 id="step-')[1:]
    return [each.split('class="badge')[1].split(">")[1].split("<")[0] for each in heads]


class TestHome:
    def test_it_leads_an_administrator_to_the_first_steps(self, office: TestClient) -> None:
        assert office.get("/").headers["location"] == "/welcome"

    def test_without_an_ask_it_still_does(self, office: TestClient, make: Make) -> None:
        make.product()

        assert office.get("/").headers["location"] == "/welcome"

    def test_with_an_ask_it_is_the_demand_again(self, office: TestClient, make: Make) -> None:
        make.ask()

        assert office.get("/").headers["location"] == "/demand"

    def test_an_se_goes_to_the_own_asks(self, desk: TestClient) -> None:
        assert desk.get("/").headers["location"] == "/asks?mine=yes"

    @pytest.mark.parametrize("role", [Role.pm, Role.account_manager, Role.viewer])
    def test_everybody_else_goes_to_the_demand(self, browser_as: Browser, role: Role) -> None:
        assert browser_as(role).get("/").headers["location"] == "/demand"


class TestSteps:
    def test_at_first_the_product_is_next(self, office: TestClient) -> None:
        assert badges(office.get("/welcome").text) == ["Next", "Later", "Later"]

    def test_the_product_is_made_here_with_its_bar(self, office: TestClient) -> None:
        answer = office.post("/welcome", data=PRODUCT | {"bar_accounts": "10"})

        assert answer.headers["location"] == "/welcome?notice=created"
        assert badges(office.get("/welcome").text) == ["Done", "Next", "Next"]
        assert "10 live customers" in office.get("/admin/products").text

    def test_what_is_wrong_with_it_is_told_and_what_was_typed_stays(
        self, office: TestClient
    ) -> None:
        answer = office.post("/welcome", data=PRODUCT | {"bar_accounts": "ten"})

        assert answer.status_code == 422
        assert 'id="fault-bar_accounts"' in answer.text
        assert 'value="Atlas"' in answer.text

    def test_somebody_invited_is_a_step_done(self, office: TestClient, make: Make) -> None:
        make.user(Role.se)

        assert badges(office.get("/welcome").text)[1] == "Done"

    def test_when_all_is_done_it_says_so(self, office: TestClient, make: Make) -> None:
        make.ask()

        page = office.get("/welcome").text

        assert badges(page) == ["Done", "Done", "Done"]
        assert "All is set up" in page

    def test_a_pm_is_not_shown_them(self, browser_as: Browser) -> None:
        assert browser_as(Role.pm).get("/welcome").status_code == 403
