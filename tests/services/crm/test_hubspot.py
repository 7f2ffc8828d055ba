"""HubSpot's events and records: what they tell, and what is wrong with them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.connector import ConnectorSettings
from services.crm import hubspot
from services.crm.dialect import Arrival, Change, Fault, Item, Passed, key_of
from services.errors import Invalid

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
EVENT = {
    "eventId": 31,
    "portalId": 48,
    "occurredAt": 1789999997998,
    "subscriptionType": "deal.propertyChange",
    "attemptNumber": 0,
    "objectId": 200,
    "propertyName": "feature_request",
    "propertyValue": "SSO",
}
SAID_AT = datetime(2026, 9, 21, 14, 13, 17, 998000, tzinfo=UTC)


def read(body: Any, **settings: Any) -> list[Item]:
    arrival = Arrival("https://x", {}, json.dumps(body).encode(), NOW)
    return [*hubspot.read(arrival, ConnectorSettings(**settings))]


def change(body: Any, **settings: Any) -> Change:
    (found,) = read(body, **settings)
    assert isinstance(found, Change), found
    return found


def told(fields: dict[str, Any], /, **settings: Any) -> dict[str, str | None]:
    return dict(change([EVENT | fields], **settings).fields)


def fault(fields: dict[str, Any], **settings: Any) -> str:
    (found,) = read([EVENT | fields], **settings)
    assert isinstance(found, Fault), found
    return found.error.detail


class TestProperty:
    def test_a_mapped_one_is_told(self) -> None:
        found = change([EVENT])

        assert (found.kind, found.key, found.organization) == ("deal", "deal:200", "48")
        assert (found.fields, found.said_at) == ({"title": "SSO"}, SAID_AT)

    def test_another_one_may_be_mapped(self) -> None:
        fields = {"propertyName": "wish"}

        assert told(fields, fields={"title": "wish"}) == {"title": "SSO"}

    def test_one_that_is_not_mapped_is_passed(self) -> None:
        (found,) = read([EVENT | {"propertyName": "hs_color"}])

        assert isinstance(found, Passed)
        assert "hs_color is no property that the settings map" in found.note

    @pytest.mark.parametrize(
        ("name", "value", "fields"),
        [
            ("amount", "125000", {"opportunity.amount": "125000"}),
            ("amount", 125000, {"opportunity.amount": "125000"}),
            ("amount", "", {"opportunity.amount": None}),
            ("closedate", "1793404800000", {"opportunity.close_on": "2026-10-31"}),
            ("closedate", "2026-10-31T00:00:00Z", {"opportunity.close_on": "2026-10-31"}),
            ("hs_deal_stage_probability", "0.6", {"opportunity.probability": "0.600000"}),
            ("hs_deal_stage_probability", "7", {"opportunity.probability": None}),
            ("closed_lost_reason", "Price", {"opportunity.lost_reason": "Price"}),
        ],
    )
    def test_of_a_deal(self, name: str, value: Any, fields: dict[str, Any]) -> None:
        assert told({"propertyName": name, "propertyValue": value}) == fields

    @pytest.mark.parametrize(
        ("stage", "outcome"),
        [("contractsent", "open"), ("closedwon", "won"), ("closedlost", "lost"), ("99", "won")],
    )
    def test_a_stage_tells_how_the_deal_ended(self, stage: str, outcome: str) -> None:
        fields = told({"propertyName": "dealstage", "propertyValue": stage}, won_stages=["99"])

        assert fields == {"opportunity.stage": stage, "opportunity.outcome": outcome}

    def test_a_stage_may_have_a_label(self) -> None:
        fields = {"propertyName": "dealstage", "propertyValue": "9912"}

        found = told(fields, labels={"dealstage": {"9912": "Proposal"}})

        assert found["opportunity.stage"] == "Proposal"

    def test_the_amount_of_something_else_is_no_amount(self) -> None:
        event = EVENT | {"subscriptionType": "ticket.propertyChange", "propertyName": "amount"}

        assert isinstance(read([event])[0], Passed)

    @pytest.mark.parametrize("value", ["", None, "  "])
    def test_an_empty_ask_is_told(self, value: Any) -> None:
        assert "[" not in fault({"propertyValue": value})
        assert fault({"propertyValue": value}).startswith("propertyValue: is empty")

    @pytest.mark.parametrize("fields", [{"propertyValue": "REDACTED"}, {"isSensitive": True}])
    def test_a_redacted_one_is_told(self, fields: dict[str, Any]) -> None:
        assert fault(fields).startswith("propertyValue: is redacted")

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"propertyValue": ["x"]}, "propertyValue: must be text or a number"),
            ({"propertyValue": "a\x00b"}, "propertyValue: holds the character U+0000"),
            ({"propertyValue": "x" * 20_001}, "propertyValue: String should have at most 20000"),
            ({"propertyName": 5}, "propertyName: is needed"),
            ({"objectId": None}, "objectId: is needed"),
            ({"objectId": 1.5}, "objectId: is needed"),
            ({"objectId": "x" * 51}, "objectId: must be an id of at most 50"),
            ({"objectId": "a\nb"}, "objectId: holds the character U+000A"),
            ({"portalId": {}}, "portalId: is needed"),
            ({"subscriptionType": "x" * 60 + ".propertyChange"}, "subscriptionType: must be"),
            ({"subscriptionType": "object.propertyChange"}, "objectTypeId: is needed"),
        ],
    )
    def test_what_cannot_be_is_told_by_field(self, fields: dict[str, Any], said: str) -> None:
        assert fault(fields).startswith(said)

    def test_of_another_portal_is_told(self) -> None:
        assert fault({}, organization_id="49").startswith("portalId: '48' is not '49'")


class TestObjects:
    @pytest.mark.parametrize(
        ("type_id", "key"),
        [("0-1", "contact:200"), ("0-2", "company:200"), ("0-3", "deal:200"), ("0-5", "ticket:200"),
         ("2-17", "2-17:200")],
    )  # fmt: skip
    def test_in_the_generic_format(self, type_id: str, key: str) -> None:
        event = EVENT | {"subscriptionType": "object.propertyChange", "objectTypeId": type_id}

        assert change([event]).key == key

    def test_deleted_and_restored(self) -> None:
        gone = EVENT | {"subscriptionType": "object.deletion", "objectTypeId": "0-3"}

        assert change([gone]).fields == {"gone": "yes"}
        assert told({"subscriptionType": "deal.restore"}) == {"gone": None}

    def test_merged(self) -> None:
        event = {
            "subscriptionType": "deal.merge",
            "portalId": 48,
            "eventId": 1,
            "primaryObjectId": 1,
            "mergedObjectIds": [2, "3"],
            "newObjectId": 4,
        }

        found = [each for each in read([event]) if isinstance(each, Change)]

        assert [each.key for each in found] == ["deal:1", "deal:2", "deal:3"]
        assert {each.fields["merged_into"] for each in found} == {"deal:4"}

    def test_created_is_passed(self) -> None:
        assert isinstance(read([EVENT | {"subscriptionType": "deal.creation"}])[0], Passed)

    def test_to_be_erased_is_for_a_person(self) -> None:
        said = fault({"subscriptionType": "contact.privacyDeletion"})

        assert "contact 200 wants to be erased" in said


class TestLinks:
    def link(self, type_: str, **fields: Any) -> Item:
        event = {
            "subscriptionType": "deal.associationChange",
            "associationType": type_,
            "portalId": 48,
            "fromObjectId": 1,
            "toObjectId": 5,
        }
        return read([event | fields])[0]

    @pytest.mark.parametrize(
        ("type_", "key", "field"),
        [
            ("DEAL_TO_COMPANY", "deal:1", "company>company:5"),
            ("COMPANY_TO_DEAL", "deal:5", "company>company:1"),
            ("CONTACT_TO_COMPANY", "contact:1", "company>company:5"),
            ("DEAL_TO_CONTACT", "deal:1", "contact>contact:5"),
            ("CONTACT_TO_TICKET", "ticket:5", "contact>contact:1"),
        ],
    )
    def test_from_either_end(self, type_: str, key: str, field: str) -> None:
        found = self.link(type_)

        assert isinstance(found, Change)
        assert (found.key, found.fields) == (key, {field: "primary"})

    def test_that_are_not_primary(self) -> None:
        found = self.link("DEAL_TO_COMPANY", isPrimaryAssociation=False)

        assert isinstance(found, Change)
        assert found.fields == {"company>company:5": "other"}

    def test_that_are_removed(self) -> None:
        found = self.link("DEAL_TO_COMPANY", associationRemoved=True)

        assert isinstance(found, Change)
        assert found.fields == {"company>company:5": None}

    @pytest.mark.parametrize("type_", ["DEAL_TO_TICKET", "COMPANY_TO_COMPANY", "", "x", "_TO_"])
    def test_of_other_kinds_are_passed(self, type_: str) -> None:
        assert isinstance(self.link(type_), Passed)


class TestEventKey:
    def key(self, **fields: Any) -> str | None:
        (found,) = read([EVENT | fields])
        return key_of(found)

    def test_is_the_same_in_every_attempt(self) -> None:
        assert self.key(attemptNumber=7, subscriptionId=3) == self.key()

    @pytest.mark.parametrize(
        "fields",
        [
            {"portalId": 49},
            {"subscriptionType": "ticket.propertyChange"},
            {"objectId": 201},
            {"eventId": 32},
            {"occurredAt": 1789999997999},
            {"propertyName": "amount"},
        ],
    )
    def test_differs_with_what_happened(self, fields: dict[str, Any]) -> None:
        assert self.key(**fields) != self.key()

    def test_a_fault_has_one_too(self) -> None:
        assert self.key(propertyValue="") == self.key()

    def test_what_is_no_event_has_one_too(self) -> None:
        first, second, other = read([{"a": 1, "attemptNumber": 0}, {"a": 1}, 5])

        assert key_of(first) == key_of(second) != key_of(other)


class TestRecord:
    def test_with_nested_values(self) -> None:
        body = {
            "portalId": 48,
            "dealId": 7,
            "associations": {"associatedVids": [101], "associatedCompanyIds": [5, 6]},
            "properties": {
                "feature_request": {"value": "SSO", "timestamp": 1789999995000},
                "dealstage": {"value": "closedwon", "timestamp": 1789999990000},
            },
        }

        found = change(body)

        assert (found.key, found.organization) == ("deal:7", "48")
        assert found.fields == {
            "title": "SSO",
            "opportunity.stage": "closedwon",
            "opportunity.outcome": "won",
            "company>company:5": "primary",
            "company>company:6": "other",
            "contact>contact:101": "primary",
        }
        assert found.times["title"] > found.times["opportunity.outcome"]

    @pytest.mark.parametrize(
        ("body", "key"),
        [
            ({"hs_object_id": "7", "dealname": "x"}, "deal:7"),
            ({"hs_object_id": 7, "subject": "x"}, "ticket:7"),
            ({"properties": {"hs_object_id": "7", "email": "x"}}, "contact:7"),
            ({"objectId": 7, "objectTypeId": "0-5", "dealname": "x"}, "ticket:7"),
            ({"vid": 7}, "contact:7"),
            ({"companyId": 7}, "company:7"),
            ({"objectId": 7}, "object:7"),
        ],
    )
    def test_its_kind_is_found(self, body: Any, key: str) -> None:
        assert change(body).key == key

    def test_takes_the_portal_of_the_settings(self) -> None:
        assert change({"vid": 7}, organization_id="48").organization == "48"

    def test_of_a_person_has_a_name(self) -> None:
        body = {"vid": 7, "properties": {"firstname": "Kim", "lastname": {"value": "Roe"}}}

        assert change(body).fields == {"contact.name": "Kim Roe"}

    def test_that_is_deleted_is_gone(self) -> None:
        assert change({"vid": 7, "isDeleted": True}).fields == {"gone": "yes"}

    @pytest.mark.parametrize("body", [{}, {"a": 1}, {"properties": 5}])
    def test_without_an_id_is_told(self, body: Any) -> None:
        (found,) = read(body)

        assert isinstance(found, Invalid)
        assert found.detail.startswith("objectId: is needed")

    def test_an_event_that_is_in_no_list_is_told(self) -> None:
        (found,) = read(EVENT)

        assert isinstance(found, Invalid)
        assert "must be a list of events" in found.detail


def test_a_fault_says_where_it_is_in_the_batch() -> None:
    (_good, bad) = read([EVENT, EVENT | {"propertyValue": ""}])

    assert isinstance(bad, Fault)
    assert bad.error.errors[0]["loc"] == ["body", 1, "propertyValue"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*EVENT, "objectTypeId", "properties", "associations", "dealId", "value"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING | st.lists(st.builds(lambda more: EVENT | more, st.dictionaries(
    st.sampled_from([*EVENT]), ANYTHING, max_size=3)), max_size=3))  # fmt: skip
def test_anything_is_read_or_told(body: Any) -> None:
    found = read(body)

    assert all(isinstance(each, Change | Fault | Passed | Invalid) for each in found)
