"""Every sample of a CRM has the outcome that the manifest expects."""

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from tests import crm_samples
from tests.crm_samples import MADE, MANIFEST, Crm, crm, of, send
from tests.factories import Make
from tests.senders import SAMPLES

DELIVERIES = {entry["file"]: entry for entry in MANIFEST["deliveries"]}
VENDORS = [name for name in DELIVERIES if not name.startswith("hostile")]
HOSTILE = [name for name in DELIVERIES if name.startswith("hostile")]
BEFORE = {
    "hubspot/dup_attempt1.json": ["hubspot/dup_attempt0.json"],
    "hubspot/eventid_collision.json": ["hubspot/dup_attempt0.json"],
    "pipedrive/v2_deal_change.json": ["pipedrive/v2_deal_create.json"],
    "pipedrive/v2_deal_change_unrelated.json": [
        "pipedrive/v2_deal_create.json",
        "pipedrive/v2_deal_change.json",
    ],
    "pipedrive/v2_deal_delete.json": ["pipedrive/v2_deal_create.json"],
    "pipedrive/v2_deal_merged.json": ["pipedrive/v2_deal_create.json"],
    "pipedrive/v2_deal_retry_attempt2.json": ["pipedrive/v2_deal_create.json"],
    "salesforce/outbound_duplicate.xml": ["salesforce/outbound_1.xml"],
    "salesforce/outbound_same_record_new_notification.xml": ["salesforce/outbound_1.xml"],
}
# Where the manifest leaves a choice, or names another code than our contract does.
CODES = {
    "salesforce/outbound_wrong_org.xml": 401,
    "salesforce/wrong_path_token.xml": 401,
    "pipedrive/v2_bad_basic_auth.json": 401,
}
STATES = {
    "hubspot/batch_mixed.json": "parked",  # the erasure needs a person
    "hubspot/generic_object_events.json": "parked",  # one is redacted
    "salesforce/truncated.xml": "parked",
    "salesforce/not_soap.xml": "parked",
    "hubspot/object_not_array.json": "parked",
}
TEXTS = {
    "pipedrive/v2_deal_change.json": "Offline mobile mode for iPad",
    "salesforce/outbound_same_record_new_notification.xml": "SCIM group sync and nested groups",
}
MOST_SECONDS = 1.0  # of this thread's own time, for reading


def content(name: str) -> bytes:
    path = SAMPLES / name
    return path.read_bytes() if path.exists() else MADE[path.name]


@pytest.fixture(autouse=True)
def product(make: Make) -> None:
    make.product()


@pytest.mark.parametrize("name", VENDORS)
def test_sample(boss: TestClient, name: str) -> None:
    entry = DELIVERIES[name]
    by, expected = of(boss, entry), entry["expect"]
    for before in BEFORE.get(name, []):
        assert send(by, DELIVERIES[before], content(before)).status_code == 200
        by.sender.read()
    asks_before = len(by.asks())

    answer = send(by, entry, content(name))
    by.sender.read()

    assert answer.status_code == CODES.get(name, 200)
    delivery = by.sender.last()
    asks = by.asks()
    new = len(asks) - asks_before
    assert delivery["state"] == state_of(name, expected, answer.status_code), delivery["reason"]
    assert new == expected.get("asks", expected.get("asks_new", new))
    assert len(asks) == expected.get("asks_total", len(asks))
    said_of_delivery(by, delivery, expected)
    said_of_asks(name, asks, expected)
    if expected.get("body") == "ack_true.xml":
        assert answer.content == content("salesforce/ack_true.xml")


def said_of_delivery(by: Crm, delivery: dict[str, Any], expected: dict[str, Any]) -> None:
    """Hold a delivery against what the manifest says of it."""
    parked = [each for each in delivery["outcome"] if each["deed"] == "parked"]
    assert len(parked) == expected.get("parked", len(parked))
    for said in ("error_names_field", "error_mentions"):
        assert expected.get(said, "") in (delivery["reason"] or "")
    if "duplicate_of" in expected:
        assert by.sender.inbox()[1]["id"] in delivery["reason"]


def said_of_asks(name: str, asks: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    """Hold the asks on file against what the manifest says of the newest."""
    for key in ("ask_text", "current_text"):
        if key in expected:
            assert asks[-1]["title"] == expected[key]
    if name in TEXTS:
        assert [ask["title"] for ask in asks] == [TEXTS[name]]
    if "external_ref" in expected:
        *_source, kind, number = expected["external_ref"].split(":")
        assert asks[-1]["external_id"] == f"{kind}:{number}"
    if "external_ref_contains" in expected:
        assert expected["external_ref_contains"] in asks[-1]["external_id"]


def state_of(name: str, expected: dict[str, Any], status: int) -> str:
    """What the inbox says of a sample."""
    if status == 401:
        return "refused"
    if "duplicate_of" in expected:
        return "duplicate"
    return STATES.get(name, "parked" if expected.get("parked") else "processed")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sample(boss: TestClient, name: str) -> None:
    entry = DELIVERIES[name]
    by = of(boss, entry)

    answer = send(by, entry, content(name))
    started = time.thread_time()
    by.sender.read()
    took = time.thread_time() - started

    assert answer.status_code == 200
    if by.kind == "salesforce":
        assert answer.content == content("salesforce/ack_true.xml")
    delivery = by.sender.last()
    assert (delivery["state"], by.asks()) == ("parked", [])
    assert ": " in delivery["reason"]
    assert took < MOST_SECONDS


def test_a_large_batch_is_acknowledged_before_it_is_read(boss: TestClient) -> None:
    by = crm(boss, "hubspot")

    assert by.post(content("hubspot/batch_101.json")).status_code == 200
    assert [each["state"] for each in by.sender.inbox()] == ["received"]


def test_no_session_of_salesforce_is_stored_or_sent(boss: TestClient, session: Session) -> None:
    by = crm(boss, "salesforce")
    body = content("salesforce/outbound_legacy_session.xml")

    delivery = by.deliver(body)

    stored = session.execute(text("SELECT * FROM delivery")).all()
    assert "FAKE_SESSION" not in str(stored) + str(delivery)
    assert "<SessionId></SessionId>" in delivery["raw"]
    assert [ask["title"] for ask in by.asks()] == ["legacy with session"]


def test_a_merged_deal_of_pipedrive_gives_its_asks_to_the_other(boss: TestClient) -> None:
    by = crm(boss, "pipedrive")
    eighth = content("pipedrive/v2_deal_create.json")
    ninth = eighth.replace(b'"id":8,', b'"id":9,').replace(b'"entity_id":"8"', b'"entity_id":"9"')
    by.deliver(eighth)
    by.deliver(ninth.replace(b"000000000001", b"000000000f01"))

    by.deliver(content("pipedrive/v2_deal_merged.json"))

    first, second = by.asks()
    assert first["opportunity_id"] == second["opportunity_id"]
    deals = boss.get("/api/v1/opportunities").json()["items"]
    assert [deal["amount"] for deal in deals] == [{"amount": "45000.00", "currency": "EUR"}, None]
    refs = [{"source": "pipedrive:8800123", "id": f"deal:{number}"} for number in (8, 9)]
    assert deals[0]["external_refs"] == refs


def test_a_deleted_deal_leaves_its_ask_with_a_mark(boss: TestClient) -> None:
    by = crm(boss, "pipedrive")
    by.deliver(content("pipedrive/v2_deal_create.json"))

    delivery = by.deliver(content("pipedrive/v2_deal_delete.json"))

    (ask,) = by.asks()
    assert ask["source_deleted_at"] == "2026-09-21T14:13:20.123000Z"
    assert [each["deed"] for each in delivery["outcome"]] == ["gone"]
    shown = boss.get(f"/asks/{ask['id']}").text
    assert 'Deleted in Pipedrive on <time datetime="2026-09-21">' in shown


def test_every_sample_of_the_manifest_is_tried() -> None:
    there = {
        str(path.relative_to(SAMPLES))
        for folder in ("hubspot", "salesforce", "pipedrive", "generic")
        for path in (SAMPLES / folder).iterdir()
    }

    assert there - DELIVERIES.keys() == {
        "hubspot/signature_vectors.json",
        "salesforce/ack_true.xml",
    }
    assert crm_samples.SETTINGS.keys() == {of_kind(entry) for entry in DELIVERIES.values()}


def of_kind(entry: dict[str, Any]) -> str:
    """The kind of connector that a sample goes to."""
    return crm_samples.KINDS.get(entry["connector"], str(entry["connector"]))
