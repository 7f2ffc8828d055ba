"""Asks in our own JSON, or from a form, under a bearer secret: Zapier, Make, anything home-made."""

import hashlib
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

from models.ask import Source
from models.connector import ConnectorSettings
from services.crm import mapping
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
HEADERS = frozenset({"content-type", "user-agent", "idempotency-key"})
CHALLENGE = "Bearer"
check_settings = mapping.check_settings
path, proofs = no_path, each_of
stranger, storable, acknowledgement = nobody_strange, all_of_it, in_json

SHORTEST = 16
MOST_FORM_FIELDS = 200
FORM = "application/x-www-form-urlencoded"
BOM = b"\xef\xbb\xbf"


def check_secret(secret: str) -> None:
    """Refuse a secret that could not travel in a header, or that is quickly guessed.

    Raises:
        Invalid: It says what would be right.
    """
    if not all(part.isascii() and part.isprintable() for part in secret.split(" ")):
        raise invalid("secret", "must be plain ASCII characters, as it travels in a header")
    if any(len(part) < SHORTEST for part in secret.split(" ")):
        said = f"must have at least {SHORTEST} characters; so must each, where a space parts two"
        raise invalid("secret", said)


def shown(arrival: Arrival) -> str | None:
    """The bearer that came along."""
    scheme, _space, bearer = arrival.headers.get("authorization", "").partition(" ")
    return bearer.strip() or None if scheme.lower() == "bearer" else None


def verify(arrival: Arrival, secret: str, _settings: ConnectorSettings) -> bool:
    """Whether the bearer is the secret, or one of them."""
    bearer = (shown(arrival) or "").encode()
    return any(compare_digest(bearer, each.encode()) for each in secret.split(" "))


def event_key(arrival: Arrival) -> str:
    """The sender's `Idempotency-Key`; else the body itself, which holds the `external_id`."""
    given = arrival.headers.get("idempotency-key")
    if given:
        return f"key {hashlib.sha256(given.encode()).hexdigest()}"
    return f"body {hashlib.sha256(arrival.body).hexdigest()}"


def read(arrival: Arrival, settings: ConnectorSettings) -> list[Told | Invalid]:
    """The asks in the body: one, or a list of them."""
    try:
        content = parse(arrival)
    except Invalid as error:
        return [error]
    return mapping.asks_in(content, settings)


def parse(arrival: Arrival) -> Any:
    """The body as JSON holds it, or as the fields of a form.

    Raises:
        Invalid: It is neither.
    """
    body = arrival.body.removeprefix(BOM).strip()
    media_type = arrival.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        raise invalid("", "is empty; send one ask as JSON, or a list of them")
    # Whoever forgets the header sends JSON as a form: it is what curl does by itself.
    if media_type == FORM and body[:1] not in b"{[":
        return _form(body)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise invalid("", f"is no JSON that we read: {error}", kind="json_invalid") from None


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FORM_FIELDS,
        )
    except ValueError as error:
        raise invalid("", f"is no form that we read: {error}") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise invalid(name, "is given twice; a form says each thing once")
        found[name] = value
    return found
