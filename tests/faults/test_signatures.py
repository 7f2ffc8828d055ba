"""Ten thousand forgeries of each scheme, and none passes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import pytest

from models.connector import ConnectorKind, ConnectorSettings
from services.crm import DIALECTS, salesforce
from services.crm.dialect import Arrival
from tests.crm_samples import (
    HUBSPOT_SECRET,
    KEY,
    OWN_SECRETS,
    PIPEDRIVE_SECRET,
    SALESFORCE_SECRET,
    SECRETS,
    basic,
    hubspot_v3,
)
from tests.senders import signature

pytestmark = pytest.mark.once

MANY = 10_000
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
BODY = b'[{"eventId": 1, "propertyValue": "SSO"}]'
URL = "https://asks.example.com/hooks/hubspot/7"


V3, STAMP = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
OLD, VERSION = "x-hubspot-signature", "x-hubspot-signature-version"
ID, SENT, BY = "webhook-id", "webhook-timestamp", "webhook-signature"
PROOF = salesforce.path(SALESFORCE_SECRET).removeprefix("/")
MILLISECONDS = str(SECONDS * 1000)


@dataclass(frozen=True)
class Scheme:
    """How a sender proves itself: `parts` are what a forger can change, by name."""

    kind: ConnectorKind
    parts: dict[str, str]
    call: Callable[[dict[str, str]], Arrival]

    def passes(self, parts: dict[str, str], secret: str) -> bool:
        """Whether a call of these parts is taken for authentic."""
        allowed = ConnectorSettings(old_signatures=True)
        return DIALECTS[self.kind].verify(self.call(parts), secret, allowed)


def signed(parts: dict[str, str]) -> Arrival:
    """A call with its proof in headers."""
    given = {name: text for name, text in parts.items() if name not in {"body", "url"}}
    return Arrival(parts.get("url", URL), given, parts["body"].encode("latin-1"), NOW)


def old(version: str) -> Callable[[dict[str, str]], Arrival]:
    """A call with a signature of HubSpot's of before."""
    return lambda parts: signed(parts | {VERSION: version})


SCHEMES = {
    "hubspot v3": Scheme(
        ConnectorKind.hubspot,
        {
            V3: hubspot_v3(HUBSPOT_SECRET, URL, BODY, MILLISECONDS),
            STAMP: MILLISECONDS,
            "url": URL,
            "body": BODY.decode(),
        },
        signed,
    ),
    "hubspot v2": Scheme(
        ConnectorKind.hubspot,
        {
            OLD: hashlib.sha256(f"{HUBSPOT_SECRET}POST{URL}".encode() + BODY).hexdigest(),
            "url": URL,
            "body": BODY.decode(),
        },
        old("v2"),
    ),
    "hubspot v1": Scheme(
        ConnectorKind.hubspot,
        {
            OLD: hashlib.sha256(HUBSPOT_SECRET.encode() + BODY).hexdigest(),
            "body": BODY.decode(),
        },
        old("v1"),
    ),
    "standard_webhooks": Scheme(
        ConnectorKind.standard_webhooks,
        {
            ID: "msg_1",
            SENT: str(SECONDS),
            BY: signature("msg_1", SECONDS, BODY, KEY),
            "body": BODY.decode(),
        },
        signed,
    ),
    "pipedrive": Scheme(
        ConnectorKind.pipedrive,
        {"shown": PIPEDRIVE_SECRET},
        lambda parts: Arrival(URL, {"authorization": basic(parts["shown"])}, BODY, NOW),
    ),
    "generic": Scheme(
        ConnectorKind.generic,
        {"shown": SECRETS["generic_bearer"]},
        lambda parts: Arrival(URL, {"authorization": f"Bearer {parts['shown']}"}, BODY, NOW),
    ),
    "salesforce": Scheme(
        ConnectorKind.salesforce,
        {"shown": PROOF},
        lambda parts: Arrival(
            f"https://asks.example.com/hooks/salesforce/7/{parts['shown']}", {}, BODY, NOW
        ),
    ),
}
# No slash: an address with one more is another route. No space: it begins another signature.
LETTERS = [chr(code) for code in (*range(33, 127), *range(161, 256)) if chr(code) != "/"]


def forged(luck: Random, text: str) -> str:
    """The text with some of its letters other, fewer, more or turned around."""
    at = luck.randrange(len(text))
    end = at + luck.randrange(4)
    new = "".join(luck.choices(LETTERS, k=luck.randrange(3)))
    return luck.choice((text[:at] + new + text[end:], text[:at] + text[at:end][::-1] + text[end:]))


@pytest.mark.parametrize("name", SCHEMES)
def test_no_forgery_passes(name: str) -> None:
    scheme, luck, seed = SCHEMES[name], Random(), Random().random()  # noqa: S311
    luck.seed(seed)
    secret = OWN_SECRETS[scheme.kind]
    assert scheme.passes(scheme.parts, secret)
    tried = 0
    while tried < MANY:
        part = luck.choice([*scheme.parts])
        parts = scheme.parts | {part: forged(luck, scheme.parts[part])}
        if parts == scheme.parts:
            continue
        tried += 1
        assert not scheme.passes(parts, secret), (seed, parts)
