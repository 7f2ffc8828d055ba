"""`nomaybe reconcile`: what is peculiar to one CRM."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from models.base import utc_now
from services.settings import Settings
from tests.api.cli.reconciling import EARLIER, Side, side_of
from tests.crm_samples import ASK_FIELD
from tests.vendors.server import TOKEN, Fault, served

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def hubspot(boss: TestClient, database_url: str, settings: Settings) -> Iterator[Side]:
    """HubSpot, served."""
    found = side_of("hubspot", boss, database_url, settings)
    with served(found.vendor):
        yield found


@pytest.fixture
def pipedrive(boss: TestClient, database_url: str, settings: Settings) -> Iterator[Side]:
    """Pipedrive, served."""
    found = side_of("pipedrive", boss, database_url, settings)
    with served(found.vendor):
        yield found


class TestHubSpot:
    def test_companies_people_and_deals_belong_together(self, hubspot: Side) -> None:
        side, crm = hubspot, hubspot.vendor
        crm.put("companies", 5, EARLIER, name="Initech", domain="initech.example")
        crm.put(
            "contacts", 7, EARLIER, email="kim@initech.example", firstname="Kim", lastname="Roe"
        )
        side.put(1, "Single sign-on")
        crm.links["deals", 1, "companies"] = [(6, ""), (5, "Primary")]
        crm.links["deals", 1, "contacts"] = [(7, "")]

        side.run()

        (ask,) = side.crm.asks()
        account = side.crm.sender.boss.get(f"/api/v1/accounts/{ask['account']['id']}").json()
        assert (account["name"], account["domain"]) == ("Initech", "initech.example")
        assert ask["contact"]["name"] == "Kim Roe"

    def test_tickets_are_asked_for_where_the_settings_say_so(self, hubspot: Side) -> None:
        side = hubspot
        side.vendor.put("tickets", 3, EARLIER, subject="Help", feature_request="Audit log")
        side.vendor.links["tickets", 3, "companies"] = [(5, "")]
        settings = side.crm.sender.connector["settings"]
        side.crm.sender.change(settings=settings | {"reconcile": ["ticket"]})

        side.run()

        assert side.titles() == ["Audit log"]

    def test_a_connector_without_an_organization_is_told_which(
        self, hubspot: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings = hubspot.crm.sender.connector["settings"]
        hubspot.crm.sender.change(settings=settings | {"organization_id": None})

        assert hubspot.run() == 1

        assert "The token reads organization 48" in capsys.readouterr().err

    @pytest.mark.parametrize("ids", [[2, 1], [1, 1], ["one"], [None]], ids=str)
    def test_records_that_are_not_in_order_end_the_run(
        self, hubspot: Side, ids: list[Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        answer = Fault(200, {"total": 2, "results": [{"id": each} for each in ids]})
        hubspot.vendor.faults = [None, answer]

        assert hubspot.run() == 1

        assert "Nothing was skipped" in capsys.readouterr().err

    def test_an_unreadable_record_is_parked_once(self, hubspot: Side) -> None:
        hubspot.put(1, "Single\x00sign-on")

        hubspot.run()
        hubspot.run()

        (delivery,) = hubspot.crm.sender.inbox()
        assert delivery["state"] == "parked"

    def test_a_run_begins_where_the_last_one_began_with_an_hour_of_overlap(
        self, hubspot: Side
    ) -> None:
        before = utc_now()
        hubspot.run()

        stands = hubspot.stands()
        assert stands.finished_at is not None
        assert before <= stands.finished_at <= utc_now()
        assert stands.since == stands.finished_at - timedelta(hours=1)


class TestPipedrive:
    @pytest.fixture
    def options(self, pipedrive: Side) -> Side:
        options = [{"id": 13, "label": "Audit log"}, {"id": 14, "label": "Single sign-on"}]
        pipedrive.vendor.fields["dealFields"] = [
            {"field_code": ASK_FIELD, "field_type": "set", "options": options}
        ]
        return pipedrive

    def told(self, side: Side, value: Any) -> list[str]:
        fields = {"org_id": 5, "custom_fields": {ASK_FIELD: value}}
        side.vendor.put("deals", 1, EARLIER, title="Deal", **fields)
        side.run()
        return side.titles()

    def test_options_are_told_by_what_they_are_called(self, options: Side) -> None:
        assert self.told(options, [13, 14]) == ["Audit log, Single sign-on"]

    def test_one_option_too(self, options: Side) -> None:
        options.vendor.fields["dealFields"][0]["field_type"] = "enum"

        assert self.told(options, 14) == ["Single sign-on"]

    def test_an_option_that_is_not_known_is_parked(self, options: Side) -> None:
        assert self.told(options, [99]) == []
        assert "has the option 99" in options.crm.sender.inbox()[0]["reason"]

    def test_the_company_of_the_settings_is_believed_where_it_does_not_say(
        self, pipedrive: Side
    ) -> None:
        pipedrive.put(1, "Single sign-on")
        pipedrive.vendor.faults = [Fault(404)]

        assert pipedrive.run() == 0

        assert pipedrive.titles() == ["Single sign-on"]

    def test_a_deleted_deal_leaves_its_ask_with_a_mark(self, pipedrive: Side) -> None:
        pipedrive.webhook(1, "Single sign-on", EARLIER)
        pipedrive.vendor.put(
            "deals", 1, EARLIER + timedelta(days=1), status="deleted", is_deleted=True
        )

        pipedrive.run()

        (ask,) = pipedrive.crm.asks()
        assert ask["source_deleted_at"].startswith("2026-10-02")


class TestToken:
    def test_is_write_only(self, hubspot: Side) -> None:
        boss, path = hubspot.crm.sender.boss, hubspot.crm.sender.connector["id"]
        seen = boss.get(f"/api/v1/connectors/{path}")

        assert seen.json()["has_token"] is True
        assert TOKEN not in seen.text

    @pytest.mark.parametrize(
        ("kind", "token", "said"),
        [
            ("salesforce", TOKEN, "salesforce cannot be asked"),
            ("hubspot", "a token with spaces", "plain ASCII"),
            ("pipedrive", "short", "at least 16"),
        ],
    )
    def test_is_refused_where_it_cannot_work(
        self, boss: TestClient, kind: str, token: str, said: str
    ) -> None:
        secret = "user:a-secret-of-some-length"  # noqa: S105  # invented
        new = {"kind": kind, "name": "x", "secret": secret, "token": token}
        if kind == "salesforce":
            new["settings"] = {"organization_id": "00D5g000004RtXYEA0"}  # type: ignore[assignment]

        answer = boss.post("/api/v1/connectors", json=new)

        assert answer.status_code == 422
        assert said in answer.text
