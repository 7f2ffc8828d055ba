from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from models.account import Account, Contact
from models.ask import Ask, Source
from models.user import Role
from services.asks import due_on
from services.policy import Policy
from tests.api.web.conftest import Browser
from tests.factories import Make

FORM = {
    "account": "Acme",
    "domain": "acme.example",
    "title": "SAML single sign-on",
    "verbatim": "We cannot roll out without SAML.\r\nReally.",
    "why": "Security review",
    "importance": "blocker",
    "asked_on": "2026-11-20",
    "contact_name": "Kim Roe",
    "contact_email": "kim@acme.example",
}


def logged(session: Session) -> Any:
    """The only ask."""
    return session.exec(select(Ask)).one()


class TestLogAnAsk:
    def test_it_is_kept_as_typed(self, desk: TestClient, make: Make, session: Session) -> None:
        make.product()

        desk.post("/asks/new", data=FORM)

        ask = logged(session)
        assert ask.title == "SAML single sign-on"
        assert ask.verbatim == "We cannot roll out without SAML.\nReally."
        assert ask.importance == "blocker"
        assert ask.source == Source.form
        assert session.exec(select(Contact.email)).all() == ["kim@acme.example"]

    def test_its_page_comes_next_with_a_notice(self, desk: TestClient, make: Make) -> None:
        make.product()

        answer = desk.post("/asks/new", data=FORM)
        page = desk.get(answer.headers["location"])

        assert answer.status_code == 303
        assert "Logged. It is a debt from now on" in page.text
        assert "SAML single sign-on" in page.text

    def test_an_account_on_file_is_found_by_its_name(
        self, desk: TestClient, make: Make, session: Session
    ) -> None:
        make.product()
        account = make.account(name="Acme")

        desk.post("/asks/new", data=FORM | {"account": "acme", "domain": ""})

        assert logged(session).account_id == account.id

    def test_or_by_its_domain(self, desk: TestClient, make: Make, session: Session) -> None:
        make.product()
        account = make.account(name="Acme", domain="acme.example")

        desk.post("/asks/new", data=FORM | {"account": ""})

        assert logged(session).account_id == account.id

    def test_a_new_domain_makes_a_prospect(
        self, desk: TestClient, make: Make, session: Session
    ) -> None:
        make.product()

        desk.post("/asks/new", data=FORM)

        made = session.exec(select(Account)).one()
        assert (made.name, made.domain, made.lifecycle) == ("Acme", "acme.example", "prospect")

    def test_a_feature_triages_it(self, desk: TestClient, make: Make, session: Session) -> None:
        feature = make.feature()

        desk.post("/asks/new", data=FORM | {"feature_id": str(feature.id)})

        assert logged(session).feature_id == feature.id

    def test_the_only_product_is_chosen_already(self, desk: TestClient, make: Make) -> None:
        product = make.product(name="Atlas")

        page = desk.get("/asks/new")

        assert f'<option value="{product.id}" selected>Atlas</option>' in page.text

    def test_an_address_may_fill_it_in(self, desk: TestClient, make: Make) -> None:
        make.product()

        page = desk.get("/asks/new", params={"title": "Dark theme"})

        assert 'value="Dark theme"' in page.text

    def test_without_a_product_it_says_what_to_do(self, desk: TestClient) -> None:
        page = desk.get("/asks/new")

        assert "There is no product yet" in page.text


class TestWrongForm:
    @pytest.mark.parametrize(
        ("change", "field", "said"),
        [
            ({"title": ""}, "title", "is needed"),
            ({"title": "x" * 201}, "title", "200 characters"),
            ({"account": "", "domain": ""}, "account", "is needed"),
            ({"domain": ""}, "domain", "no account is called &#39;Acme&#39; yet"),
            ({"account": ""}, "account", "no account has this domain yet"),
            ({"domain": "no domain"}, "domain", "write it like acme.example"),
            ({"contact_email": "kim"}, "contact_email", "is no e-mail address"),
            ({"contact_name": ""}, "contact_name", "is needed"),
            ({"asked_on": "yesterday"}, "asked_on", "2026-11-23"),
            ({"asked_on": "2999-01-01"}, "asked_on", "is in the future"),
            ({"feature_id": "nothing"}, "feature_id", "UUID"),
        ],
    )
    def test_the_field_says_what_is_wrong(
        self, desk: TestClient, make: Make, change: dict[str, str], field: str, said: str
    ) -> None:
        make.product()

        answer = desk.post("/asks/new", data=FORM | change)

        fault = answer.text.partition(f'id="fault-{field}">')[2].partition("</p>")[0]
        assert answer.status_code == 422
        assert said in fault

    def test_what_was_typed_is_kept(self, desk: TestClient, make: Make) -> None:
        make.product()

        page = desk.post("/asks/new", data=FORM | {"title": ""}).text

        assert 'value="acme.example"' in page
        assert "We cannot roll out without SAML.\nReally.</textarea>" in page
        assert 'value="blocker" checked' in page
        assert 'value="kim@acme.example"' in page

    def test_nothing_is_kept_on_file(self, desk: TestClient, make: Make, session: Session) -> None:
        make.product()

        desk.post("/asks/new", data=FORM | {"asked_on": "2999-01-01"})

        assert session.exec(select(Ask)).all() == []
        assert session.exec(select(Account)).all() == []

    def test_two_products_need_a_choice(self, desk: TestClient, make: Make) -> None:
        make.product()
        make.product()

        answer = desk.post("/asks/new", data=FORM)

        assert answer.status_code == 422
        assert "since there are several products" in answer.text

    def test_two_accounts_of_one_name_need_a_domain(self, desk: TestClient, make: Make) -> None:
        make.product()
        make.account(name="Acme", domain="acme.example")
        make.account(name="ACME", domain="acme.test")

        answer = desk.post("/asks/new", data=FORM | {"domain": ""})

        assert "2 accounts have this name (acme.example, acme.test)" in answer.text

    def test_a_body_that_is_no_form_is_refused(self, desk: TestClient, make: Make) -> None:
        make.product()

        answer = desk.post("/asks/new", json=FORM)

        assert answer.status_code == 422
        assert "programs use /api/v1" in answer.text

    def test_too_many_fields_are_refused(self, desk: TestClient) -> None:
        answer = desk.post("/asks/new", data={f"f{number}": "x" for number in range(201)})

        assert answer.status_code == 422
        assert "more than 200 fields" in answer.text


class TestMay:
    def test_a_viewer_sees_no_way_to_log(self, browser_as: Browser) -> None:
        page = browser_as(Role.viewer).get("/asks")

        assert page.status_code == 200
        assert "Log an ask" not in page.text

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_viewer_is_refused(self, browser_as: Browser, method: str) -> None:
        answer = browser_as(Role.viewer).request(method, "/asks/new")

        assert answer.status_code == 403
        assert "Not permitted" in answer.text

    def test_an_account_manager_logs(self, browser_as: Browser, make: Make) -> None:
        make.product()

        answer = browser_as(Role.account_manager).post("/asks/new", data=FORM)

        assert answer.status_code == 303


class TestDeal:
    def test_an_open_deal_of_the_account_can_be_named(
        self, desk: TestClient, make: Make, session: Session
    ) -> None:
        make.product()
        account = make.account(name="Acme", domain="acme.example")
        deal = make.opportunity(account)

        desk.post("/asks/new", data=FORM | {"opportunity_id": str(deal.id)})

        assert logged(session).opportunity_id == deal.id

    def test_one_of_another_account_is_told(self, desk: TestClient, make: Make) -> None:
        make.product()
        make.opportunity(make.account(name="Acme", domain="acme.example"))
        other = make.opportunity(make.account(name="Other"))

        answer = desk.post("/asks/new", data=FORM | {"opportunity_id": str(other.id)})

        assert answer.status_code == 422
        assert "is a deal of another account" in answer.text

    def test_the_second_button_goes_on_to_the_answer(self, desk: TestClient, make: Make) -> None:
        make.product()

        answer = desk.post("/asks/new", data=FORM | {"then": "answer"})

        assert answer.headers["location"].endswith("?notice=logged#answer")

    def test_the_day_of_the_debt_is_shown(
        self, desk: TestClient, make: Make, policy: Policy
    ) -> None:
        make.product()

        page = desk.get("/asks/new").text

        assert f'due on <time datetime="{due_on(policy)}">' in page
