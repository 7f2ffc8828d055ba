"""Pipedrive's webhooks: who sent them, and what they tell."""

import base64
import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.connector import ConnectorSettings
from services.crm import pipedrive
from services.crm.dialect import Arrival, Change, Fault, Item, Passed, key_of
from services.errors import Invalid
from tests.crm_samples import ASK_FIELD, PIPEDRIVE_SECRET, basic
from tests.faults import either
from tests.senders import SAMPLES

pytestmark = pytest.mark.once

MUTATIONS = either(100, 10_000)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CREATED = json.loads((SAMPLES / "pipedrive" / "v2_deal_create.json").read_text())
OPTIONS = json.loads((SAMPLES / "pipedrive" / "v2_enum_and_set_fields.json").read_text())
FIELDS = {"title": ASK_FIELD}
ENUM, SET, MONEY, NONE = (letter * 40 for letter in "abcd")
RIGHT = basic(PIPEDRIVE_SECRET)


def read(body: Any, **given: Any) -> list[Item]:
    arrival = Arrival("https://x", {}, json.dumps(body).encode(), NOW)
    return [*pipedrive.read(arrival, ConnectorSettings(**({"fields": FIELDS} | given)))]


def change(body: Any, **given: Any) -> Change:
    (found,) = read(body, **given)
    assert isinstance(found, Change), found
    return found


def having(sample: Any = CREATED, /, **meta: Any) -> Any:
    """A call with other words about it."""
    body = deepcopy(sample)
    body["meta"] |= meta
    return body


def fault(body: Any, **given: Any) -> str:
    (found,) = read(body, **given)
    assert isinstance(found, Invalid | Fault), found
    return found.detail if isinstance(found, Invalid) else found.error.detail


class TestVerify:
    def verify(self, header: str, secret: str = PIPEDRIVE_SECRET) -> bool:
        arrival = Arrival("https://x", {"authorization": header}, b"{}", NOW)
        return pipedrive.verify(arrival, secret, ConnectorSettings())

    def test_user_and_password_pass(self) -> None:
        assert self.verify(RIGHT)
        assert self.verify(RIGHT.replace("Basic", "basic"))

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Basic",
            "Basic !",
            "Basic é",
            RIGHT.replace("Basic", "Bearer"),
            basic(PIPEDRIVE_SECRET + "x"),
            basic("askhook:wrong"),
            basic("askhook"),
            "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        ],
    )
    def test_anything_else_does_not(self, header: str) -> None:
        assert not self.verify(header)

    @pytest.mark.parametrize("place", [0, 1])
    def test_either_passes_during_a_change_over(self, place: int) -> None:
        secrets = ["user:another-password"] * 2
        secrets[place] = PIPEDRIVE_SECRET

        assert self.verify(RIGHT, " ".join(secrets))

    @settings(max_examples=MUTATIONS)
    @given(
        place=st.integers(0, len(PIPEDRIVE_SECRET) - 1),
        letter=st.characters(min_codepoint=32, max_codepoint=255),
    )
    def test_no_mutation_passes(self, place: int, letter: str) -> None:
        other = PIPEDRIVE_SECRET[:place] + letter + PIPEDRIVE_SECRET[place + 1 :]

        assert self.verify(basic(other)) is (other == PIPEDRIVE_SECRET)

    @pytest.mark.parametrize(
        "secret", ["no-colon-in-this-one", "user-alone-is-here:", ":the-password-alone"]
    )
    def test_a_secret_that_is_none_is_refused(self, secret: str) -> None:
        with pytest.raises(Invalid, match="user:password"):
            pipedrive.check_secret(secret)


class TestDeal:
    def test_is_told_whole(self) -> None:
        found = change(CREATED)

        assert (found.kind, found.key, found.organization) == ("deal", "deal:8", "8800123")
        assert found.fields == {
            "title": "Offline mobile mode",
            "opportunity.name": "Initech deal 8",
            "opportunity.amount": "45000",
            "opportunity.currency": "EUR",
            "opportunity.stage": "2",
            "opportunity.probability": None,
            "opportunity.close_on": "2026-12-31",
            "opportunity.outcome": "open",
            "opportunity.lost_reason": None,
            "company>organization:71": "primary",
            "contact>person:81": "primary",
            "gone": None,
        }

    @pytest.mark.parametrize(
        ("stamp", "at"),
        [
            ("2026-09-21T14:13:20.123Z", datetime(2026, 9, 21, 14, 13, 20, 123000, tzinfo=UTC)),
            ("1790000000", datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)),
            (1790000000, datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)),
            ("soon", None),
            (None, None),
            ("9" * 30, None),
            ("0001-01-01T00:00:00+14:00", None),
        ],
    )
    def test_says_when(self, stamp: Any, at: datetime | None) -> None:
        assert change(having(timestamp=stamp)).said_at == at

    def test_that_is_deleted_is_gone(self) -> None:
        assert change(having(action="delete")).fields == {"gone": "yes"}

    def test_that_was_merged_is_the_other(self) -> None:
        found = change(having(action="delete", merged_to_id="9"))

        assert found.fields == {"merged_into": "deal:9"}

    @pytest.mark.parametrize(("status", "outcome"), [("won", "won"), ("lost", "lost"), (5, "open")])
    def test_how_it_ended(self, status: Any, outcome: str) -> None:
        body = deepcopy(CREATED)
        body["data"] |= {"status": status}

        assert change(body).fields["opportunity.outcome"] == outcome

    def test_a_stage_may_have_a_label(self) -> None:
        found = change(CREATED, labels={"stage_id": {"2": "Proposal"}})

        assert found.fields["opportunity.stage"] == "Proposal"


class TestOptions:
    def title(self, field: str, **given: Any) -> str | None:
        return change(OPTIONS, fields={"title": field}, **given).fields["title"]

    def test_have_the_labels_of_the_settings(self) -> None:
        labels = {ENUM: {"17": "Offline"}, SET: {"13": "Web", "14": "Phone"}}

        assert self.title(ENUM, labels=labels) == "Offline"
        assert self.title(SET, labels=labels) == "Web, Phone"

    @pytest.mark.parametrize(("field", "option"), [(ENUM, "17"), (SET, "14")])
    def test_an_ask_without_a_label_is_told(self, field: str, option: str) -> None:
        said = fault(OPTIONS, fields={"title": field}, labels={SET: {"13": "Web"}})

        assert f"has the option {option}" in said
        assert "`labels`" in said

    def test_other_fields_keep_the_id(self) -> None:
        found = change(OPTIONS, fields={"opportunity.stage": ENUM})

        assert found.fields["opportunity.stage"] == "17"

    def test_money_is_an_amount(self) -> None:
        assert self.title(MONEY) == "200"

    def test_nothing_is_nothing(self) -> None:
        assert self.title(NONE) is None


class TestOthers:
    def test_a_lead_has_a_text_for_an_id_and_no_deal(self) -> None:
        sample = json.loads((SAMPLES / "pipedrive" / "v2_lead_create_uuid.json").read_text())

        found = change(sample)

        assert (found.kind, found.key) == ("lead", "lead:5a000000-0000-4000-8000-00000000004d")
        assert found.fields == {
            "title": "Public API for reports",
            "company>organization:71": "primary",
            "contact>person:81": "primary",
            "gone": None,
        }

    def test_an_organization_is_a_company(self) -> None:
        body = having(entity="organization", entity_id="71") | {
            "data": {"name": "Initech", "website": "initech.example"}
        }

        found = change(body)

        assert (found.kind, found.key) == ("company", "organization:71")
        assert found.fields["account.domain"] == "initech.example"

    def test_a_person_has_a_primary_address(self) -> None:
        emails = [{"value": "a@x.example"}, {"value": "b@x.example", "primary": True}]
        body = having(entity="person", entity_id="81") | {"data": {"name": "Kim", "email": emails}}

        fields = change(body, fields={"contact.email": "email"}).fields

        assert (fields["contact.name"], fields["contact.email"]) == ("Kim", "b@x.example")

    def test_what_is_no_change_is_passed(self) -> None:
        assert isinstance(read(having(action="viewed"))[0], Passed)


class TestEventKey:
    def test_is_the_same_in_every_attempt(self) -> None:
        assert key_of(change(having(attempt=4))) == key_of(change(CREATED))

    @pytest.mark.parametrize("name", ["company_id", "webhook_id", "id"])
    def test_differs_with_what_tells_events_apart(self, name: str) -> None:
        assert key_of(change(having(**{name: "9"}))) != key_of(change(CREATED))

    def test_fits_however_long_they_are(self) -> None:
        assert len(key_of(change(having(id="9" * 50, webhook_id="8" * 50))) or "") <= 300


class TestFaults:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ([], "meta: is needed"),
            ({"meta": 5}, "meta: is needed"),
            (having(version="1.0"), "meta.version: is version 1.0; set the webhook to version 2"),
            ({"v": 1, "meta": {"v": 1}}, "meta.version: is version 1; set"),
            ({"meta": {}}, "meta.version: is version unknown"),
            (having(company_id=None), "meta.company_id: is needed"),
            (having(id=""), "meta.id: must be"),
            (having(entity_id=None), "meta.entity_id: is needed"),
            (having(entity=[]), "meta.entity: is needed"),
            (CREATED | {"data": None}, "data: is needed"),
            (CREATED | {"data": {ASK_FIELD: {"type": "text", "value": {}}}}, "data.3d0fa3"),
            (CREATED | {"data": {"org_id": {}}}, "data.org_id: is needed"),
        ],
    )
    def test_are_told_by_field(self, body: Any, said: str) -> None:
        assert fault(body).startswith(said)

    def test_of_another_company_is_told(self) -> None:
        assert fault(CREATED, organization_id="9").startswith("meta.company_id: '8800123' is not")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "value", "values", "id", "primary"]) | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=MUTATIONS)
@given(
    st.sampled_from(sorted(CREATED["meta"])),
    st.sampled_from([*sorted(CREATED["data"]), ASK_FIELD]),
    ANYTHING,
    ANYTHING,
)
def test_any_mutation_is_read_or_told(name: str, field: str, first: Any, second: Any) -> None:
    body = having(**{name: first})
    body["data"][field] = second

    found = read(body)

    assert all(isinstance(each, Change | Fault | Passed | Invalid) for each in found)
