"""Accounts: one for each company, whatever other systems call it."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from models.account import Account, Contact
from tests.factories import Make

ACCOUNTS = "/api/v1/accounts"
ANY = {"If-Match": "*"}
WHOLE = {
    "name": "Acme",
    "domain": "acme.example",
    "lifecycle": "customer",
    "arr": {"amount": "120000.00", "currency": "USD"},
    "segment": "enterprise",
    "industry": "Banking",
    "region": "EMEA",
    "tags": ["gdpr", "hipaa"],
    "owner_email": "kim@nomaybe.example",
    "renews_on": "2027-03-31",
    "external_refs": [{"source": "hubspot", "id": "7"}],
}


def slug(answer: Any) -> str:
    """Which problem an answer is."""
    return str(answer.json()["type"]).removeprefix("/problems/")


class TestCreate:
    def test_needs_only_a_name(self, se: TestClient) -> None:
        made = se.post(ACCOUNTS, json={"name": "Acme"}).json()

        assert made.pop("id")
        assert made == {
            "name": "Acme",
            "domain": None,
            "lifecycle": "prospect",
            "arr": None,
            "segment": None,
            "industry": None,
            "region": None,
            "tags": [],
            "owner_email": None,
            "renews_on": None,
            "external_refs": [],
            "merged_into": None,
        }

    def test_keeps_all_that_is_said(self, se: TestClient) -> None:
        answer = se.post(ACCOUNTS, json=WHOLE)

        assert answer.status_code == 201
        assert se.get(answer.headers["Location"]).json() == {
            **WHOLE,
            "id": answer.json()["id"],
            "merged_into": None,
        }

    @pytest.mark.parametrize(
        ("said", "kept"), [("ACME.Example.", "acme.example"), ("münchen.example", None)]
    )
    def test_a_domain_is_written_one_way(self, se: TestClient, said: str, kept: str | None) -> None:
        made = se.post(ACCOUNTS, json={"name": "Acme", "domain": said}).json()

        assert made["domain"] == (kept or said)

    def test_a_domain_belongs_to_one(self, se: TestClient, make: Make) -> None:
        other = make.account(domain="acme.example")

        answer = se.post(ACCOUNTS, json={"name": "Acme", "domain": "Acme.example"})

        assert (answer.status_code, slug(answer)) == (409, "domain-taken")
        assert answer.json()["account_id"] == str(other.id)

    def test_a_reference_names_one(self, se: TestClient, make: Make) -> None:
        make.account(external_refs=[{"source": "hubspot", "id": "7"}])

        answer = se.post(ACCOUNTS, json=WHOLE)

        assert (answer.status_code, slug(answer)) == (409, "reference-taken")

    def test_the_same_id_of_another_system_is_another_name(
        self, se: TestClient, make: Make
    ) -> None:
        make.account(external_refs=[{"source": "pipedrive", "id": "7"}])

        assert se.post(ACCOUNTS, json=WHOLE).status_code == 201

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("domain", "https://acme.example"),
            ("domain", "acme"),
            ("lifecycle", "maybe"),
            ("arr", "120000"),
            ("arr", {"amount": "1.005", "currency": "USD"}),
            ("arr", {"amount": "1000000000000.01", "currency": "USD"}),
            ("arr", {"amount": "1e5", "currency": "USD"}),
            ("arr", {"amount": "1", "currency": "XAU"}),
            ("segment", "huge"),
            ("tags", [""]),
            ("tags", ["x"] * 51),
            ("owner_email", "kim"),
            ("renews_on", "31.03.2027"),
            ("renews_on", 20270331),
            ("renews_on", "1806451200"),
            ("external_refs", [{"source": "hubspot"}]),
            ("merged_into", None),
            ("version", 1),
        ],
    )
    def test_a_wrong_field_is_named(self, se: TestClient, field: str, value: Any) -> None:
        answer = se.post(ACCOUNTS, json={"name": "Acme", field: value})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"][:2] == ["body", field]


class TestList:
    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({}, ["Acme", "Bolt", "Élan"]),
            ({"lifecycle": "customer"}, ["Acme"]),
            ({"lifecycle": ["customer", "churned"]}, ["Acme", "Bolt"]),
            ({"segment": "smb"}, ["Bolt"]),
            ({"domain": "ACME.example"}, ["Acme"]),
            ({"q": "acme.ex"}, ["Acme"]),
            ({"q": "élAN"}, ["Élan"]),
            ({"q": "%"}, []),
            ({"q": "_"}, []),
        ],
    )
    def test_filters(
        self, se: TestClient, make: Make, query: dict[str, Any], names: list[str]
    ) -> None:
        make.account(name="Acme", domain="acme.example", lifecycle="customer")
        make.account(name="Bolt", lifecycle="churned", segment="smb")
        make.account(name="Élan")

        found = se.get(ACCOUNTS, params=query).json()["items"]

        assert [each["name"] for each in found] == names


class TestChange:
    def test_what_is_left_out_stays(self, se: TestClient) -> None:
        made = se.post(ACCOUNTS, json=WHOLE)

        answer = se.patch(
            made.headers["Location"], json={"region": "APAC"}, headers={"If-Match": '"1"'}
        )

        assert answer.json() == {**made.json(), "region": "APAC"}

    def test_references_are_added(self, se: TestClient) -> None:
        made = se.post(ACCOUNTS, json=WHOLE)
        more = {"external_refs": [{"source": "pipedrive", "id": "9"}]}

        answer = se.patch(made.headers["Location"], json=more, headers=ANY)

        assert [each["id"] for each in answer.json()["external_refs"]] == ["7", "9"]
        assert answer.headers["ETag"] == '"2"'

    def test_takes_no_domain_of_another(self, se: TestClient, make: Make) -> None:
        make.account(domain="acme.example")
        account = make.account()

        answer = se.patch(f"{ACCOUNTS}/{account.id}", json={"domain": "acme.example"}, headers=ANY)

        assert (answer.status_code, slug(answer)) == (409, "domain-taken")

    def test_its_own_domain_is_no_news(self, se: TestClient, make: Make) -> None:
        account = make.account(domain="acme.example")

        answer = se.patch(f"{ACCOUNTS}/{account.id}", json={"domain": "ACME.example"}, headers=ANY)

        assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')

    @pytest.mark.parametrize(
        "field", ["domain", "arr", "segment", "industry", "region", "owner_email", "renews_on"]
    )
    def test_forgets_what_is_set_to_null(self, se: TestClient, field: str) -> None:
        made = se.post(ACCOUNTS, json=WHOLE)

        answer = se.patch(made.headers["Location"], json={field: None}, headers=ANY)

        assert answer.json()[field] is None

    @pytest.mark.parametrize("field", ["name", "lifecycle", "tags", "external_refs"])
    def test_nothing_needed_becomes_null(self, se: TestClient, make: Make, field: str) -> None:
        account = make.account()

        answer = se.patch(f"{ACCOUNTS}/{account.id}", json={field: None}, headers=ANY)

        assert answer.status_code == 422


class TestByReference:
    URL = f"{ACCOUNTS}/by-ref/hubspot/7"

    def test_makes_what_is_not_there(self, se: TestClient) -> None:
        answer = se.put(self.URL, json={"name": "Acme"})

        assert answer.status_code == 201
        assert answer.json()["external_refs"] == [{"source": "hubspot", "id": "7"}]
        assert se.get(answer.headers["Location"]).json() == answer.json()

    def test_changes_what_is_there(self, se: TestClient) -> None:
        made = se.put(self.URL, json={"name": "Acme", "region": "EMEA"})

        answer = se.put(self.URL, json={"lifecycle": "customer"})

        assert answer.status_code == 200
        assert answer.json() == {**made.json(), "lifecycle": "customer"}
        assert "Location" not in answer.headers

    def test_a_new_one_needs_a_name(self, se: TestClient) -> None:
        answer = se.put(self.URL, json={"region": "EMEA"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "name"]

    @pytest.mark.parametrize("key", ["a/b", "00Q%2F1", "é", "a b", "100%25"])
    def test_any_line_is_an_external_id(self, se: TestClient, key: str) -> None:
        answer = se.put(f"{ACCOUNTS}/by-ref/crm/{key}", json={"name": "Acme"})

        assert answer.status_code == 201
        assert se.put(f"{ACCOUNTS}/by-ref/crm/{key}", json={}).status_code == 200

    def test_follows_a_merge(self, se: TestClient, make: Make) -> None:
        gone = se.put(self.URL, json={"name": "Acme"}).json()
        rest = make.account()
        se.post(f"{ACCOUNTS}/{gone['id']}/merge", json={"into": str(rest.id)})

        answer = se.put(self.URL, json={"region": "EMEA"})

        assert (answer.status_code, answer.json()["id"]) == (200, str(rest.id))


class TestMerge:
    def test_moves_everything_to_the_one_that_remains(self, se: TestClient, make: Make) -> None:
        gone = make.account(external_refs=[{"source": "hubspot", "id": "7"}])
        rest = make.account()
        ask = make.ask(gone, contact={"name": "Kim Roe", "email": "kim@acme.example"})
        deal = make.opportunity(gone)

        answer = se.post(f"{ACCOUNTS}/{gone.id}/merge", json={"into": str(rest.id)})

        assert answer.json()["external_refs"] == [{"source": "hubspot", "id": "7"}]
        assert se.get(f"/api/v1/asks/{ask.id}").json()["account"]["id"] == str(rest.id)
        assert se.get(f"/api/v1/opportunities/{deal.id}").json()["account_id"] == str(rest.id)
        make.session.expire_all()
        assert make.session.exec(select(Contact.account_id)).all() == [rest.id]

    def test_the_merged_one_stays_readable(self, se: TestClient, make: Make) -> None:
        gone, rest = make.account(), make.account()

        se.post(f"{ACCOUNTS}/{gone.id}/merge", json={"into": str(rest.id)})

        assert se.get(f"{ACCOUNTS}/{gone.id}").json()["merged_into"] == str(rest.id)
        listed = se.get(ACCOUNTS).json()["items"]
        assert [each["id"] for each in listed] == [str(rest.id)]

    def test_those_merged_before_follow(self, se: TestClient, make: Make) -> None:
        first, second, third = make.account(), make.account(), make.account()

        for gone, rest in ((first, second), (second, third)):
            se.post(f"{ACCOUNTS}/{gone.id}/merge", json={"into": str(rest.id)})

        assert se.get(f"{ACCOUNTS}/{first.id}").json()["merged_into"] == str(third.id)

    def test_an_ask_for_the_merged_one_is_of_the_one_that_remains(
        self, se: TestClient, make: Make
    ) -> None:
        gone, rest = make.account(domain="acme.example"), make.account()
        make.product()
        se.post(f"{ACCOUNTS}/{gone.id}/merge", json={"into": str(rest.id)})

        for named in ({"id": str(gone.id)}, {"domain": "acme.example", "name": "Acme"}):
            ask = se.post("/api/v1/asks", json={"account": named, "title": "SSO"})
            assert ask.json()["account"]["id"] == str(rest.id)

    def test_the_merged_one_is_changed_no_more(self, se: TestClient, make: Make) -> None:
        gone, rest = make.account(), make.account()
        se.post(f"{ACCOUNTS}/{gone.id}/merge", json={"into": str(rest.id)})

        changed = se.patch(f"{ACCOUNTS}/{gone.id}", json={"region": "EMEA"}, headers=ANY)
        merged = se.post(f"{ACCOUNTS}/{gone.id}/merge", json={"into": str(rest.id)})
        target = se.post(f"{ACCOUNTS}/{rest.id}/merge", json={"into": str(gone.id)})

        assert [slug(each) for each in (changed, merged, target)] == ["merged"] * 3
        assert changed.json()["merged_into"] == str(rest.id)

    def test_not_into_itself_or_nothing(self, se: TestClient, make: Make) -> None:
        account = make.account()

        for into in (account.id, uuid4()):
            answer = se.post(f"{ACCOUNTS}/{account.id}/merge", json={"into": str(into)})
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["loc"] == ["body", "into"]

    def test_not_one_that_is_not_there(self, se: TestClient, make: Make) -> None:
        rest = make.account()

        answer = se.post(f"{ACCOUNTS}/{uuid4()}/merge", json={"into": str(rest.id)})

        assert answer.status_code == 404

    def test_is_a_new_version_of_both(self, se: TestClient, make: Make) -> None:
        gone, rest = make.account(), make.account()

        answer = se.post(f"{ACCOUNTS}/{gone.id}/merge", json={"into": str(rest.id)})

        assert answer.headers["ETag"] == '"2"'
        make.session.expire_all()
        assert make.session.get_one(Account, gone.id).version == 2
