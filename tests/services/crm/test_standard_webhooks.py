"""Standard Webhooks: who signed it, when, and what it says."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from models.connector import ConnectorSettings
from services.crm import standard_webhooks
from services.crm.dialect import Arrival, Told
from services.errors import Invalid
from tests.senders import KEY, SAMPLES, SIGNING_SECRET, signature

pytestmark = pytest.mark.once


VECTORS = json.loads((SAMPLES / "standard_webhooks" / "vectors.json").read_text())["vectors"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
STAMP = int(NOW.timestamp())
BODY = b'{"title": "SSO"}'
EARLY = "0001-01-01T00:00:00+14:00"  # before all time in UTC


def arrival(
    body: bytes = BODY, *, event: str = "msg_1", stamp: int | str = STAMP, by: str | None = None
) -> Arrival:
    headers = {
        "webhook-id": event,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(event, stamp, body) if by is None else by,
    }
    return Arrival("https://x/hooks", headers, body, NOW)


def verify(arrived: Arrival, secret: str = SIGNING_SECRET) -> bool:
    return standard_webhooks.verify(arrived, secret, ConnectorSettings())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
class TestVectors:
    def arrival(self, vector: dict[str, Any], body: bytes = b"") -> Arrival:
        headers = {
            "webhook-id": vector["msg_id"],
            "webhook-timestamp": str(vector["timestamp"]),
            "webhook-signature": vector["expected"],
        }
        at = datetime.fromtimestamp(vector["timestamp"], UTC)
        return Arrival("https://x/hooks", headers, body or vector["body"].encode(), at)

    def test_passes(self, vector: dict[str, Any]) -> None:
        assert verify(self.arrival(vector), vector["secret"])

    def test_one_more_space_does_not(self, vector: dict[str, Any]) -> None:
        body = vector["body"].encode() + b" "

        assert not verify(self.arrival(vector, body), vector["secret"])


def test_what_the_reference_package_signs_passes() -> None:
    by = Webhook(SIGNING_SECRET).sign("msg_1", NOW, BODY.decode())

    assert verify(arrival(by=by))


class TestSignature:
    RIGHT = signature("msg_1", STAMP, BODY)
    WRONG = signature("msg_2", STAMP, BODY)

    def test_in_second_place_passes(self) -> None:
        assert verify(arrival(by=f"{self.WRONG} {self.RIGHT}"))

    def test_the_eleventh_passes(self) -> None:
        assert verify(arrival(by=" ".join([self.WRONG] * 10 + [self.RIGHT])))

    @pytest.mark.parametrize(
        "by",
        [
            "",
            WRONG,
            RIGHT.replace("v1,", "v2,"),
            RIGHT.replace("v1,", "v1a,"),
            RIGHT.replace("v1,", ""),
            RIGHT.replace("v1,", "v1"),
            RIGHT.lower(),
            "v1,é",
        ],
    )
    def test_another_does_not(self, by: str) -> None:
        assert not verify(arrival(by=by))

    @given(
        place=st.integers(0, len(RIGHT) - 1),
        letter=st.characters(min_codepoint=32, max_codepoint=255),
    )
    def test_no_mutation_passes(self, place: int, letter: str) -> None:
        by = self.RIGHT[:place] + letter + self.RIGHT[place + 1 :]

        assert verify(arrival(by=by)) is (by == self.RIGHT)

    @given(body=st.binary(max_size=60))
    def test_of_another_body_does_not_pass(self, body: bytes) -> None:
        assert verify(arrival(body, by=self.RIGHT)) is (body == BODY)

    @given(key=st.binary(min_size=1, max_size=64))
    def test_by_another_key_does_not_pass(self, key: bytes) -> None:
        assert verify(arrival(by=signature("msg_1", STAMP, BODY, key))) is (key == KEY)

    @pytest.mark.parametrize("place", [0, 1])
    def test_either_secret_passes_during_a_change_over(self, place: int) -> None:
        secrets = ["whsec_" + "A" * 32, "whsec_" + "A" * 32]
        secrets[place] = SIGNING_SECRET

        assert verify(arrival(), " ".join(secrets))


class TestWindow:
    @pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
    def test_inside(self, seconds: int) -> None:
        assert verify(arrival(stamp=STAMP + seconds))

    @pytest.mark.parametrize("seconds", [-301, 301, -86_400, 10**9])
    def test_outside(self, seconds: int) -> None:
        assert not verify(arrival(stamp=STAMP + seconds))

    @pytest.mark.parametrize("stamp", ["", "abc", f"{STAMP}.0", f"+{STAMP}", f" {STAMP}", "9" * 99])
    def test_no_timestamp(self, stamp: str) -> None:
        assert not verify(arrival(stamp=stamp))

    def test_other_digits_are_none(self) -> None:
        arabic = str(STAMP).translate({48 + digit: 0x660 + digit for digit in range(10)})

        assert not verify(arrival(stamp=arabic))


class TestEvent:
    @pytest.mark.parametrize("event", ["", "msg.1", "m" * 257])
    def test_an_id_that_cannot_be(self, event: str) -> None:
        assert not verify(arrival(event=event))

    def test_the_key_is_the_id(self) -> None:
        again = arrival(b"{}", stamp=STAMP + 60)

        assert standard_webhooks.event_key(arrival()) == standard_webhooks.event_key(again)

    def test_another_id_is_another_event(self) -> None:
        other = arrival(event="msg_2")

        assert standard_webhooks.event_key(arrival()) != standard_webhooks.event_key(other)

    def test_it_shows_no_secret(self) -> None:
        assert standard_webhooks.shown(arrival()) is None  # type: ignore[func-returns-value]


class TestSecret:
    @pytest.mark.parametrize("secret", [SIGNING_SECRET, "A" * 32, f"{SIGNING_SECRET} {'A' * 32}"])
    def test_a_key_is_taken(self, secret: str) -> None:
        standard_webhooks.check_secret(secret)

    @pytest.mark.parametrize(
        "secret",
        ["whsec_" + "A" * 28, "whsec_" + "A" * 90, "not base64 at all!", f"{SIGNING_SECRET} ", "é"],
    )
    def test_anything_else_is_refused(self, secret: str) -> None:
        with pytest.raises(Invalid, match="base64 of 24 to 64"):
            standard_webhooks.check_secret(secret)


class TestRead:
    def read(self, body: Any, **settings: Any) -> list[Told | Invalid]:
        arrived = arrival(json.dumps(body).encode())
        return standard_webhooks.read(arrived, ConnectorSettings(**settings))

    def test_a_bare_ask(self) -> None:
        assert self.read({"title": "SSO"}) == [Told({"title": "SSO"})]

    def test_an_envelope(self) -> None:
        body = {"type": "ask.created", "timestamp": "2026-09-21T14:13:20Z"}

        (told,) = self.read(body | {"data": {"title": "SSO"}})

        at = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
        assert told == Told({"title": "SSO"}, at)

    def test_a_list_in_an_envelope(self) -> None:
        found = self.read({"type": "asks", "data": [{"title": "A"}, {"titel": "B"}]})

        assert [isinstance(told, Told) for told in found] == [True, False]

    @pytest.mark.parametrize("stamp", [None, 5, "soon", "2026-09-21T14:13:20", EARLY])
    def test_a_timestamp_that_is_none_is_left(self, stamp: Any) -> None:
        found = self.read({"type": "ask", "timestamp": stamp, "data": {"title": "SSO"}})

        assert found == [Told({"title": "SSO"})]

    def test_a_path_is_from_the_body(self) -> None:
        body = {"type": "ask", "data": {"object": {"title": "SSO"}}}

        assert self.read(body, items="data.object") == [Told({"title": "SSO"})]

    def test_the_instant_is_that_of_the_envelope_also_with_a_path(self) -> None:
        body = {"type": "ask", "timestamp": NOW.isoformat(), "data": {"object": {"title": "SSO"}}}

        (told,) = self.read(body, items="data.object")

        assert isinstance(told, Told)
        assert told.said_at == NOW

    def test_a_removal_is_told(self) -> None:
        (found,) = self.read({"type": "ask.deleted", "data": {"title": "SSO"}})

        assert isinstance(found, Invalid)
        assert found.detail.startswith("type: tells of a removal")

    def test_no_json_is_told(self) -> None:
        (found,) = standard_webhooks.read(arrival(b"{"), ConnectorSettings())

        assert isinstance(found, Invalid)

    def test_the_sample(self) -> None:
        body = json.loads((SAMPLES / "standard_webhooks" / "ask_created.json").read_text())

        (told,) = self.read(body, fields={"account_name": "customer", "verbatim": "body"})

        assert isinstance(told, Told)
        assert told.ask == {
            "external_id": "ext-1001",
            "title": "Audit export",
            "verbatim": "Quarterly export of answer history",
            "account": {"name": "Initech"},
        }


def test_a_second_after_the_window_is_outside() -> None:
    late = Arrival("https://x", arrival().headers, BODY, NOW + timedelta(seconds=301))

    assert not verify(late)
