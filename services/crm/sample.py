"""A call as each kind of sender makes it, to try a connector before the sender does."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from models.connector import ConnectorKind, ConnectorSettings
from services.crm import hubspot, hubspot_signature, pipedrive, records, salesforce, soap
from services.crm import standard_webhooks as standard
from services.crm.dialect import Arrival

TITLE = "A request, to try the connection"
COMPANY, DOMAIN = "Example Ltd", "example.com"
COMPANY_ID, DEAL_ID = 1, 2
ORGANIZATION = "00D000000000001"  # where the settings name none
JSON = "application/json"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def call(
    kind: ConnectorKind, url: str, secret: str, settings: ConnectorSettings, at: datetime
) -> Arrival:
    """A call that tells of one ask, and that the secret proves.

    Args:
        kind: Whose dialect it is in.
        url: The address that the sender is given.
        secret: The connector's; the first where it has several.
        settings: Whose names of fields and whose organization it uses.
        at: When it is sent, UTC.
    """
    one = secret.split(" ", maxsplit=1)[0]
    if kind is ConnectorKind.salesforce:
        body = _salesforce(settings, at)
        return Arrival(url, {"content-type": "text/xml; charset=UTF-8"}, body, at)
    told = {
        ConnectorKind.hubspot: _hubspot,
        ConnectorKind.pipedrive: _pipedrive,
    }.get(kind, _own)(settings, at)
    body = json.dumps(told, ensure_ascii=False).encode()
    return Arrival(url, {"content-type": JSON, **_proof(kind, one, url, body, at)}, body, at)


def _proof(
    kind: ConnectorKind, secret: str, url: str, body: bytes, at: datetime
) -> Mapping[str, str]:
    if kind is ConnectorKind.generic:
        return {"authorization": f"Bearer {secret}"}
    if kind is ConnectorKind.pipedrive:
        return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
    if kind is ConnectorKind.hubspot:
        stamp = str((at - _EPOCH) // timedelta(milliseconds=1))
        signature = hubspot_signature.v3(secret, hubspot_signature.METHOD, url, body, stamp)
        return {hubspot_signature.V3: signature, hubspot_signature.STAMP: stamp}
    event, stamp = f"msg_{uuid4().hex}", str(int(at.timestamp()))
    return {
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": standard.signed(secret, event, stamp, body),
    }


def _own(settings: ConnectorSettings, _at: datetime) -> Any:
    """In our own JSON, under the names that the settings give our fields."""
    said = {"title": TITLE, "account_name": COMPANY, "account_domain": DOMAIN}
    item: dict[str, Any] = {}
    for name, value in said.items():
        _put(item, settings.fields.get(name, name), value)
    if not settings.items:
        return item
    whole: dict[str, Any] = {}
    _put(whole, settings.items, [item])
    return whole


def _put(into: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = path.split(".")
    inner: Any = into
    for step in steps:
        inner = inner.setdefault(step, {})
        if not isinstance(inner, dict):
            return  # two paths of the settings cross, and the reading says so
    inner[last] = value


def _hubspot(settings: ConnectorSettings, at: datetime) -> Any:
    """The name of a company, the wish in a deal, and the link between them."""
    title = records.theirs(records.DEAL, hubspot.PROPERTIES, settings)["title"]
    stamp = (at - _EPOCH) // timedelta(milliseconds=1)
    common = {"portalId": settings.organization_id or "1", "occurredAt": stamp}
    first = int(uuid4()) % 10**15
    changed = [
        (records.COMPANY, COMPANY_ID, "name", COMPANY),
        (records.DEAL, DEAL_ID, title, TITLE),
    ]
    return [
        *(
            {
                **common,
                "eventId": first + number,
                "subscriptionType": f"{kind}.propertyChange",
                "objectId": key,
                "propertyName": name,
                "propertyValue": value,
            }
            for number, (kind, key, name, value) in enumerate(changed)
        ),
        {
            **common,
            "eventId": first + len(changed),
            "subscriptionType": "deal.associationChange",
            "associationType": "DEAL_TO_COMPANY",
            "fromObjectId": DEAL_ID,
            "toObjectId": COMPANY_ID,
            "associationRemoved": False,
            "isPrimaryAssociation": True,
        },
    ]


def _pipedrive(settings: ConnectorSettings, at: datetime) -> Any:
    """A deal with the wish in a field of one's own."""
    title = records.theirs(records.DEAL, pipedrive.PROPERTIES, settings).get("title")
    custom = {title: {"type": "text", "value": TITLE}} if title else {}
    return {
        "meta": {
            "action": "create",
            "entity": "deal",
            "entity_id": str(DEAL_ID),
            "company_id": settings.organization_id or "1",
            "webhook_id": "1",
            "id": str(uuid4()),
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "version": "2.0",
            "attempt": 1,
        },
        "data": {
            "id": DEAL_ID,
            "title": COMPANY,
            "status": "open",
            "org_id": COMPANY_ID,
            "custom_fields": custom,
        },
        "previous": None,
    }


def _salesforce(settings: ConnectorSettings, at: datetime) -> bytes:
    """An account, and an opportunity of it with the wish in a field of one's own."""
    title = records.theirs(records.DEAL, salesforce.PROPERTIES, settings)["title"]
    account = "001000000000001AAA"
    now = at.isoformat().replace("+00:00", "Z")
    objects = (
        ("Account", {"Id": account, "Name": COMPANY, "LastModifiedDate": now}),
        (
            "Opportunity",
            {
                "Id": "006000000000001AAA",
                "AccountId": account,
                "Name": COMPANY,
                "StageName": "Prospecting",
                title: TITLE,
                "LastModifiedDate": now,
            },
        ),
    )
    notifications = "".join(
        f"<Notification><Id>04l{uuid4().hex[:12]}</Id>"
        f'<sObject xsi:type="sf:{kind}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        + "".join(f"<sf:{name}>{escape(text)}</sf:{name}>" for name, text in fields.items())
        + "</sObject></Notification>"
        for kind, fields in objects
    )
    organization = settings.organization_id or ORGANIZATION
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="'
        f'{soap.ENVELOPE.strip("{}")}" xmlns:xsi="{soap.INSTANCE.strip("{}")}"><soapenv:Body>'
        f'<notifications xmlns="{soap.OUTBOUND.strip("{}")}">'
        f"<OrganizationId>{organization}</OrganizationId>"
        f"{notifications}</notifications></soapenv:Body></soapenv:Envelope>"
    ).encode()
