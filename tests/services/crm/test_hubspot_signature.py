"""HubSpot's signatures: the vectors pass, and nothing else does."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.connector import ConnectorSettings
from services.crm import hubspot, hubspot_signature
from services.crm.dialect import Arrival
from tests.crm_samples import hubspot_v3
from tests.faults import either
from tests.senders import SAMPLES

pytestmark = pytest.mark.once

VECTORS = json.loads((SAMPLES / "hubspot" / "signature_vectors.json").read_text())["vectors"]
BY_VERSION = {
    version: [each for each in VECTORS if each["version"] == version]
    for version in ("v1", "v2", "v3")
}
MUTATIONS = either(100, 10_000)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
STAMP = int(NOW.timestamp() * 1000)
URL = "https://asks.example.com/hooks/hubspot/7"
SECRET = "test-hubspot-client-secret-0001"  # noqa: S105  # invented
BODY = b'[{"eventId":1}]'
RIGHT = hubspot_v3(SECRET, URL, BODY, STAMP)


def arrival(
    by: str | None = RIGHT,
    *,
    body: bytes = BODY,
    url: str = URL,
    stamp: str | int = STAMP,
    at: datetime = NOW,
    **headers: str,
) -> Arrival:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    if by is not None:
        given |= {"x-hubspot-signature-v3": by, "x-hubspot-request-timestamp": str(stamp)}
    return Arrival(url, given, body, at)


def verify(arrived: Arrival, secret: str = SECRET, *, old: bool = False) -> bool:
    return hubspot.verify(arrived, secret, ConnectorSettings(old_signatures=old))


@pytest.mark.parametrize("vector", BY_VERSION["v3"], ids=lambda each: str(each["id"]))
class TestVectorsOfV3:
    def arrival(self, vector: dict[str, Any], **changed: Any) -> Arrival:
        stamp = vector["timestamp"]
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(stamp))
        fields = {"body": vector["body"].encode(), "url": vector["uri"], "stamp": stamp, "at": at}
        return arrival(vector.get("presented", vector["expected"]), **(fields | changed))

    def test_passes_unless_it_must_not(self, vector: dict[str, Any]) -> None:
        assert verify(self.arrival(vector), vector["secret"]) is (vector.get("verdict") is None)

    def test_is_what_we_compute(self, vector: dict[str, Any]) -> None:
        signed = hubspot_signature.v3(
            vector["secret"],
            vector["method"],
            vector["uri"],
            vector["body"].encode(),
            vector["timestamp"],
        )

        assert signed == vector["expected"]

    @pytest.mark.parametrize(
        "changed",
        [
            {"url": "http://www.example.com/webhook_uri"},
            {"url": "https://www.example.com/webhook_uri/"},
            {"body": b"{}"},
        ],
    )
    def test_of_something_else_it_does_not(
        self, vector: dict[str, Any], changed: dict[str, Any]
    ) -> None:
        assert not verify(self.arrival(vector, **changed), vector["secret"])

    def test_by_another_secret_it_does_not(self, vector: dict[str, Any]) -> None:
        assert not verify(self.arrival(vector), vector["secret"] + "x")


@pytest.mark.parametrize("vector", BY_VERSION["v1"] + BY_VERSION["v2"], ids=lambda each: each["id"])
class TestVectorsOfOldVersions:
    def test_is_what_we_compute(self, vector: dict[str, Any]) -> None:
        body = vector["body"].encode()
        if vector["version"] == "v1":
            signed = hubspot_signature.v1(vector["secret"], body)
        else:
            signed = hubspot_signature.v2(vector["secret"], vector["method"], vector["uri"], body)

        assert signed == vector["expected"]

    @pytest.mark.parametrize("old", [True, False])
    def test_passes_only_where_the_settings_allow_it(
        self, vector: dict[str, Any], *, old: bool
    ) -> None:
        arrived = arrival(
            None,
            body=vector["body"].encode(),
            url=vector.get("uri", URL),
            x_hubspot_signature=vector["expected"],
            x_hubspot_signature_version=vector["version"],
        )

        # Whoever delivers posts.
        assert verify(arrived, vector["secret"], old=old) is (old and vector.get("method") != "GET")


class TestOldVersions:
    RIGHT_V1 = hubspot_signature.v1(SECRET, BODY)

    def test_do_not_help_a_wrong_v3(self) -> None:
        arrived = arrival(
            RIGHT[::-1], x_hubspot_signature=self.RIGHT_V1, x_hubspot_signature_version="v1"
        )

        assert not verify(arrived, old=True)

    @pytest.mark.parametrize("version", ["", "v2", "v3", "v4"])
    def test_must_say_which_they_are(self, version: str) -> None:
        arrived = arrival(
            None, x_hubspot_signature=self.RIGHT_V1, x_hubspot_signature_version=version
        )

        assert not verify(arrived, old=True)


class TestWindow:
    @pytest.mark.parametrize("milliseconds", [-300_000, -299_999, 0, 299_999, 300_000])
    def test_inside(self, milliseconds: int) -> None:
        stamp = STAMP + milliseconds

        assert verify(arrival(hubspot_v3(SECRET, URL, BODY, stamp), stamp=stamp))

    @pytest.mark.parametrize("milliseconds", [-300_001, 300_001, -(10**9), 10**12])
    def test_outside(self, milliseconds: int) -> None:
        stamp = STAMP + milliseconds

        assert not verify(arrival(hubspot_v3(SECRET, URL, BODY, stamp), stamp=stamp))

    @pytest.mark.parametrize("stamp", ["", "NaN", f"{STAMP}.0", f"+{STAMP}", f" {STAMP}", "9" * 99])
    def test_no_timestamp(self, stamp: str) -> None:
        assert not verify(arrival(hubspot_v3(SECRET, URL, BODY, stamp), stamp=stamp))

    def test_other_digits_are_none(self) -> None:
        arabic = str(STAMP).translate({48 + digit: 0x660 + digit for digit in range(10)})

        assert not verify(arrival(hubspot_v3(SECRET, URL, BODY, arabic), stamp=arabic))

    @pytest.mark.parametrize("missing", ["x-hubspot-signature-v3", "x-hubspot-request-timestamp"])
    def test_either_header_missing(self, missing: str) -> None:
        given = arrival()
        headers = {name: text for name, text in given.headers.items() if name != missing}

        assert not verify(Arrival(URL, headers, BODY, NOW))


class TestSecrets:
    @pytest.mark.parametrize("place", [0, 1])
    def test_either_passes_during_a_change_over(self, place: int) -> None:
        secrets = ["another-secret-of-hubspot"] * 2
        secrets[place] = SECRET

        assert verify(arrival(), " ".join(secrets))

    def test_is_not_shown(self) -> None:
        assert hubspot.shown(arrival()) is None  # type: ignore[func-returns-value]


class TestMutations:
    @settings(max_examples=MUTATIONS)
    @given(bit=st.integers(0, len(base64.b64decode(RIGHT)) * 8 - 1))
    def test_of_one_bit(self, bit: int) -> None:
        digest = bytearray(base64.b64decode(RIGHT))
        digest[bit // 8] ^= 1 << bit % 8

        assert not verify(arrival(base64.b64encode(digest).decode()))

    @settings(max_examples=MUTATIONS)
    @given(
        place=st.integers(0, len(RIGHT) - 1),
        letter=st.characters(min_codepoint=32, max_codepoint=255),
    )
    def test_of_a_letter(self, place: int, letter: str) -> None:
        by = RIGHT[:place] + letter + RIGHT[place + 1 :]

        assert verify(arrival(by)) is (by == RIGHT)

    @settings(max_examples=MUTATIONS)
    @given(body=st.binary(max_size=60))
    def test_of_the_body(self, body: bytes) -> None:
        assert verify(arrival(body=body)) is (body == BODY)

    @settings(max_examples=MUTATIONS)
    @given(
        place=st.integers(0, len(URL) - 1),
        letter=st.characters(min_codepoint=33, max_codepoint=126),
    )
    def test_of_the_address(self, place: int, letter: str) -> None:
        url = URL[:place] + letter + URL[place + 1 :]

        assert verify(arrival(url=url)) is (url == URL)

    @settings(max_examples=MUTATIONS)
    @given(stamp=st.integers(STAMP - 300_000, STAMP + 300_000))
    def test_of_the_timestamp(self, stamp: int) -> None:
        assert verify(arrival(stamp=stamp)) is (stamp == STAMP)
