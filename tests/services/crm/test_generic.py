"""Asks in our own JSON or from a form, under a bearer secret."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.connector import ConnectorSettings
from services.crm import generic, mapping
from services.crm.dialect import Arrival, Told
from services.errors import Invalid
from tests.senders import BEARER, SAMPLES

pytestmark = pytest.mark.once


ASK = {"title": "SSO", "account": {"domain": "acme.example", "name": "Acme"}}


def arrival(body: Any, **headers: str) -> Arrival:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {"content_type": "application/json"} | headers
    lower = {name.replace("_", "-"): text for name, text in names.items()}
    return Arrival("https://x/hooks", lower, content, datetime(2026, 11, 23, tzinfo=UTC))


def read(body: Any, settings: Any = None, **headers: str) -> list[Told | Invalid]:
    return generic.read(arrival(body, **headers), ConnectorSettings(**(settings or {})))


def one(body: Any, settings: Any = None, **headers: str) -> dict[str, Any]:
    (told,) = read(body, settings, **headers)
    assert isinstance(told, Told), told
    return told.ask


def fault(body: Any, settings: Any = None, **headers: str) -> Invalid:
    (told,) = read(body, settings, **headers)
    assert isinstance(told, Invalid)
    return told


class TestVerify:
    def verify(self, header: str, secret: str = BEARER) -> bool:
        return generic.verify(arrival(ASK, authorization=header), secret, ConnectorSettings())

    def test_the_secret_passes(self) -> None:
        assert self.verify(f"Bearer {BEARER}")

    def test_the_scheme_may_be_in_any_case(self) -> None:
        assert self.verify(f"bearer {BEARER}")

    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", BEARER, f"Basic {BEARER}", f"Bearer {BEARER}x", "é"]
    )
    def test_anything_else_does_not(self, header: str) -> None:
        assert not self.verify(header)

    @given(
        place=st.integers(0, len(BEARER) - 1),
        letter=st.characters(min_codepoint=33, max_codepoint=255),
    )
    def test_no_mutation_passes(self, place: int, letter: str) -> None:
        other = BEARER[:place] + letter + BEARER[place + 1 :]

        assert self.verify(f"Bearer {other}") is (other == BEARER)

    @pytest.mark.parametrize("bearer", ["the-old-secret-16", "the-new-secret-16"])
    def test_both_pass_during_a_change_over(self, bearer: str) -> None:
        assert self.verify(f"Bearer {bearer}", "the-old-secret-16 the-new-secret-16")

    def test_both_together_do_not(self) -> None:
        both = f"{BEARER} the-new-secret-16"

        assert not self.verify(f"Bearer {both}", both)


class TestSecret:
    @pytest.mark.parametrize(
        ("secret", "said"),
        [
            ("sixteen-letters-é", "plain ASCII"),
            ("sixteen\nletters-and", "plain ASCII"),
            ("a-good-secret-of-16 short", "at least 16"),
            ("a-good-secret-of-16 ", "at least 16"),
        ],
    )
    def test_one_that_cannot_work_is_refused(self, secret: str, said: str) -> None:
        with pytest.raises(Invalid, match=said):
            generic.check_secret(secret)

    def test_two_are_taken(self) -> None:
        generic.check_secret(f"{BEARER} {BEARER}")


class TestEventKey:
    def test_is_the_same_for_the_same_body(self) -> None:
        assert generic.event_key(arrival(ASK)) == generic.event_key(arrival(ASK))

    def test_differs_with_the_body(self) -> None:
        assert generic.event_key(arrival(ASK)) != generic.event_key(arrival([ASK]))

    def test_is_by_the_idempotency_key_where_there_is_one(self) -> None:
        first, second = (arrival(body, idempotency_key="k") for body in (ASK, [ASK]))

        assert generic.event_key(first) == generic.event_key(second)

    def test_fits_however_long_the_key_is(self) -> None:
        assert len(generic.event_key(arrival(ASK, idempotency_key="k" * 9000))) <= 300


class TestJson:
    def test_an_ask(self) -> None:
        assert one(ASK) == ASK

    def test_a_list_of_asks(self) -> None:
        assert [told.ask for told in read([ASK, ASK]) if isinstance(told, Told)] == [ASK, ASK]

    def test_flat_names(self) -> None:
        flat = {"title": "SSO", "account_domain": "acme.example", "account_name": "Acme"}

        assert one(flat) == ASK

    def test_every_flat_name(self) -> None:
        assert one(dict.fromkeys(mapping.FLAT, "x") | {"title": "SSO"}) == {
            "title": "SSO",
            "account": {
                "id": "x",
                "domain": "x",
                "name": "x",
                "external_ref": {"source": "x", "id": "x"},
            },
            "contact": {"name": "x", "email": "x"},
        }

    def test_a_number_becomes_text(self) -> None:
        assert one({"external_id": 12, "title": 1.5}) == {"external_id": "12", "title": "1.5"}

    def test_a_large_number_keeps_its_digits(self) -> None:
        assert one({"external_id": 2**63})["external_id"] == "9223372036854775808"

    def test_so_does_one_past_what_a_float_holds(self) -> None:
        assert one({"external_id": 10**400})["external_id"] == "1" + "0" * 400

    def test_an_inner_number_becomes_text(self) -> None:
        body = {"account": {"external_ref": {"source": "erp", "id": 7}}}

        assert one(body)["account"]["external_ref"]["id"] == "7"

    @pytest.mark.parametrize("empty", [None, "", "  "])
    def test_what_is_empty_is_left_out(self, empty: Any) -> None:
        assert one({"title": "SSO", "why": empty}) == {"title": "SSO"}

    def test_an_instant_becomes_its_day(self) -> None:
        assert one({"asked_on": "2026-09-21T23:30:00-05:00"})["asked_on"] == "2026-09-22"

    def test_a_day_stays(self) -> None:
        assert one({"asked_on": "2026-09-21"})["asked_on"] == "2026-09-21"

    @pytest.mark.parametrize("said", ["soon", "0001-01-01T00:00:00+14:00"])
    def test_no_day_stays_for_the_check_to_refuse(self, said: str) -> None:
        assert one({"asked_on": said})["asked_on"] == said

    def test_a_byte_order_mark_is_no_matter(self) -> None:
        assert one(b"\xef\xbb\xbf" + json.dumps(ASK).encode()) == ASK

    @pytest.mark.parametrize("body", [b"", b"  \n "])
    def test_nothing(self, body: bytes) -> None:
        assert "is empty" in fault(body).detail

    @pytest.mark.parametrize("body", [b"null", b"5", b'"x"'])
    def test_no_object(self, body: bytes) -> None:
        assert "is no ask" in fault(body).detail

    def test_deep_nesting(self) -> None:
        assert "is no JSON that we read" in fault(b"[" * 100_000 + b"]" * 100_000).detail

    def test_two_names_for_one_field(self) -> None:
        body = {"account": {"name": "Acme"}, "account_name": "Acme"}

        assert fault(body).detail == "account_name: is given twice, under two names"

    def test_an_account_that_is_no_object(self) -> None:
        body = {"account": "Acme", "account_domain": "acme.example"}

        assert fault(body).detail.startswith("account_domain: cannot be put into account")


class TestUnknownFields:
    def test_each_is_named(self) -> None:
        assert fault({"title": "SSO", "customer": 1, "arr": 2}).detail.startswith("customer, arr: ")

    def test_each_has_a_place(self) -> None:
        errors = fault({"title": "SSO", "customer": 1}).errors

        assert errors[0]["loc"] == ["body", "customer"]

    def test_the_place_has_the_index_in_a_list(self) -> None:
        (_good, bad) = read([ASK, {"customer": 1}])

        assert isinstance(bad, Invalid)
        assert bad.errors[0]["loc"] == ["body", 1, "customer"]

    def test_a_long_name_is_cut(self) -> None:
        assert len(fault({"x" * 100_000: 1}).detail) < 300

    @pytest.mark.parametrize("name", ["answer", "kind", "Response", "state"])
    def test_an_answer_is_told_that_there_is_no_maybe(self, name: str) -> None:
        assert "There is no maybe" in fault({"title": "SSO", name: "maybe"}).detail


class TestForm:
    FORM = "application/x-www-form-urlencoded"

    def test_its_fields_are_those_of_an_ask(self) -> None:
        body = b"title=Dark+launch&account_name=Initech&why="

        assert one(body, content_type=f"{self.FORM}; charset=utf-8") == {
            "title": "Dark launch",
            "account": {"name": "Initech"},
        }

    def test_json_that_is_called_a_form_is_read_as_json(self) -> None:
        assert one(ASK, content_type=self.FORM) == ASK

    @pytest.mark.parametrize("body", [b"title", b"title=%ff", "title=é".encode(), b"a=1&" * 300])
    def test_what_is_none(self, body: bytes) -> None:
        assert "is no form that we read" in fault(body, content_type=self.FORM).detail

    def test_a_field_twice(self) -> None:
        found = fault(b"title=a&title=b", content_type=self.FORM)

        assert found.detail.startswith("title: is given twice")


class TestMapping:
    def test_items_are_at_a_path(self) -> None:
        body = {"data": {"rows": [{"title": "A"}, {"title": "B"}]}}

        assert len(read(body, {"items": "data.rows"})) == 2

    def test_a_path_without_anything_is_told(self) -> None:
        found = fault({"data": {}}, {"items": "data.rows"})

        assert found.detail.startswith("data.rows: there is nothing in the body")

    def test_our_fields_are_at_paths(self) -> None:
        body = {"wish": {"text": "SSO"}, "tags": ["a", {"who": "Acme"}]}
        fields = {"title": "wish.text", "account_name": "tags.1.who"}

        assert one(body, {"fields": fields}) == {"title": "SSO", "account": {"name": "Acme"}}

    def test_a_name_with_a_dot_in_it_is_found(self) -> None:
        assert one({"wish.text": "SSO"}, {"fields": {"title": "wish.text"}}) == {"title": "SSO"}

    def test_our_other_fields_keep_their_names(self) -> None:
        body = {"title": "SSO", "customer": "Acme"}

        assert one(body, {"fields": {"account_name": "customer"}}) == {
            "title": "SSO",
            "account": {"name": "Acme"},
        }

    def test_what_else_they_send_is_left_alone(self) -> None:
        assert one({"wish": "SSO", "arr": 1}, {"fields": {"title": "wish"}}) == {"title": "SSO"}

    def test_what_is_not_there_is_left_out(self) -> None:
        assert one({"title": "SSO"}, {"fields": {"why": "a.b"}}) == {"title": "SSO"}

    def test_a_field_that_is_none_of_ours_is_refused(self) -> None:
        with pytest.raises(Invalid, match="'arr' is no field of an ask"):
            mapping.check_settings(ConnectorSettings(fields={"arr": "arr"}))

    def test_an_empty_path_is_refused(self) -> None:
        with pytest.raises(Invalid, match="'title' needs the dotted path"):
            mapping.check_settings(ConnectorSettings(fields={"title": ""}))


class TestSamples:
    @pytest.mark.parametrize(
        ("name", "asks"),
        [
            ("make_http_module.json", 2),
            ("unknown_customer.json", 1),
            ("zapier_form.txt", 1),
            ("zapier_post_json.json", 1),
        ],
    )
    def test_is_read(self, name: str, asks: int) -> None:
        body = (SAMPLES / "generic" / name).read_bytes().strip()
        settings = {"fields": {"account_name": "customer", "verbatim": "body"}}
        if name.startswith("make"):
            settings["items"] = "data"  # type: ignore[assignment]  # a path beside a mapping
        kind = TestForm.FORM if name.endswith("txt") else "application/json"

        found = read(body, settings, content_type=kind)

        assert [isinstance(told, Told) for told in found] == [True] * asks


@given(st.binary(max_size=400) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(sorted(mapping.FIELDS)) | st.text(max_size=8), inner, max_size=6
    ),
    max_leaves=12,
))  # fmt: skip
def test_anything_is_read_or_told(body: Any) -> None:
    found = read(body)

    assert all(isinstance(told, Told | Invalid) for told in found)
