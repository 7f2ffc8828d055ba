"""Pipedrive: webhooks of version 2, which carry a record whole.

Source: pipedrive.readme.io, "Guide for webhooks v2". Nothing is signed; HTTP Basic is all there is.
Options come as ids without their labels, which the settings may give.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any

from models.ask import Source
from models.connector import ConnectorSettings
from services.crm import generic, records
from services.crm.dialect import (
    Arrival,
    Change,
    Fault,
    Item,
    Passed,
    all_of_it,
    each_of,
    in_json,
    no_path,
    nobody_strange,
)
from services.errors import Invalid, invalid

SOURCE = Source.pipedrive
HEADERS = frozenset({"content-type", "user-agent"})
CHALLENGE = 'Basic realm="Nomaybe", charset="UTF-8"'

check_settings = records.check_settings
path, proofs = no_path, each_of
stranger, storable, acknowledgement = nobody_strange, all_of_it, in_json

PROPERTIES = {
    records.COMPANY: {"account.name": "name", "account.domain": "website"},
    records.PERSON: {"contact.name": "name", "contact.email": "email"},
    records.DEAL: {
        "opportunity.name": "title",
        "opportunity.amount": "value",
        "opportunity.currency": "currency",
        "opportunity.stage": "stage_id",
        "opportunity.probability": "probability",
        "opportunity.close_on": "expected_close_date",
        "opportunity.lost_reason": "lost_reason",
    },
}
KINDS = {"deal": records.DEAL, "organization": records.COMPANY, "person": records.PERSON}
OWN = {kind: entity for entity, kind in KINDS.items()}
LINKS = {
    "org_id": records.COMPANY,
    "organization_id": records.COMPANY,
    "person_id": records.PERSON,
}
OUTCOMES = {"open": "open", "won": "won", "lost": "lost"}
VERSION = "2."


def check_secret(secret: str) -> None:
    """Refuse what is no user with a password.

    Raises:
        Invalid: It says what would be right.
    """
    generic.check_secret(secret)
    if not all(all(part.partition(":")[::2]) for part in secret.split(" ")):
        raise invalid("secret", "must be `user:password`, as HTTP Basic has it")


def shown(arrival: Arrival) -> str | None:
    """The user and the password that came along."""
    scheme, _space, given = arrival.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(given.strip(), validate=True).decode() or None
    except (binascii.Error, ValueError):
        return None


def verify(arrival: Arrival, secret: str, _settings: ConnectorSettings) -> bool:
    """Whether user and password are the secret, or one of them."""
    given = (shown(arrival) or "").encode()
    return any(compare_digest(given, each.encode()) for each in secret.split(" "))


def event_key(_arrival: Arrival) -> None:
    """Nothing: the key of an event stands in it, see `read`."""


def read(arrival: Arrival, settings: ConnectorSettings) -> Sequence[Item]:
    """The one event in a call."""
    try:
        content = generic.parse(arrival)
        meta = content.get("meta") if isinstance(content, dict) else None
        if not isinstance(meta, dict):
            raise invalid("meta", "is needed; this is no webhook of Pipedrive", kind="missing")
        if not str(meta.get("version", "")).startswith(VERSION):
            version = str(meta.get("version", meta.get("v", "")))[: records.SHOWN] or "unknown"
            said = f"is version {version}; set the webhook to version 2 in Pipedrive"
            raise invalid("meta.version", said)
        company = records.identity("meta.company_id", meta.get("company_id"))
        names = ("webhook_id", "id")
        key = records.key(
            "pipedrive", company, *(records.identity(f"meta.{n}", meta.get(n)) for n in names)
        )
    except Invalid as error:
        return [error]
    try:
        records.pinned(settings.organization_id, "meta.company_id", company)
        return [_event(content, meta, settings, key)]
    except Invalid as error:
        return [Fault(error, key)]


def _event(
    content: Mapping[str, Any], meta: Mapping[str, Any], settings: ConnectorSettings, key: str
) -> Item:
    entity = records.identity("meta.entity", meta.get("entity"))
    kind = KINDS.get(entity, entity)
    name = _key(kind, "meta.entity_id", meta.get("entity_id"))
    action = meta.get("action")
    if action == "delete":
        fields: dict[str, str | None] = {records.GONE: records.YES}
        if meta.get("merged_to_id") is not None:
            into = _key(kind, "meta.merged_to_id", meta["merged_to_id"])
            fields = {records.MERGED_INTO: into}
    elif action in ("create", "change"):
        data = content.get("data")
        if not isinstance(data, dict):
            raise invalid("data", "is needed, as an object", kind="missing")
        fields = _fields(kind, data, settings)
    else:
        return Passed(f"{str(action)[: records.SHOWN]} is no change of a record.", key)
    company, at = str(meta["company_id"]).strip(), records.instant(meta.get("timestamp"))
    return Change(kind, name, fields, company, at, event_key=key)


def _key(kind: str, field: str, value: Any) -> str:
    return f"{OWN.get(kind, kind)}:{records.identity(field, value)}"


def _fields(
    kind: str, data: Mapping[str, Any], settings: ConnectorSettings
) -> dict[str, str | None]:
    custom = data.get("custom_fields")
    given = {**data, **(custom if isinstance(custom, dict) else {})}
    found: dict[str, str | None] = {records.GONE: None}
    for ours, name in records.theirs(kind, PROPERTIES, settings).items():
        if name in given:
            value = _value(name, given[name], settings, labelled=ours == "title")
            found[ours] = _converted(ours, value)
    if kind == records.DEAL:
        found["opportunity.outcome"] = OUTCOMES.get(str(data.get("status")), "open")
    for name, other in LINKS.items():
        if data.get(name) is not None:
            found[records.link(other, _key(other, f"data.{name}", data[name]))] = records.PRIMARY
    return found


def _value(
    name: str, given: Any, settings: ConnectorSettings, *, labelled: bool = False
) -> str | None:
    """A field as text: plain, with a type about it, or as one option or many."""
    field = f"data.{name[: records.SHOWN]}"
    if isinstance(given, list):  # the addresses of a person, one of them the primary one
        rows = [each for each in given if isinstance(each, dict)]
        rows.sort(key=lambda each: each.get("primary") is not True)
        given = rows[0] if rows else None
    if not isinstance(given, dict):
        return records.label(settings, name, records.text(field, given))
    options = given.get("values") if given.get("type") == "set" else [given]
    if given.get("type") not in ("enum", "set") or not isinstance(options, list):
        return records.text(field, given.get("value"))
    options = [each for each in options if _is_option(each)]
    ids = [records.identity(f"{field}.id", each.get("id")) for each in options]
    labels = _own_labels(ids, options) | settings.labels.get(name, {})
    lacking = [each for each in ids if each not in labels]
    if labelled and lacking:
        said = (
            f"has the option {lacking[0]}, and Pipedrive does not send what it is called; say it"
            " in the connector's settings (`labels`) and replay this"
        )
        raise invalid(field, said)
    return ", ".join(labels.get(each, each) for each in ids) or None


def _own_labels(ids: Sequence[str], options: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What options say that they are called, where Pipedrive was asked."""
    return {
        key: each["label"].strip()
        for key, each in zip(ids, options, strict=True)
        if isinstance(each.get("label"), str) and each["label"].strip()
    }


def _is_option(given: Any) -> bool:
    return isinstance(given, dict) and given.get("id") is not None


def _converted(ours: str, value: str | None) -> str | None:
    if ours == "opportunity.probability":
        return records.fraction(value, percent=True)
    if ours == "account.domain":
        return records.domain(value)
    return records.day(value) if ours == "opportunity.close_on" else value
