"""Salesforce: outbound messages in SOAP, and what a flow posts as JSON.

A message proves itself by its address alone, and by the organization in it, since Salesforce
signs nothing. A flow shows the secret as a bearer.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any

from models.ask import Source
from models.connector import ConnectorSettings
from services.crm import generic, mapping, records, soap
from services.crm.dialect import IN_JSON, Acknowledgement, Arrival, Change, Fault, Item
from services.errors import Invalid, invalid

SOURCE = Source.salesforce
HEADERS = generic.HEADERS
CHALLENGE = "Bearer"
IN_SOAP = Acknowledgement(soap.ACK, "text/xml")

check_secret = generic.check_secret

ADDRESS = "/hooks/salesforce/"
PROPERTIES = {
    "": {"title": "Feature_Request__c"},
    records.COMPANY: {"account.name": "Name", "account.domain": "Website"},
    records.PERSON: {"contact.name": "Name", "contact.email": "Email"},
    records.DEAL: {
        "opportunity.name": "Name",
        "opportunity.amount": "Amount",
        "opportunity.currency": "CurrencyIsoCode",
        "opportunity.stage": "StageName",
        "opportunity.probability": "Probability",
        "opportunity.close_on": "CloseDate",
        "opportunity.lost_reason": "Loss_Reason__c",
    },
}
KINDS = {"Opportunity": records.DEAL, "Account": records.COMPANY, "Contact": records.PERSON}
PREFIXES = {"006": records.DEAL, "001": records.COMPANY, "003": records.PERSON}
LINKS = {"AccountId": records.COMPANY, "ContactId": records.PERSON}
WON, LOST = ("Closed Won",), ("Closed Lost",)
SHORT, LONG = 15, 18  # characters of an id, without and with its check
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")


def check_settings(settings: ConnectorSettings) -> None:
    """Refuse a mapping or an organization that cannot be.

    Raises:
        Invalid: It names the field.
    """
    records.check_settings(settings)
    if settings.organization_id is not None and not _ID.fullmatch(settings.organization_id):
        said = "must be an organization's id of 15 or 18 letters and digits, such as 00D..."
        raise invalid("settings.organization_id", said)


def path(secret: str) -> str:
    """The proof in the address; made from the secret, so that it does not give it away."""
    return f"/{_proof(secret.rsplit(' ', maxsplit=1)[-1])}"


def _proof(secret: str) -> str:
    digest = hmac.digest(secret.encode(), b"nomaybe address", hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:24]).decode()


def proofs(secret: str) -> Sequence[str]:
    """The end of the address, or the secret itself; of each of them during a change-over."""
    return [each for part in secret.split(" ") for each in (_proof(part), part)]


def shown(arrival: Arrival) -> str | None:
    """What the address ended with, or else the bearer."""
    return arrival.url.rpartition(ADDRESS)[2].partition("/")[2] or generic.shown(arrival)


def verify(arrival: Arrival, secret: str, _settings: ConnectorSettings) -> bool:
    """Whether the address or the bearer is right."""
    given = (shown(arrival) or "").encode()
    return any(compare_digest(given, each.encode()) for each in proofs(secret))


def stranger(arrival: Arrival, settings: ConnectorSettings) -> str | None:
    """That a message names another organization; one that cannot be read is read later."""
    if settings.organization_id is None or _is_json(arrival.body):
        return None
    found = soap.organization(arrival.body)
    if found is None or found[:SHORT] == settings.organization_id[:SHORT]:
        return None
    wanted = settings.organization_id
    return f"It comes from organization {found[: records.SHOWN]!r}, and not from {wanted}."


storable = soap.without_session


def acknowledgement(arrival: Arrival) -> Acknowledgement:
    """The Ack of a message; for a flow JSON."""
    return IN_JSON if _is_json(arrival.body) else IN_SOAP


def _is_json(body: bytes) -> bool:
    return body.removeprefix(generic.BOM).lstrip()[:1] in {b"{", b"["}


def event_key(arrival: Arrival) -> str | None:
    """That of a flow's call; a message holds many events, each with its own."""
    return generic.event_key(arrival) if _is_json(arrival.body) else None


def read(arrival: Arrival, settings: ConnectorSettings) -> Sequence[Item]:
    """The records of a message, or the ask that a flow posts."""
    try:
        if _is_json(arrival.body):
            return _flow(generic.parse(arrival), settings)
        message = soap.read(arrival.body)
        organization = full_id("OrganizationId", message.organization)[:SHORT]
        pin = settings.organization_id
        records.pinned(pin[:SHORT] if pin else None, "OrganizationId", organization)
    except Invalid as error:
        return [error]
    return [
        item
        for index, each in enumerate(message.notifications)
        for item in _items(each, organization, settings, index)
    ]


def _items(
    each: soap.Notification | Invalid, organization: str, settings: ConnectorSettings, index: int
) -> Sequence[Item]:
    if isinstance(each, Invalid):
        return [records.at(each, index)]
    key = records.key("salesforce", organization, each.id)
    try:
        record = _record(each, organization, settings, key)
    except Invalid as error:
        return [Fault(records.at(error, index), key)]
    title = records.theirs(record.kind, PROPERTIES, settings)["title"]
    if each.fields.get(title) == "":
        said = f"is empty, so {record.key} tells no ask; what it told before stays on file"
        rest = {name: value for name, value in record.fields.items() if name != "title"}
        fault = records.at(invalid(title, said), index)
        return [_with(record, rest), Fault(fault, key)]
    return [record]


def _record(
    each: soap.Notification, organization: str, settings: ConnectorSettings, key: str
) -> Change:
    given = each.fields
    kind = KINDS.get(each.type) or records.identity("sObject.type", each.type).lower()
    fields: dict[str, str | None] = {}
    for ours, name in records.theirs(kind, PROPERTIES, settings).items():
        if name in given:
            value = records.text(name, given[name])
            fields[ours] = _converted(ours, records.label(settings, name, value))
    if "StageName" in given:
        fields["opportunity.outcome"] = _outcome(given, settings)
    for name, other in LINKS.items():
        if given.get(name):
            fields[records.link(other, full_id(name, given[name]))] = records.PRIMARY
    said_at = records.instant(given.get("LastModifiedDate") or given.get("SystemModstamp"))
    name = full_id("sObject.Id", given.get("Id"))
    return Change(kind, name, fields, organization, said_at, event_key=key)


def _with(record: Change, fields: Mapping[str, str | None]) -> Change:
    return Change(
        record.kind,
        record.key,
        fields,
        record.organization,
        record.said_at,
        event_key=record.event_key,
    )


def _converted(ours: str, value: str | None) -> str | None:
    if ours == "opportunity.probability":
        return records.fraction(value, percent=True)
    if ours == "account.domain":
        return records.domain(value)
    return records.day(value) if ours == "opportunity.close_on" else value


def _outcome(given: Mapping[str, str | None], settings: ConnectorSettings) -> str:
    if given.get("IsClosed") == "true":
        return "won" if given.get("IsWon") == "true" else "lost"
    return records.outcome(given.get("StageName"), settings, WON, LOST)


def full_id(field: str, value: Any) -> str:
    """An id in its long form, of which the last three characters tell upper from lower case.

    Raises:
        Invalid: It is none.
    """
    found = records.identity(field, value)
    if not _ID.fullmatch(found):
        raise invalid(field, "must be an id of 15 or 18 letters and digits")
    short = found[:SHORT]
    check = ""
    for start in range(0, SHORT, 5):
        bits = sum(1 << place for place in range(5) if "A" <= short[start + place] <= "Z")
        check += _LETTERS[bits]
    return short + check


def _flow(content: Any, settings: ConnectorSettings) -> Sequence[Item]:
    """What a flow posts: a record with an ask in it, or asks as `POST /asks` takes them."""
    ask = content.get("ask") if isinstance(content, dict) else None
    if not isinstance(ask, dict):
        return mapping.asks_in(content, settings.model_copy(update={"fields": {}, "items": ""}))
    key = full_id("external_id", content.get("external_id"))
    kind = PREFIXES.get(key[:3], "record")
    fields = {"title": records.text("ask.title", ask.get("title"))}
    if fields["title"] is None:
        raise invalid("ask.title", "is needed", kind="missing")
    for ours, theirs in (("verbatim", "body"), ("why", "why"), ("importance", "importance")):
        if ask.get(theirs) is not None:
            fields[ours] = records.text(f"ask.{theirs}", ask[theirs])
    pin = settings.organization_id
    organization = pin[:SHORT] if pin else None
    customer = content.get("customer")
    items: list[Item] = []
    if isinstance(customer, dict) and customer.get("external_id"):
        company = full_id("customer.external_id", customer["external_id"])
        fields[records.link(records.COMPANY, company)] = records.PRIMARY
        name = records.text("customer.name", customer.get("name"))
        if name is not None:
            told = {"account.name": name}
            items.append(Change(records.COMPANY, company, told, organization))
    return [*items, Change(kind, key, fields, organization)]
