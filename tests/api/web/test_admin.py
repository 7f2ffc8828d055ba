"""Administration: products and bars, people, keys, connectors."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from models.connector import Connector
from models.product import Product
from models.user import Role, User
from tests.api.web.conftest import Browser
from tests.factories import Make


@pytest.fixture
def office(browser_as: Browser) -> TestClient:
    """The browser of an administrator."""
    return browser_as(Role.admin)


def shown(page: str) -> str:
    """What is shown once."""
    found = re.search(r'class="said"><code>([^<]+)</code>', page)
    assert found is not None
    return found[1]


def only_connector(make: Make) -> Connector:
    """The one that there is; the database is free to be written to afterwards."""
    found = make.session.exec(select(Connector)).one()
    make.session.commit()
    return found


class TestProducts:
    def test_one_is_made_with_its_bar(self, office: TestClient, make: Make) -> None:
        answer = office.post(
            "/admin/products",
            data={
                "name": "Atlas",
                "maturity": "early",
                "bar_accounts": "10",
                "bar_amount": "250,000",
                "bar_currency": "USD",
            },
        )

        assert answer.status_code == 303
        page = office.get("/admin/products").text
        assert "10 live customers and $250,000 of their ARR" in page

    @pytest.mark.parametrize(
        ("field", "typed"),
        [("bar_accounts", "ten"), ("bar_accounts", "0"), ("bar_amount", "much"), ("name", "")],
    )
    def test_what_is_wrong_is_told_at_its_field(
        self, office: TestClient, field: str, typed: str
    ) -> None:
        data = {"name": "Atlas", "maturity": "early", "bar_currency": "USD", field: typed}

        answer = office.post("/admin/products", data=data)

        assert answer.status_code == 422
        assert f'id="fault-{field}"' in answer.text

    def test_an_emptied_bar_is_none(self, office: TestClient, make: Make) -> None:
        product = make.product(name="Atlas", demand_bar={"accounts": 3})

        office.post(f"/admin/products/{product.id}", data={"name": "Atlas", "maturity": "early"})

        make.session.expire_all()
        assert make.session.get_one(Product, product.id).demand_bar is None

    def test_the_form_shows_what_stands(self, office: TestClient, make: Make) -> None:
        product = make.product(demand_bar={"arr": {"amount": "5000", "currency": "EUR"}})

        page = office.get(f"/admin/products/{product.id}").text

        assert 'value="5000.00"' in page
        assert 'value="EUR"' in page

    def test_a_pm_is_shown_no_people(self, browser_as: Browser) -> None:
        browser = browser_as(Role.pm)

        assert browser.get("/admin").headers["location"] == "/admin/products"
        assert "/admin/users" not in browser.get("/admin/products").text


class TestPeople:
    def test_whoever_is_invited_signs_in_by_the_link(
        self, office: TestClient, visitor: TestClient
    ) -> None:
        made = office.post(
            "/admin/users", data={"name": "Kim", "email": "kim@nomaybe.example", "role": "se"}
        )
        path = "/sign-in/" + shown(made.text).split("/sign-in/")[1]

        assert visitor.post(path).status_code == 303

    def test_an_email_that_somebody_has_is_told(self, office: TestClient, make: Make) -> None:
        user = make.user()

        answer = office.post(
            "/admin/users", data={"name": "Kim", "email": user.email, "role": "se"}
        )

        assert answer.status_code == 422
        assert "already" in answer.text

    def test_another_role_and_no_way_in(self, office: TestClient, make: Make) -> None:
        user = make.user(Role.se)

        office.post(f"/admin/users/{user.id}", data={"role": "pm"})
        office.post(f"/admin/users/{user.id}", data={"active": "no"})

        make.session.expire_all()
        kept = make.session.get_one(User, user.id)
        assert (kept.role, kept.active) == (Role.pm, False)

    def test_a_role_that_is_none_is_told(self, office: TestClient, make: Make) -> None:
        assert office.post(f"/admin/users/{make.user().id}", data={"role": "x"}).status_code == 422

    def test_a_new_link_is_shown(self, office: TestClient, make: Make) -> None:
        made = office.post(f"/admin/users/{make.user().id}/link")

        assert "/sign-in/" in shown(made.text)


class TestKeys:
    def test_a_key_is_shown_once_and_works_until_revoked(
        self, office: TestClient, anybody: TestClient
    ) -> None:
        secret = shown(office.post("/admin/keys", data={"name": "CI", "scopes": "asks:read"}).text)
        headers = {"Authorization": f"Bearer {secret}"}
        before = anybody.get("/api/v1/asks", headers=headers).status_code
        page = office.get("/admin/keys").text
        path = re.search(r'action="(/admin/keys/[^"]+/revoke)"', page)
        assert path is not None
        office.post(path[1])

        assert before == 200
        assert secret not in page
        assert anybody.get("/api/v1/asks", headers=headers).status_code == 401

    def test_without_a_scope_none_is_made(self, office: TestClient) -> None:
        assert office.post("/admin/keys", data={"name": "CI"}).status_code == 422


class TestConnectors:
    @pytest.mark.parametrize("kind", ["generic", "standard_webhooks"])
    def test_a_secret_is_made_and_shown_once(self, office: TestClient, kind: str) -> None:
        secret = shown(office.post("/admin/connectors", data={"name": "CRM", "kind": kind}).text)
        page = office.get("/admin/connectors").text

        assert f"/hooks/{kind}/" in page
        assert secret not in page

    def test_what_the_page_says_delivers(
        self, office: TestClient, anybody: TestClient, make: Make
    ) -> None:
        made = office.post("/admin/connectors", data={"name": "CRM", "kind": "generic"}).text
        connector = only_connector(make)

        answer = anybody.post(
            f"/hooks/generic/{connector.id}",
            json={"title": "Dark theme", "account": {"name": "Acme", "domain": "acme.example"}},
            headers={"Authorization": f"Bearer {shown(made)}"},
        )

        assert answer.status_code == 200

    def test_a_short_secret_is_told_at_its_field(self, office: TestClient) -> None:
        answer = office.post(
            "/admin/connectors", data={"name": "CRM", "kind": "generic", "secret": "short"}
        )

        assert answer.status_code == 422
        assert 'id="fault-secret"' in answer.text

    def test_it_is_turned_off_and_given_another_secret(
        self, office: TestClient, make: Make
    ) -> None:
        office.post("/admin/connectors", data={"name": "CRM", "kind": "generic"})
        connector = only_connector(make)
        sealed = connector.sealed_secret

        office.post(f"/admin/connectors/{connector.id}", data={"enabled": "no"})
        office.post(f"/admin/connectors/{connector.id}", data={"secret": "x" * 20})

        make.session.expire_all()
        kept = make.session.get_one(Connector, connector.id)
        assert not kept.enabled
        assert kept.sealed_secret != sealed

    def test_a_short_new_secret_is_told(self, office: TestClient, make: Make) -> None:
        office.post("/admin/connectors", data={"name": "CRM", "kind": "generic"})
        connector = only_connector(make)

        answer = office.post(f"/admin/connectors/{connector.id}", data={"secret": "short"})

        assert answer.status_code == 422
