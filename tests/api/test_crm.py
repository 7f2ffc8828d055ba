"""CRMs that deliver: what they are answered, what of it is kept, and that nothing is doubled."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from tests.crm_samples import (
    OWN_SECRETS,
    PIPEDRIVE_SECRET,
    SALESFORCE_SECRET,
    Crm,
    basic,
    crm,
)
from tests.factories import Make
from tests.senders import SAMPLES

KINDS = ["hubspot", "salesforce", "pipedrive"]
OTHER_SECRETS = {kind: f"another:{OWN_SECRETS[kind]}" for kind in KINDS}
SAID = {
    "hubspot": SAMPLES / "hubspot" / "deal_property_change_ask.json",
    "salesforce": SAMPLES / "salesforce" / "outbound_1.xml",
    "pipedrive": SAMPLES / "pipedrive" / "v2_deal_create.json",
}
CHALLENGES = {"hubspot": "Signature", "salesforce": "Bearer", "pipedrive": "Basic"}


@pytest.fixture(autouse=True)
def product(make: Make) -> None:
    make.product()


@pytest.fixture(params=KINDS)
def mistyped(request: pytest.FixtureRequest, boss: TestClient) -> Crm:
    """A CRM whose connector was given another secret than the CRM has."""
    by = crm(boss, request.param)
    by.sender.change(secret=OTHER_SECRETS[by.kind])
    return by


class TestWrongSecret:
    def test_is_not_authentic_and_says_how_to_be(self, mistyped: Crm) -> None:
        answer = mistyped.post(SAID[mistyped.kind].read_bytes())

        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/not-authentic"
        assert answer.headers["WWW-Authenticate"].startswith(CHALLENGES[mistyped.kind])

    def test_can_be_replayed_once_it_is_right(self, mistyped: Crm) -> None:
        mistyped.post(SAID[mistyped.kind].read_bytes())
        path = f"/api/v1/inbox/{mistyped.sender.inbox()[0]['id']}/replay"

        early = mistyped.sender.boss.post(path)
        mistyped.sender.change(secret=OWN_SECRETS[mistyped.kind])
        late = mistyped.sender.boss.post(path)

        assert (early.status_code, early.json()["type"]) == (409, "/problems/still-refused")
        assert late.status_code == 200
        mistyped.sender.read()
        assert [each["state"] for each in mistyped.sender.inbox()] == ["processed"]
        assert len(mistyped.asks()) == 1

    def test_all_of_them_can_be_replayed_at_once(self, mistyped: Crm) -> None:
        for _again in range(3):
            mistyped.post(SAID[mistyped.kind].read_bytes())
        mistyped.sender.change(secret=OWN_SECRETS[mistyped.kind])

        answer = mistyped.sender.boss.post("/api/v1/inbox/replay", json={"state": "refused"})

        assert answer.json() == {"replayed": 3}
        mistyped.sender.read()
        assert len(mistyped.asks()) == 1


@pytest.mark.parametrize("kind", KINDS)
class TestKinds:
    def test_nothing_stored_holds_a_secret(
        self, boss: TestClient, session: Session, kind: str
    ) -> None:
        by = crm(boss, kind)
        body = SAID[kind].read_bytes()
        by.deliver(body)
        by.sender.change(secret=OTHER_SECRETS[kind])
        by.post(body)

        stored = ""
        for table in ("delivery", "delivery_status", "delivery_event", "connector", "first_answer"):
            stored += str(session.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608  # fixed names
        proofs = [OWN_SECRETS[kind], basic(PIPEDRIVE_SECRET), by.sender.path.rpartition("/")[2]]
        for planted in proofs if kind == "salesforce" else proofs[:2]:
            assert planted not in stored

    def test_the_secret_is_in_no_answer(self, boss: TestClient, kind: str) -> None:
        by = crm(boss, kind)
        path = f"/api/v1/connectors/{by.sender.connector['id']}"

        assert OWN_SECRETS[kind] not in boss.get(path).text + boss.get("/admin/connectors").text

    def test_an_event_that_comes_again_is_a_duplicate_for_good(
        self, boss: TestClient, kind: str
    ) -> None:
        by = crm(boss, kind)
        body = SAID[kind].read_bytes()
        for _again in range(5):
            by.deliver(body)

        states = [each["state"] for each in by.sender.inbox()]
        assert states == ["duplicate"] * 4 + ["processed"]
        assert len(by.asks()) == 1

    def test_what_is_parked_is_read_once_it_can_be(
        self, boss: TestClient, make: Make, kind: str
    ) -> None:
        by = crm(boss, kind, make_accounts=False)
        parked = by.deliver(SAID[kind].read_bytes())
        assert (parked["state"], by.asks()) == ("parked", [])
        name = parked["reason"].partition("external reference ")[2].split(" and ")[0]
        source, _space, key = name.partition(" ")
        account = make.account(external_refs=[{"source": source, "id": key.strip("'")}])

        for _again in range(3):
            boss.post(f"/api/v1/inbox/{parked['id']}/replay")
            by.sender.read()

        assert by.sender.last()["state"] == "processed"
        assert [ask["account"]["id"] for ask in by.asks()] == [str(account.id)]

    def test_a_disabled_connector_is_not_there(self, boss: TestClient, kind: str) -> None:
        by = crm(boss, kind)
        by.sender.change(enabled=False)

        assert by.post(b"{}").status_code == 404

    def test_storing_that_fails_is_not_acknowledged(
        self, boss: TestClient, session: Session, kind: str
    ) -> None:
        by = crm(boss, kind)
        session.execute(text("ALTER TABLE delivery RENAME TO elsewhere"))
        session.commit()

        answer = by.post(SAID[kind].read_bytes())

        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert b"<Ack>" not in answer.content

    def test_too_much_is_refused(self, boss: TestClient, kind: str) -> None:
        assert crm(boss, kind).post(b" " * (10 * 1024 * 1024 + 1)).status_code == 413


class TestAddress:
    def test_another_kind_has_no_secret_in_it(self, boss: TestClient) -> None:
        by = crm(boss, "generic")

        answer = boss.post(f"{by.sender.path}/proof", json={})

        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")

    def test_a_flow_posts_with_a_bearer(self, boss: TestClient) -> None:
        by = crm(boss, "salesforce")
        path = by.sender.path.rpartition("/")[0]
        body = (SAMPLES / "salesforce" / "flow_http_callout.json").read_bytes()
        headers = {"Authorization": f"Bearer {SALESFORCE_SECRET}", "Idempotency-Key": "k"}

        answers = [boss.post(path, content=body, headers=headers) for _again in range(2)]

        by.sender.read()
        assert [answer.json() for answer in answers] == [{"received": True}] * 2
        assert [ask["title"] for ask in by.asks()] == ["SCIM group sync"]

    def test_a_flow_and_a_message_on_one_record_are_one_ask(self, boss: TestClient) -> None:
        by = crm(boss, "salesforce")
        by.deliver((SAMPLES / "salesforce" / "flow_http_callout.json").read_bytes())
        by.deliver(SAID["salesforce"].read_bytes())

        assert len(by.asks()) == 1
        assert by.asks()[0]["account"]["name"] == "Initech"


class TestOrganization:
    BODY = (SAMPLES / "salesforce" / "outbound_wrong_org.xml").read_bytes()

    def test_another_one_is_refused_with_its_name(self, boss: TestClient) -> None:
        by = crm(boss, "salesforce")

        assert by.post(self.BODY).status_code == 401
        assert "organization '00DAA0000000Bad2AE'" in by.sender.last()["reason"]

    def test_it_can_be_replayed_once_the_settings_name_it(self, boss: TestClient) -> None:
        by = crm(boss, "salesforce")
        by.post(self.BODY)
        path = f"/api/v1/inbox/{by.sender.inbox()[0]['id']}/replay"

        early = boss.post(path)
        by.sender.change(settings={"organization_id": "00DAA0000000Bad", "make_accounts": True})
        late = boss.post(path)

        assert (early.status_code, late.status_code) == (409, 200)

    def test_another_portal_is_parked(self, boss: TestClient) -> None:
        by = crm(boss, "hubspot", organization_id="1")

        delivery = by.deliver(SAID["hubspot"].read_bytes())

        assert delivery["state"] == "parked"
        assert delivery["reason"].startswith("portalId: '48111222' is not '1'")


class TestBatches:
    def events(self, *numbers: int, **fields: Any) -> bytes:
        event = json.loads(SAID["hubspot"].read_text())[0]
        batch = [event | {"objectId": number, "eventId": 1} | fields for number in numbers]
        return json.dumps(batch).encode()

    def test_cut_otherwise_when_they_come_again_double_nothing(self, boss: TestClient) -> None:
        by = crm(boss, "hubspot")
        by.deliver(self.events(1, 2, 3))

        delivery = by.deliver(self.events(2, 4, 3, attemptNumber=1))

        assert delivery["state"] == "processed"
        assert [each["deed"] for each in delivery["outcome"]] == [
            "duplicate",
            "logged",
            "duplicate",
        ]
        assert len(by.asks()) == 4

    def test_one_that_was_parked_is_not_parked_twice(self, boss: TestClient) -> None:
        by = crm(boss, "hubspot")
        by.deliver(self.events(1, propertyValue=""))

        assert by.deliver(self.events(1, propertyValue=""))["state"] == "duplicate"

    def test_two_connectors_of_one_portal_know_the_same_records(self, boss: TestClient) -> None:
        first, second = (crm(boss, "hubspot") for _each in range(2))
        first.deliver(self.events(7))
        record = {"portalId": 48111222, "dealId": 7, "properties": {"amount": {"value": "9"}}}

        second.deliver(json.dumps(record).encode())

        (deal,) = boss.get("/api/v1/opportunities").json()["items"]
        assert deal["amount"] == {"amount": "9.00", "currency": "USD"}
        assert len(first.asks()) == 1


def test_an_older_signature_passes_only_where_the_settings_say_so(boss: TestClient) -> None:
    strict, lax = crm(boss, "hubspot"), crm(boss, "hubspot", old_signatures=True)
    vectors = json.loads((SAMPLES / "hubspot" / "signature_vectors.json").read_text())["vectors"]
    vector = next(each for each in vectors if each["id"] == "docs-v1-batch")
    answers = []

    for by in (strict, lax):
        by.sender.change(secret=vector["secret"])
        headers = {
            "X-HubSpot-Signature": vector["expected"],
            "X-HubSpot-Signature-Version": "v1",
        }
        path = by.sender.path
        answers.append(boss.post(path, content=vector["body"].encode(), headers=headers))

    assert [answer.status_code for answer in answers] == [401, 200]
