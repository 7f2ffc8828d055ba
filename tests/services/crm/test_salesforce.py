"""Salesforce's messages and flows: who sent them, and what they tell."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.connector import ConnectorSettings
from services.crm import generic, salesforce, soap
from services.crm.dialect import Arrival, Change, Fault, Item, Told, key_of
from services.errors import Invalid
from tests.faults import either
from tests.senders import SAMPLES

pytestmark = pytest.mark.once

MUTATIONS = either(100, 10_000)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FOLDER = SAMPLES / "salesforce"
ONE = (FOLDER / "outbound_1.xml").read_bytes()
ORGANIZATION = "00D5g000004Xy7ZEAS"
SECRET = "a-secret-of-salesforce"  # noqa: S105  # invented
PROOF = salesforce.path(SECRET)
ADDRESS = "https://x/hooks/salesforce/01a2"
SOAP, JSON = "text/xml; charset=utf-8", "application/json"


def arrival(body: bytes = ONE, path: str = PROOF, **headers: str) -> Arrival:
    return Arrival(ADDRESS + path, {"content-type": SOAP} | headers, body, NOW)


def verify(arrived: Arrival, secret: str = SECRET) -> bool:
    return salesforce.verify(arrived, secret, ConnectorSettings())


def read(body: bytes, **given: Any) -> list[Item]:
    return [*salesforce.read(arrival(body), ConnectorSettings(**given))]


def change(body: bytes, **given: Any) -> Change:
    (found,) = read(body, **given)
    assert isinstance(found, Change), found
    return found


def fault(body: bytes, **given: Any) -> str:
    (found,) = read(body, **given)
    assert isinstance(found, Invalid | Fault), found
    return found.detail if isinstance(found, Invalid) else found.error.detail


def having(*fields: str, kind: str = "Opportunity") -> bytes:
    """A message with a record that has only these fields."""
    start, end = ONE.index(b"<sf:AccountId>"), ONE.index(b"</sObject>")
    body = ONE[:start] + "".join(fields).encode() + ONE[end:]
    return body.replace(b'"sf:Opportunity"', f'"sf:{kind}"'.encode())


class TestVerify:
    def test_the_address_passes(self) -> None:
        assert verify(arrival())

    def test_so_does_the_secret_itself(self) -> None:
        assert verify(arrival(path=f"/{SECRET}"))
        assert verify(arrival(path="", authorization=f"Bearer {SECRET}"))

    @pytest.mark.parametrize("path", ["", "/", "/sfom_WRONG", "//", PROOF + "x", PROOF * 2])
    def test_another_does_not(self, path: str) -> None:
        assert not verify(arrival(path=path))

    def test_a_wrong_address_is_not_helped_by_a_bearer(self) -> None:
        assert not verify(arrival(path="/wrong", authorization=f"Bearer {SECRET}"))

    @pytest.mark.parametrize(
        "secret", [f"{SECRET} another-of-sixteen", f"another-16-long {SECRET}"]
    )
    def test_either_passes_during_a_change_over(self, secret: str) -> None:
        assert verify(arrival(), secret)

    def test_the_address_shows_the_newer_one(self) -> None:
        assert salesforce.path(f"the-old-one-of-16 {SECRET}") == PROOF

    def test_the_address_does_not_give_the_secret_away(self) -> None:
        assert SECRET not in PROOF

    @settings(max_examples=MUTATIONS)
    @given(
        place=st.integers(1, len(PROOF) - 1),
        letter=st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="/"),
    )
    def test_no_mutation_passes(self, place: int, letter: str) -> None:
        path = PROOF[:place] + letter + PROOF[place + 1 :]

        assert verify(arrival(path=path)) is (path == PROOF)


class TestOrganization:
    def stranger(self, body: bytes, wanted: str | None = ORGANIZATION) -> str | None:
        return salesforce.stranger(arrival(body), ConnectorSettings(organization_id=wanted))

    @pytest.mark.parametrize("wanted", [ORGANIZATION, ORGANIZATION[:15], None])
    @pytest.mark.parametrize("name", ["outbound_1.xml", "outbound_org_15.xml"])
    def test_in_both_lengths_is_the_same(self, name: str, wanted: str | None) -> None:
        assert self.stranger((FOLDER / name).read_bytes(), wanted) is None

    def test_another_is_told(self) -> None:
        said = self.stranger((FOLDER / "outbound_wrong_org.xml").read_bytes())

        assert said is not None
        assert "'00DAA0000000Bad2AE'" in said

    @pytest.mark.parametrize("body", [b"", b"<a>1</a>", b"<", b"\xff\xfe", ONE[:300]])
    def test_where_none_can_be_read_it_is_left_to_reading(self, body: bytes) -> None:
        assert self.stranger(body) is None

    def test_is_held_to_when_reading_too(self) -> None:
        other = ONE.replace(b"<OrganizationId>", b"<OrganizationId>\n", 1)

        assert change(other, organization_id=ORGANIZATION).organization == ORGANIZATION[:15]
        said = fault((FOLDER / "outbound_wrong_org.xml").read_bytes(), organization_id=ORGANIZATION)
        assert said.startswith("OrganizationId: '00DAA0000000Bad' is not")

    def test_one_of_another_shape_is_refused_in_settings(self) -> None:
        with pytest.raises(Invalid, match="15 or 18 letters and digits"):
            salesforce.check_settings(ConnectorSettings(organization_id="00D"))


class TestAck:
    def test_is_the_very_bytes(self) -> None:
        said = salesforce.acknowledgement(arrival())

        assert said.body == (FOLDER / "ack_true.xml").read_bytes()
        assert said.media_type == "text/xml"

    @pytest.mark.parametrize("body", [b"{}", b" [1]", b"\xef\xbb\xbf{}"])
    def test_for_a_flow_is_json(self, body: bytes) -> None:
        assert json.loads(salesforce.acknowledgement(arrival(body)).body) == {"received": True}


class TestSession:
    SAID = b"00D5g!FAKE"

    def body(self, element: bytes) -> bytes:
        return ONE.replace(b'<SessionId xsi:nil="true"/>', element)

    @pytest.mark.parametrize(
        "element",
        [
            b"<SessionId>00D5g!FAKE</SessionId>",
            b"<x:SessionId>00D5g!FAKE</x:SessionId >",
            b'<SessionId a="1">\n00D5g!FAKE\n</SessionId>',
            b"<SessionId><![CDATA[00D5g!FAKE]]></SessionId>",
            b"<sessionid>00D5g!FAKE</sessionid>",
            b"<SessionId>00D5g!FAKE",
            b'<SessionId xsi:nil="true"/><SessionId>00D5g!FAKE</SessionId>',
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-16-le"])
    def test_is_stripped(self, element: bytes, encoding: str) -> None:
        body = self.body(element).decode().encode(encoding)

        kept = salesforce.storable(body)

        assert "FAKE" not in kept.decode(encoding)
        assert "OrganizationId" in kept.decode(encoding)

    def test_what_holds_none_is_kept_byte_for_byte(self) -> None:
        for body in (ONE, b"", bytes(range(256)), "<é/>".encode("utf-16"), b"\xff\xfe\x00"):
            assert salesforce.storable(body) == body

    def test_the_rest_is_read(self) -> None:
        kept = salesforce.storable(self.body(b"<SessionId>00D5g!FAKE</SessionId>"))

        assert change(kept).fields["title"] == "SCIM group sync"


class TestMessage:
    def test_tells_of_a_deal(self) -> None:
        found = change(ONE)

        assert (found.kind, found.key, found.organization) == (
            "deal",
            "0065g0000000001AAA",
            ORGANIZATION[:15],
        )
        assert found.fields == {
            "title": "SCIM group sync",
            "opportunity.name": "Initech expansion 1",
            "opportunity.amount": "125000.0",
            "opportunity.stage": "Proposal/Price Quote",
            "opportunity.close_on": "2026-12-31",
            "opportunity.outcome": "open",
            "company>0015g00000Ab1CdAAJ": "primary",
        }
        assert found.said_at == datetime(2026, 9, 21, 14, 13, 18, tzinfo=UTC)

    def test_text_is_unescaped(self) -> None:
        first = read((FOLDER / "outbound_3_one_empty.xml").read_bytes())[0]

        assert isinstance(first, Change)
        assert first.fields["title"] == 'Field level encryption & "BYOK" <soon>'

    def test_an_empty_ask_is_told_and_the_rest_is_kept(self) -> None:
        _first, rest, empty, _last = read((FOLDER / "outbound_3_one_empty.xml").read_bytes())

        assert isinstance(rest, Change)
        assert "title" not in rest.fields
        assert isinstance(empty, Fault)
        assert empty.error.detail.startswith("Feature_Request__c: is empty")
        assert empty.error.errors[0]["loc"] == ["body", 1, "Feature_Request__c"]

    def test_a_nil_one_tells_nothing(self) -> None:
        body = having('<sf:Feature_Request__c xsi:nil="true"/>')

        assert change(body).fields["title"] is None

    @pytest.mark.parametrize(
        ("fields", "outcome"),
        [
            ("<sf:StageName>Closed Won</sf:StageName>", "won"),
            ("<sf:StageName>Closed Lost</sf:StageName>", "lost"),
            ("<sf:StageName>Dead</sf:StageName>", "lost"),
            ("<sf:StageName>x</sf:StageName><sf:IsClosed>true</sf:IsClosed>", "lost"),
            (
                "<sf:StageName>x</sf:StageName><sf:IsClosed>true</sf:IsClosed><sf:IsWon>true</sf:IsWon>",
                "won",
            ),
        ],
    )
    def test_how_a_deal_ended(self, fields: str, outcome: str) -> None:
        found = change(having(fields), lost_stages=["Dead"])

        assert found.fields["opportunity.outcome"] == outcome

    def test_a_probability_is_in_percent(self) -> None:
        found = change(having("<sf:Probability>60.0</sf:Probability>"))

        assert found.fields == {"opportunity.probability": "0.600000"}

    def test_tells_of_an_account(self) -> None:
        fields = "<sf:Name>Acme</sf:Name>", "<sf:Website>https://www.Acme.example/x</sf:Website>"

        found = change(having(*fields, kind="Account"))

        assert (found.kind, found.fields) == (
            "company",
            {"account.name": "Acme", "account.domain": "acme.example"},
        )

    def test_tells_of_a_person(self) -> None:
        fields = "<sf:Name>Kim</sf:Name>", "<sf:Email>kim@acme.example</sf:Email>"

        found = change(having(*fields, kind="Contact"))

        assert found.fields == {"contact.name": "Kim", "contact.email": "kim@acme.example"}

    def test_its_key_is_the_notification(self) -> None:
        again = ONE.replace(b"SCIM", b"SAML")
        new = ONE.replace(b"04l5g0000000001AAA", b"04l5g0000009001AAA")

        assert key_of(change(ONE)) == key_of(change(again)) != key_of(change(new))
        assert salesforce.event_key(arrival(ONE)) is None

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (b"<Id>04l5g0000000001AAA</Id>", b"", "Notification.Id: is needed"),
            (b"<sf:Id>0065g0000000001AAA</sf:Id>", b"", "sObject.Id: is needed"),
            (b"0065g0000000001AAA", b"0065", "sObject.Id: must be an id of 15 or 18"),
            (b"0015g00000Ab1CdAAJ", b"acme", "AccountId: must be an id of 15 or 18"),
            (b'xsi:type="sf:Opportunity"', b"", "sObject.type: must be an id"),
            (b"00D5g000004Xy7ZEAS", b"", "OrganizationId: must be"),
            (b"notifications", b"notification", "notifications: is needed once"),
            (b"soapenv:Body", b"soapenv:Head", "Envelope: must be a SOAP envelope"),
            (b"<Notification>", b"<Notifications>", "The body: is no XML that we read"),
        ],
    )
    def test_what_is_wrong_is_told_by_field(self, old: bytes, new: bytes, said: str) -> None:
        body = ONE.replace(old, new)

        assert fault(body).startswith(said)

    def test_without_a_notification_is_told(self) -> None:
        start, end = ONE.index(b"<Notification>"), ONE.index(b"</notifications>")

        assert fault(ONE[:start] + ONE[end:]).startswith("Notification: is needed")

    def test_past_the_size_is_told(self) -> None:
        assert "bytes; messages are read up to" in fault(b"<" + b" " * soap.LARGEST)


class TestIds:
    @pytest.mark.parametrize(
        ("short", "full"),
        [
            ("0065g0000000001", "0065g0000000001AAA"),
            ("0015g00000Ab1Cd", "0015g00000Ab1CdAAJ"),
            ("00D5g000004Xy7Z", "00D5g000004Xy7ZEAS"),
        ],
    )
    def test_in_both_lengths_are_the_same(self, short: str, full: str) -> None:
        assert salesforce.full_id("Id", short) == salesforce.full_id("Id", full) == full


class TestFlow:
    SAMPLE = (FOLDER / "flow_http_callout.json").read_bytes()

    def test_tells_of_the_same_records_as_messages(self) -> None:
        company, deal = read(self.SAMPLE, organization_id=ORGANIZATION)

        assert isinstance(company, Change)
        assert isinstance(deal, Change)
        assert (company.key, company.fields) == ("0015g00000Ab1CdAAJ", {"account.name": "Initech"})
        assert (deal.kind, deal.key) == (change(ONE).kind, change(ONE).key)
        assert deal.organization == change(ONE).organization
        assert deal.fields == {
            "title": "SCIM group sync",
            "verbatim": "Needs nested groups before go-live",
            "company>0015g00000Ab1CdAAJ": "primary",
        }

    def test_may_also_post_asks_of_ours(self) -> None:
        body = b'{"title": "SSO", "account_domain": "acme.example", "account_name": "Acme"}'

        (found,) = read(body)

        assert isinstance(found, Told)

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"{", "The body: is no JSON"),
            (b'{"ask": {"title": "x"}}', "external_id: is needed"),
            (b'{"ask": {}, "external_id": "0065g0000000001"}', "ask.title: is needed"),
            (b'{"ask": {"title": []}, "external_id": "0065g0000000001"}', "ask.title: must be"),
        ],
    )
    def test_what_is_wrong_is_told(self, body: bytes, said: str) -> None:
        assert fault(body).startswith(said)

    def test_its_key_is_the_callers(self) -> None:
        given = {"idempotency-key": "k"}

        assert salesforce.event_key(arrival(self.SAMPLE, **given)) == generic.event_key(
            arrival(b"{}", **given)
        )


@settings(max_examples=MUTATIONS)
@given(place=st.integers(0, len(ONE) - 1), piece=st.binary(max_size=4), cut=st.integers(0, 20))
def test_any_mutation_is_read_or_told(place: int, piece: bytes, cut: int) -> None:
    body = ONE[:place] + piece + ONE[place + cut :]
    pinned = ConnectorSettings(organization_id=ORGANIZATION)

    salesforce.stranger(arrival(body), pinned)
    found = salesforce.read(arrival(salesforce.storable(body)), pinned)

    assert all(isinstance(each, Change | Fault | Invalid) for each in found)
