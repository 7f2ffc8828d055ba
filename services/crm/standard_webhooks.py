"""Asks signed as Standard Webhooks has it: the choice for anything home-made.

Source: Standard Webhooks specification, github.com/standard-webhooks/standard-webhooks. Its
Python package decides by the clock of the machine, and lets fractions pass as timestamps; so
these are lines of our own, checked against its vectors.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from models.ask import Source
from models.connector import ConnectorSettings
from services.crm import generic, mapping
from services.crm.dialect import (
    Arrival,
    Told,
    all_of_it,
    each_of,
    in_json,
    no_path,
    nobody_strange,
)
from services.errors import Invalid, invalid

SOURCE = Source.webhook
HEADERS = generic.HEADERS | {"webhook-id", "webhook-timestamp", "webhook-signature"}
CHALLENGE = "Signature"
check_settings = mapping.check_settings
path, proofs = no_path, each_of
stranger, storable, acknowledgement = nobody_strange, all_of_it, in_json

PREFIX = "whsec_"
WINDOW = 300  # seconds, before and after
MOST_SIGNATURES = 20
LENGTHS = range(24, 65)  # bytes of a key
LONGEST_ID = 256


def check_secret(secret: str) -> None:
    """Refuse a secret that is no key, or is one of a length that the specification forbids.

    Raises:
        Invalid: It says what would be right.
    """
    for part in secret.split(" "):
        key = _key(part)
        if key is None or len(key) not in LENGTHS:
            raise invalid(
                "secret",
                "must be `whsec_` and the base64 of 24 to 64 random bytes; during a change-over"
                " two of them, with a space between",
            )


def shown(_arrival: Arrival) -> None:
    """Nothing: it signs with the secret, and does not show it."""


def verify(arrival: Arrival, secret: str, _settings: ConnectorSettings) -> bool:
    """Whether one of its signatures is by one of the secrets, and it was sent about now."""
    event = arrival.headers.get("webhook-id", "")
    stamp = arrival.headers.get("webhook-timestamp", "")
    if not event or "." in event or len(event) > LONGEST_ID:
        return False
    if not (stamp.isascii() and stamp.isdigit()) or len(stamp) > len("1614265330") + 2:
        return False
    if abs(int(arrival.at.timestamp()) - int(stamp)) > WINDOW:
        return False
    signed = f"{event}.{stamp}.".encode("latin-1", "replace") + arrival.body
    keys = [key for each in secret.split(" ") if (key := _key(each)) is not None]
    wanted = [sign(key, signed).encode() for key in keys]
    given = arrival.headers.get("webhook-signature", "").split(" ", MOST_SIGNATURES)
    return any(hmac.compare_digest(each.encode(), right) for each in given for right in wanted)


def sign(key: bytes, signed: bytes) -> str:
    """The signature of `id.timestamp.body`, as it stands in the header."""
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def signed(secret: str, event: str, stamp: str, body: bytes) -> str:
    """The signature of a call with a secret."""
    return sign(_key(secret) or b"", f"{event}.{stamp}.".encode() + body)


def _key(secret: str) -> bytes | None:
    text = secret.removeprefix(PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def event_key(arrival: Arrival) -> str:
    """The `webhook-id`, which stays the same when it is sent again."""
    return f"id {arrival.headers.get('webhook-id', '')}"


def read(arrival: Arrival, settings: ConnectorSettings) -> list[Told | Invalid]:
    """The asks in `data`; or in the body, where there is no envelope about it."""
    said_at = None
    try:
        content = generic.parse(arrival)
        if _is_envelope(content):
            _refuse_removal(content["type"])
            said_at = _instant(content.get("timestamp"))
            content = content if settings.items else content["data"]
    except Invalid as error:
        return [error]
    return [
        each if isinstance(each, Invalid) else replace(each, said_at=said_at)
        for each in mapping.asks_in(content, settings)
    ]


def _is_envelope(content: Any) -> bool:
    if not isinstance(content, dict) or "title" in content:
        return False
    return "data" in content and isinstance(content.get("type"), str)


def _refuse_removal(kind: str) -> None:
    if kind.lower().endswith((".deleted", ".removed")):
        raise invalid("type", "tells of a removal; asks are never removed, so withdraw it here")


def _instant(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
