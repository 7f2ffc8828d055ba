"""The inbox as pages: what came, why it is parked, and reading it again."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from models.base import utc_now
from models.connector import Connector
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make
from tests.senders import ACME, BEARER, SIGNING_SECRET, Sender, delivered, sender, signed

ASK = {"title": "SSO", "account": ACME}
FOREIGN = {"wish": "SSO", "account_domain": "acme.example", "account_name": "Acme"}
MAPPING = {"fields": {"title": "wish"}}


@pytest.fixture
def admin(browser_as: Browser) -> TestClient:
    """The browser of an administrator."""
    return browser_as(Role.admin)


@pytest.fixture
def outside(boss: TestClient, make: Make) -> Sender:
    """A sender with the generic dialect."""
    make.product()
    return sender(boss)


class TestList:
    def test_parked_ones_come_first_with_the_reason(
        self, desk: TestClient, outside: Sender
    ) -> None:
        parked = outside.deliver(FOREIGN)

        page = desk.get("/inbox").text

        assert f"/inbox/{parked['id']}" in page
        assert "wish: no field of an ask" in page

    def test_what_was_read_has_a_tab(self, desk: TestClient, outside: Sender) -> None:
        read = outside.deliver(ASK)

        assert f"/inbox/{read['id']}" in desk.get("/inbox?show=read").text
        assert f"/inbox/{read['id']}" not in desk.get("/inbox").text

    def test_by_connector(self, desk: TestClient, outside: Sender) -> None:
        parked = outside.deliver(FOREIGN)
        other = sender(outside.boss)

        page = desk.get(f"/inbox?connector_id={other.connector['id']}").text

        assert f"/inbox/{parked['id']}" not in page

    def test_a_sender_that_stopped_is_told_of_everywhere(
        self, desk: TestClient, admin: TestClient, outside: Sender, make: Make
    ) -> None:
        connector = make.session.exec(select(Connector)).one()
        for day in range(20, 50, 3):
            delivered(make.session, connector, utc_now() - timedelta(days=day))
        make.session.commit()

        assert "is silent" in desk.get("/inbox").text
        assert "Silent since" in admin.get("/admin/connectors").text
        assert "nomaybe_silent_connectors 1.0" in outside.boss.get("/metrics").text

    def test_an_empty_one_says_how_to_connect_a_crm(self, desk: TestClient) -> None:
        assert "No CRM is connected yet" in desk.get("/inbox").text

    def test_a_viewer_may_not_read_it(self, browser_as: Browser) -> None:
        assert browser_as(Role.viewer).get("/inbox").status_code == 403


class TestDelivery:
    def test_raw_stands_beside_what_was_read(self, desk: TestClient, outside: Sender) -> None:
        read = outside.deliver(ASK)

        page = desk.get(f"/inbox/{read['id']}").text

        assert "&#34;title&#34;: &#34;SSO&#34;" in page
        assert "domain: acme.example, name: Acme" in page

    def test_the_ask_that_it_made_is_linked(self, desk: TestClient, outside: Sender) -> None:
        read = outside.deliver(ASK)

        assert f"/asks/{read['asks'][0]}" in desk.get(f"/inbox/{read['id']}").text

    def test_it_says_why_it_is_parked_and_what_to_do(
        self, desk: TestClient, outside: Sender
    ) -> None:
        parked = outside.deliver(FOREIGN)

        page = desk.get(f"/inbox/{parked['id']}").text

        assert "Why it is parked" in page
        assert "connector&#39;s settings" in page

    def test_foreign_markup_is_text(self, desk: TestClient, outside: Sender) -> None:
        parked = outside.deliver({"wish": "<script>alert(1)</script>"})

        assert "<script>" not in desk.get(f"/inbox/{parked['id']}").text

    def test_no_secret_is_shown(self, desk: TestClient, outside: Sender) -> None:
        read = outside.deliver(ASK)

        assert BEARER not in desk.get(f"/inbox/{read['id']}").text

    def test_no_signature_is_shown(self, desk: TestClient, boss: TestClient, make: Make) -> None:
        make.product()
        signing = sender(boss, "standard_webhooks")
        headers = signed("msg_1", b"{}")
        signing.post(b"{}", **headers)

        page = desk.get(f"/inbox/{signing.inbox()[0]['id']}").text

        assert "msg_1" in page
        assert headers["webhook-signature"] not in page
        assert SIGNING_SECRET not in page

    @pytest.mark.parametrize("body", [b"\xff\x00", b"[" * 9000, b"", b"1e999"])
    def test_whatever_came_can_be_looked_at(
        self, desk: TestClient, outside: Sender, body: bytes
    ) -> None:
        came = outside.deliver(body)

        assert desk.get(f"/inbox/{came['id']}").status_code == 200


class TestReplay:
    def test_by_the_settings_of_now(self, admin: TestClient, outside: Sender) -> None:
        parked = outside.deliver(FOREIGN)
        outside.change(settings=MAPPING)

        admin.post(f"/inbox/{parked['id']}/replay")
        outside.read()

        assert [each["title"] for each in outside.asks()] == ["SSO"]

    def test_what_is_not_authentic_stays_refused(self, admin: TestClient, outside: Sender) -> None:
        outside.post(ASK, "a-wrong-secret-16")
        refused = outside.inbox()[0]

        answer = admin.post(f"/inbox/{refused['id']}/replay")

        assert answer.status_code == 409
        assert "Still not authentic" in answer.text

    def test_all_parked_ones_of_a_connector(self, admin: TestClient, outside: Sender) -> None:
        outside.deliver(FOREIGN)
        outside.change(settings=MAPPING)

        answer = admin.post(
            "/inbox/replay", data={"state": "parked", "connector_id": outside.connector["id"]}
        )
        outside.read()

        assert answer.status_code == 303
        assert [each["state"] for each in outside.inbox()] == ["processed"]

    def test_an_se_is_offered_none(self, desk: TestClient, outside: Sender) -> None:
        parked = outside.deliver(FOREIGN)

        assert 'action="/inbox' not in desk.get(f"/inbox/{parked['id']}").text


class TestDismiss:
    def test_it_needs_a_reason(self, admin: TestClient, outside: Sender) -> None:
        parked = outside.deliver(FOREIGN)

        answer = admin.post(f"/inbox/{parked['id']}/dismiss", data={"reason": ""})

        assert answer.status_code == 422
        assert "is needed" in answer.text

    def test_the_reason_stays_on_file(self, admin: TestClient, outside: Sender) -> None:
        parked = outside.deliver(FOREIGN)

        admin.post(f"/inbox/{parked['id']}/dismiss", data={"reason": "A test of theirs."})

        assert outside.last()["state"] == "dismissed"
        assert "A test of theirs." in admin.get("/inbox?show=dismissed").text
