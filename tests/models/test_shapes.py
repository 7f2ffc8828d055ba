"""What comes in: lines, texts, addresses, probabilities and bars, and what is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.dialects import sqlite

from models.base import Domain, Email, Line, Text, UtcDateTime, WebAddress, new_id
from models.opportunity import MILLION, Opportunity, Probability
from models.product import Bar

PRINTABLE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=200)


def taken(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        taken(kind, value)


def deal(probability_ppm: int | None) -> Opportunity:
    return Opportunity(account_id=new_id(), name="Deal", probability_ppm=probability_ppm)


class TestText:
    @given(PRINTABLE)
    def test_what_can_be_read_is_taken(self, value: str) -> None:
        assert taken(Line, f" {value} ") == value

    @pytest.mark.parametrize(
        "value", ["\x00", "a\x07b", "a\nb", "a\u2028b", "\u202eevil", "\ud800"]
    )
    def test_a_line_has_no_control_characters(self, value: str) -> None:
        refused(Line, value, r"U\+|valid string")

    @pytest.mark.parametrize("value", ["", "  ", "\u200b", "\u00ad\u200d"])
    def test_a_line_can_be_seen(self, value: str) -> None:
        refused(Line, value, "can be seen|at least 1")

    def test_a_text_may_have_lines_and_tabs(self) -> None:
        assert taken(Text, "one\n\ttwo") == "one\n\ttwo"

    @pytest.mark.parametrize("value", ["a\x00b", "a\x1bb", "\ufffe"])
    def test_a_text_has_no_other_control_characters(self, value: str) -> None:
        refused(Text, value, r"U\+")


class TestAddresses:
    @pytest.mark.parametrize("value", ["kim@acme.example", "K.R+x@sub.acme.example"])
    def test_an_email_is_kept_in_lower_case(self, value: str) -> None:
        assert taken(Email, value) == value.lower()

    @pytest.mark.parametrize("value", ["kim", "@acme.example", "kim@", "k m@a.example", "a@b@c"])
    def test_no_email(self, value: str) -> None:
        refused(Email, value, "no e-mail address")

    @pytest.mark.parametrize(
        ("value", "kept"),
        [
            ("ACME.example.", "acme.example"),
            ("a-b.c", "a-b.c"),
            ("b\u00fccher.de", "b\u00fccher.de"),
        ],
    )
    def test_a_domain(self, value: str, kept: str) -> None:
        assert taken(Domain, value) == kept

    @pytest.mark.parametrize("value", ["acme", "https://acme.example", "a..b", "-a.b", "a b.c"])
    def test_no_domain(self, value: str) -> None:
        refused(Domain, value, "no domain")

    @pytest.mark.parametrize("value", ["javascript:alert(1)", "//acme.example", "https:// x"])
    def test_no_web_address(self, value: str) -> None:
        refused(WebAddress, value, "must be a web address")


class TestProbability:
    @given(st.integers(0, MILLION))
    def test_is_kept_exactly(self, millionths: int) -> None:
        text = format(Decimal(millionths).scaleb(-6), "f")

        kept = taken(Probability, text)

        assert kept == millionths
        assert Decimal(deal(kept).probability or 0) == Decimal(text)

    @pytest.mark.parametrize(("value", "kept"), [(0.25, 250_000), (1, MILLION), (None, None)])
    def test_may_be_a_number(self, value: Any, kept: int | None) -> None:
        assert taken(Probability, value) == kept

    @pytest.mark.parametrize(
        "value",
        [-0.1, 1.1, "2", "0.1234567", "1e-3", "x", "", "NaN", float("nan"), float("inf"), True, []],
    )
    def test_is_from_nought_to_one(self, value: Any) -> None:
        refused(Probability, value, "probability")

    def test_unknown_is_none(self) -> None:
        assert deal(None).probability is None


class TestBar:
    @pytest.mark.parametrize("accounts", [0, -1, 2**31])
    def test_is_of_some_accounts(self, accounts: int) -> None:
        refused(Bar, {"accounts": accounts}, "accounts")

    def test_says_something(self) -> None:
        refused(Bar, {}, "a bar needs `accounts`, `arr` or both")


class TestUtcDateTime:
    def test_a_time_without_a_zone_is_refused(self) -> None:
        naive = datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None)

        with pytest.raises(ValueError, match="naive datetime"):
            UtcDateTime().process_bind_param(naive, sqlite.dialect())

    def test_no_time_is_none(self) -> None:
        assert UtcDateTime().process_bind_param(None, sqlite.dialect()) is None
