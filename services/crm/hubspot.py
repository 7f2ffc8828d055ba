"""HubSpot: batches of events, which carry one property each, and records that workflows send.

Source: developers.hubspot.com, "Webhooks API" and "Workflows, webhook action". An event says only
what changed; `eventId` is not unique, and neither order nor once is promised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from models.ask import Source
from models.connector import ConnectorSettings
from services.crm import generic, hubspot_signature, records
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

SOURCE = Source.hubspot
HEADERS = frozenset({"content-type", "user-agent"}) | hubspot_signature.HEADERS
CHALLENGE = "Signature"

check_secret = generic.check_secret
check_settings = records.check_settings
path, proofs = no_path, each_of
stranger, storable, acknowledgement = nobody_strange, all_of_it, in_json

PROPERTIES = {
    "": {"title": "feature_request"},
    records.COMPANY: {"account.name": "name", "account.domain": "domain"},
    records.PERSON: {"contact.email": "email"},
    records.DEAL: {
        "opportunity.name": "dealname",
        "opportunity.amount": "amount",
        "opportunity.currency": "deal_currency_code",
        "opportunity.stage": "dealstage",
        "opportunity.probability": "hs_deal_stage_probability",
        "opportunity.close_on": "closedate",
        "opportunity.lost_reason": "closed_lost_reason",
    },
}
OBJECTS = {"0-1": records.PERSON, "0-2": records.COMPANY, "0-3": records.DEAL, "0-5": "ticket"}
WON, LOST = ("closedwon",), ("closedlost",)
REDACTED = "REDACTED"
# How records of workflows say which one they are, and what that tells of their kind.
IDS = {
    "objectId": None,
    "dealId": records.DEAL,
    "vid": records.PERSON,
    "companyId": records.COMPANY,
    "ticketId": "ticket",
    "hs_object_id": None,
}
MARKS = {
    records.DEAL: ("dealname", "dealstage", "pipeline"),
    "ticket": ("subject", "hs_pipeline_stage"),
    records.PERSON: ("email", "firstname", "lastname"),
    records.COMPANY: ("name", "domain"),
}


def shown(_arrival: Arrival) -> None:
    """Nothing: it signs with the secret, and does not show it."""


def verify(arrival: Arrival, secret: str, settings: ConnectorSettings) -> bool:
    """Whether it was signed about now with the secret, or with one of them."""
    return any(
        hubspot_signature.fits(arrival, each, old=settings.old_signatures)
        for each in secret.split(" ")
    )


def event_key(_arrival: Arrival) -> None:
    """Nothing: the same event may come in another batch."""


def read(arrival: Arrival, settings: ConnectorSettings) -> Sequence[Item]:
    """The events of a batch, or the one record that a workflow sent."""
    try:
        content = generic.parse(arrival)
        if isinstance(content, list):
            return [
                item for index, each in enumerate(content) for item in _items(each, settings, index)
            ]
        if isinstance(content, dict) and _type(content) is None:
            return [_one(content, settings)]
    except Invalid as error:
        return [error]
    return [invalid("", "must be a list of events, or a record that a workflow sends")]


def _type(event: Mapping[str, Any]) -> str | None:
    found = event.get("subscriptionType", event.get("eventType"))
    return found if isinstance(found, str) else None


def _items(event: Any, settings: ConnectorSettings, index: int) -> Sequence[Item]:
    try:
        if not isinstance(event, dict) or _type(event) is None:
            raise invalid("subscriptionType", "is needed; this is no event", kind="missing")
        return _event(event, str(_type(event)), settings)
    except Invalid as error:
        return [Fault(records.at(error, index), _event_key(event))]


def _event_key(event: Any) -> str:
    """What is the same in every attempt; of what is no event, all of it."""
    if not isinstance(event, dict):
        return f"hubspot {records.hashed(event)}"
    attempt = {"attemptNumber"}
    if "eventId" not in event:
        rest = sorted((name, each) for name, each in event.items() if name not in attempt)
        return f"hubspot {records.hashed(rest)}"
    names = (
        "portalId",
        "objectTypeId",
        "objectId",
        "fromObjectId",
        "toObjectId",
        "primaryObjectId",
        "mergedObjectIds",
        "eventId",
        "occurredAt",
        "propertyName",
    )
    return f"hubspot {records.hashed(_type(event), *(event.get(name) for name in names))}"


def _event(event: Mapping[str, Any], type_: str, settings: ConnectorSettings) -> Sequence[Item]:
    kind, _dot, happened = type_.rpartition(".")
    key = _event_key(event)
    if happened == "privacyDeletion":
        who = records.identity("objectId", event.get("objectId"))
        said = f"{kind} {who} wants to be erased; erase the person here too, and dismiss this"
        raise invalid("subscriptionType", said)
    if happened == "merge":
        return _merge(event, _kind(event, kind), settings, key)
    if happened == "associationChange":
        return [_link(event, settings, key)]
    if happened in {"propertyChange", "deletion", "restore"}:
        record = _of(event, _kind(event, kind), settings, key)
        if happened == "propertyChange":
            return [_property(event, record, settings)]
        gone = records.YES if happened == "deletion" else None
        return [_with(record, {records.GONE: gone})]
    return [Passed(f"{type_} tells of a record, and of no ask in it.", key)]


def _kind(event: Mapping[str, Any], named: str) -> str:
    if named != "object":
        return records.identity("subscriptionType", named)
    found = records.identity("objectTypeId", event.get("objectTypeId"))
    return OBJECTS.get(found, found)


def _of(
    event: Mapping[str, Any],
    kind: str,
    settings: ConnectorSettings,
    key: str,
    field: str = "objectId",
) -> Change:
    """The record that an event is about, with nothing told of it yet."""
    name = f"{kind}:{records.identity(field, event.get(field))}"
    portal = _portal(event, settings)
    return Change(kind, name, {}, portal, records.instant(event.get("occurredAt")), event_key=key)


def _with(record: Change, fields: Mapping[str, str | None]) -> Change:
    return Change(
        record.kind,
        record.key,
        fields,
        record.organization,
        record.said_at,
        event_key=record.event_key,
    )


def _portal(content: Mapping[str, Any], settings: ConnectorSettings) -> str | None:
    given = content.get("portalId", content.get("portal-id"))
    portal = None if given is None else records.identity("portalId", given)
    records.pinned(settings.organization_id, "portalId", portal)
    return portal or settings.organization_id


def _property(event: Mapping[str, Any], record: Change, settings: ConnectorSettings) -> Item:
    name, given = event.get("propertyName"), event.get("propertyValue")
    if not isinstance(name, str):
        raise invalid("propertyName", "is needed, as text", kind="missing")
    fields = _told(record.kind, {name: given}, settings, "propertyValue")
    if not fields:
        said = f"{name[: records.SHOWN]} is no property that the settings map."
        return Passed(said, record.event_key)
    if given == REDACTED or event.get("isSensitive") is True:
        said = f"HubSpot keeps {name[: records.SHOWN]} to itself, since it is marked as sensitive"
        raise invalid("propertyValue", f"is redacted: {said}")
    if "title" in fields and fields["title"] is None:
        said = f"is empty, so {record.key} tells no ask; what it told before stays on file"
        raise invalid("propertyValue", said)
    return _with(record, fields)


def _told(
    kind: str, properties: Mapping[str, Any], settings: ConnectorSettings, field: str = ""
) -> dict[str, str | None]:
    """Properties by our names, those that are not mapped left out."""
    found: dict[str, str | None] = {}
    for ours, name in records.theirs(kind, PROPERTIES, settings).items():
        if name not in properties:
            continue
        value = records.text(field or f"properties.{name}", properties[name])
        if ours == "opportunity.stage":
            found["opportunity.outcome"] = records.outcome(value, settings, WON, LOST)
        if ours == "opportunity.close_on":
            value = records.day(value)
        if ours == "opportunity.probability":
            value = records.fraction(value)
        if ours == "account.domain":
            value = records.domain(value)
        found[ours] = records.label(settings, name, value)
    if kind == records.PERSON and {"firstname", "lastname"} <= properties.keys():
        names = [records.text(each, properties[each]) for each in ("firstname", "lastname")]
        found["contact.name"] = " ".join(filter(None, names)) or None
    return found


def _merge(
    event: Mapping[str, Any], kind: str, settings: ConnectorSettings, key: str
) -> Sequence[Item]:
    last = _of(event, kind, settings, key, "newObjectId")
    merged = event.get("mergedObjectIds")
    names = [event.get("primaryObjectId"), *(merged if isinstance(merged, list) else ())]
    lost = {f"{kind}:{records.identity('mergedObjectIds', each)}" for each in names}
    return [
        Change(
            kind,
            each,
            {records.MERGED_INTO: last.key},
            last.organization,
            last.said_at,
            event_key=key,
        )
        for each in sorted(lost - {last.key})
    ]


def _link(event: Mapping[str, Any], settings: ConnectorSettings, key: str) -> Item:
    type_ = str(event.get("associationType", ""))
    origin, _to, goal = (part.lower() for part in type_.partition("_TO_"))
    ends = [(origin, "fromObjectId"), (goal, "toObjectId")]
    if goal not in {records.COMPANY, records.PERSON}:
        ends.reverse()
    (kind, own), (other, theirs) = ends
    if other not in {records.COMPANY, records.PERSON} or kind == other or not kind:
        return Passed(f"{type_[: records.SHOWN]} is no link that matters to an ask.", key)
    record = _of(event, kind, settings, key, own)
    name = records.link(other, f"{other}:{records.identity(theirs, event.get(theirs))}")
    primary = event.get("isPrimaryAssociation") is not False
    value = records.PRIMARY if primary else records.OTHER
    return _with(record, {name: None if event.get("associationRemoved") is True else value})


def _one(content: Mapping[str, Any], settings: ConnectorSettings) -> Item:
    """A record that a workflow sent, or that was asked for.

    The latter says when it changed, and so is the same whenever it is asked for.
    """
    changed = content.get("updatedAt")
    if changed is None:
        return _record(content, settings)
    inner = content.get("properties")
    asked = sorted(inner) if isinstance(inner, dict) else ()
    names = ("portalId", "objectTypeId", "objectId")
    key = f"hubspot {records.hashed('record', *map(content.get, names), changed, asked)}"
    try:
        return replace(_record(content, settings), said_at=records.instant(changed), event_key=key)
    except Invalid as error:
        return Fault(error, key)


def _record(content: Mapping[str, Any], settings: ConnectorSettings) -> Change:
    """A record with properties inside, or flat."""
    inner = content.get("properties")
    given = inner if isinstance(inner, dict) else content
    plain = {name: _value(each) for name, each in given.items()}
    both = {**plain, **content}
    named = next((name for name in IDS if name in both), "objectId")
    if "objectTypeId" in content:
        kind = _kind(content, "object")
    else:
        kind = IDS.get(named) or _guessed(plain)
    key = f"{kind}:{records.identity(named, both.get(named))}"
    fields: dict[str, str | None] = _told(kind, plain, settings)
    if content.get("isDeleted") is True:
        fields[records.GONE] = records.YES
    fields |= _links(content, plain)
    portal = _portal(content, settings)
    return Change(kind, key, fields, portal, None, _times(kind, given, fields, settings))


def _value(given: Any) -> Any:
    return given.get("value") if isinstance(given, dict) else given


def _guessed(properties: Mapping[str, Any]) -> str:
    for kind, marks in MARKS.items():
        if any(mark in properties for mark in marks):
            return kind
    return "object"


def _links(content: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, str | None]:
    given = content.get("associations")
    lists: Mapping[str, Any] = given if isinstance(given, dict) else {}
    companies = [*_ids(lists, "associatedCompanyIds")]
    if properties.get("associatedcompanyid"):
        companies.append(properties["associatedcompanyid"])
    found: dict[str, str | None] = {}
    for kind, ids in (
        (records.COMPANY, companies),
        (records.PERSON, _ids(lists, "associatedVids")),
    ):
        for index, each in enumerate(ids[: records.MOST_LINKS]):
            value = records.OTHER if index else records.PRIMARY
            name = f"{kind}:{records.identity('associations', each)}"
            found[records.link(kind, name)] = value
    return found


def _ids(lists: Mapping[str, Any], name: str) -> list[Any]:
    found = lists.get(name)
    return found if isinstance(found, list) else []


def _times(
    kind: str,
    given: Mapping[str, Any],
    fields: Mapping[str, Any],
    settings: ConnectorSettings,
) -> dict[str, datetime]:
    """When each property was set, where the record says so."""
    found = {}
    for ours, name in records.theirs(kind, PROPERTIES, settings).items():
        each = given.get(name)
        if ours in fields and isinstance(each, dict):
            versions = each.get("versions")
            newest = versions[0] if isinstance(versions, list) and versions else each
            stamp = newest.get("timestamp") if isinstance(newest, dict) else None
            at = records.instant(each.get("timestamp", stamp))
            if at is not None:
                found[ours] = at
    if "opportunity.stage" in found:
        found["opportunity.outcome"] = found["opportunity.stage"]
    return found
