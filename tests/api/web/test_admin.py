"""Administration: products and bars, people, keys, connectors."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from models.connector import Connector, ConnectorKind
from models.product import Product
from models.user import ApiKey, Role, Scope, User
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

    def test_what_its_bar_was_before_is_shown(self, office: TestClient, make: Make) -> None:
        product = make.product(name="Atlas", demand_bar={"accounts": 3})

        office.post(
            f"/admin/products/{product.id}",
            data={
                "name": "Atlas",
                "maturity": "early",
                "bar_accounts": "8",
                "bar_reason": "We grew.",
            },
        )

        page = office.get(f"/admin/products/{product.id}").text
        assert "From 3 live customers to 8 live customers: <q>We grew.</q>" in page

    def test_a_new_name_is_no_change_of_the_bar(self, office: TestClient, make: Make) -> None:
        product = make.product(name="Atlas", demand_bar={"accounts": 3})

        office.post(
            f"/admin/products/{product.id}",
            data={"name": "Globe", "maturity": "early", "bar_accounts": "3"},
        )

        assert "It was never changed." in office.get(f"/admin/products/{product.id}").text

    def test_what_somebody_changed_meanwhile_is_not_overwritten(
        self, office: TestClient, make: Make
    ) -> None:
        product = make.product(name="Atlas")
        data = {"name": "Mine", "maturity": "early", "version": str(product.version)}
        office.post(f"/admin/products/{product.id}", data=data | {"name": "Theirs"})

        answer = office.post(f"/admin/products/{product.id}", data=data)

        assert answer.status_code == 422
        assert "somebody changed them meanwhile" in answer.text
        assert 'value="Mine"' in answer.text
        make.session.expire_all()
        assert make.session.get_one(Product, product.id).name == "Theirs"

    def test_what_is_kept_all_the_same_overwrites(self, office: TestClient, make: Make) -> None:
        product = make.product(name="Atlas")
        data = {"name": "Mine", "maturity": "early", "version": str(product.version)}
        office.post(f"/admin/products/{product.id}", data=data | {"name": "Theirs"})
        page = office.post(f"/admin/products/{product.id}", data=data).text
        version = re.search(r'name="version" value="(\d+)"', page)
        assert version is not None

        office.post(f"/admin/products/{product.id}", data=data | {"version": version[1]})

        make.session.expire_all()
        assert make.session.get_one(Product, product.id).name == "Mine"

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

    def test_the_last_administrator_stays_one_and_is_told_why(
        self, browser_as: Browser, make: Make
    ) -> None:
        only = make.user(Role.admin)
        office = browser_as(Role.admin, only)

        answer = office.post(f"/admin/users/{only.id}", data={"role": "se"})

        assert answer.status_code == 422
        assert "Make somebody else an administrator first." in answer.text

    def test_who_gives_administration_up_is_led_out_of_it(
        self, browser_as: Browser, make: Make
    ) -> None:
        own = make.user(Role.admin)
        make.user(Role.admin)
        office = browser_as(Role.admin, own)

        answer = office.post(f"/admin/users/{own.id}", data={"role": "se"})

        assert (answer.status_code, answer.headers["location"]) == (303, "/")

    @pytest.mark.parametrize("part", ["users/{}", "users/{}/link"])
    def test_who_had_to_sign_in_again_arrives_at_the_list(
        self, office: TestClient, make: Make, part: str
    ) -> None:
        answer = office.get(f"/admin/{part.format(make.user().id)}")

        assert answer.headers["location"] == f"/admin/{part.partition('/')[0]}"

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
        path = re.search(r'href="(/admin/keys/[^"]+/revoke)"', page)
        assert path is not None
        office.post(path[1])

        assert before == 200
        assert secret not in page
        assert anybody.get("/api/v1/asks", headers=headers).status_code == 401

    def test_before_it_is_revoked_one_is_asked_and_nothing_happened_yet(
        self, office: TestClient, anybody: TestClient, make: Make
    ) -> None:
        secret = make.key(make.user(Role.pm), Scope.demand_read)
        key = make.session.exec(select(ApiKey)).one()

        page = office.get(f"/admin/keys/{key.id}/revoke").text

        assert secret[:12] in page
        assert "read demand and its evidence" in page
        headers = {"Authorization": f"Bearer {secret}"}
        assert anybody.get("/api/v1/me", headers=headers).status_code == 200

    def test_one_that_is_revoked_is_not_offered_again(self, office: TestClient, make: Make) -> None:
        make.key(make.user(Role.pm))
        path = f"/admin/keys/{make.session.exec(select(ApiKey)).one().id}/revoke"
        make.session.commit()

        office.post(path)

        assert f'action="{path}"' not in office.get(path).text

    def test_without_a_scope_none_is_made(self, office: TestClient) -> None:
        answer = office.post("/admin/keys", data={"name": "CI"})

        assert answer.status_code == 422
        assert 'href="#scopes"' in answer.text


class TestConnectors:
    @pytest.mark.parametrize("kind", [*ConnectorKind])
    def test_a_secret_is_made_and_shown_once(self, office: TestClient, kind: str) -> None:
        secret = shown(office.post("/admin/connectors", data={"name": "CRM", "kind": kind}).text)
        page = office.get("/admin/connectors").text

        assert f"/hooks/{kind}/" in page
        assert secret not in page

    def test_what_else_is_typed_are_settings(self, office: TestClient, make: Make) -> None:
        data = {"name": "CRM", "kind": "hubspot", "title": "wish", "organization_id": "4811"}

        office.post("/admin/connectors", data=data | {"make_accounts": "on"})

        settings = only_connector(make).settings
        assert settings["fields"] == {"title": "wish"}
        assert (settings["organization_id"], settings["make_accounts"]) == ("4811", True)

    def test_an_organization_that_cannot_be_is_told_at_its_field(self, office: TestClient) -> None:
        data = {"name": "CRM", "kind": "salesforce", "organization_id": "no-id"}

        answer = office.post("/admin/connectors", data=data)

        assert answer.status_code == 422
        assert 'id="fault-organization_id"' in answer.text

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

    def test_a_secret_that_is_made_anew_delivers_and_the_old_one_does_not(
        self, office: TestClient, anybody: TestClient, make: Make
    ) -> None:
        first = shown(
            office.post("/admin/connectors", data={"name": "CRM", "kind": "generic"}).text
        )
        path = str(only_connector(make).id)
        wish = {"title": "Dark theme", "account": {"name": "Acme", "domain": "acme.example"}}

        second = shown(office.post(f"/admin/connectors/{path}", data={"make": "yes"}).text)

        answers = [
            anybody.post(
                f"/hooks/generic/{path}", json=wish, headers={"Authorization": f"Bearer {secret}"}
            ).status_code
            for secret in (first, second)
        ]
        assert answers == [401, 200]

    def test_no_new_secret_is_no_change(self, office: TestClient, make: Make) -> None:
        office.post("/admin/connectors", data={"name": "CRM", "kind": "generic"})
        connector = only_connector(make)

        answer = office.post(f"/admin/connectors/{connector.id}", data={"secret": " "})

        assert answer.status_code == 422
        assert f'id="fault-{connector.id}"' in answer.text

    def test_a_secret_of_ones_own_is_not_shown(self, office: TestClient) -> None:
        data = {"name": "CRM", "kind": "generic", "secret": "x" * 20}

        answer = office.post("/admin/connectors", data=data)

        assert answer.headers["location"].endswith("?notice=created")

    def test_a_short_new_secret_is_told(self, office: TestClient, make: Make) -> None:
        office.post("/admin/connectors", data={"name": "CRM", "kind": "generic"})
        connector = only_connector(make)

        answer = office.post(f"/admin/connectors/{connector.id}", data={"secret": "short"})

        assert answer.status_code == 422
