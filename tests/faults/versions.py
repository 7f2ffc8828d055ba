"""Five versions of one record as each kind of sender tells them, and what is on file of it."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.worker import AT_ONCE
from models.account import Account, Contact
from models.ask import Ask
from models.connector import Connector, ConnectorKind
from models.opportunity import Opportunity
from services.connectors import receive_url
from services.crm.dialect import Arrival
from services.receiving import Posted, keep_fetched
from tests.crm_samples import ASK_FIELD
from tests.faults.deliveries import POLICY
from tests.senders import SAMPLES

_NUMBERS = re.compile(r"#\d+|[0-9]{5}\w*")
NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)
VERSIONS = range(1, 6)
LAST = "v5"
_MESSAGE = (SAMPLES / "salesforce" / "outbound_1.xml").read_text()
_DEAL = (SAMPLES / "pipedrive" / "v2_deal_create.json").read_text()
_EVENT = json.loads((SAMPLES / "hubspot" / "deal_property_change_ask.json").read_text())[0]
# The value of a field goes to and fro, so that the newest one is often like one before.
_TO_AND_FRO = ("", "100", "200", "100", "300", "100")


def history(kind: ConnectorKind, number: int) -> list[bytes]:
    """The bodies of five versions, in the order in which they were said."""
    match kind:
        case ConnectorKind.hubspot:
            return [_hubspot(number, version) for version in VERSIONS]
        case ConnectorKind.salesforce:
            return [_salesforce(number, version) for version in VERSIONS]
        case ConnectorKind.pipedrive:
            return [_pipedrive(number, version) for version in VERSIONS]
        case _:
            return [_home_made(kind, number, version) for version in VERSIONS]


def _at(version: int) -> datetime:
    return NOON + timedelta(minutes=version)


def _home_made(kind: ConnectorKind, number: int, version: int) -> bytes:
    ask = {
        "title": f"v{version}",
        "external_id": f"#{number}.",
        "customer": f"Acme #{number // 4}.",  # several asks of one person at once
        "contact_email": "kim@acme.example",
        "contact_name": "Kim Roe",
        "body": _TO_AND_FRO[version],
    }
    if kind is ConnectorKind.generic:
        return json.dumps(ask).encode()
    envelope = {"type": "ask.changed", "timestamp": _at(version).isoformat(), "data": ask}
    return json.dumps(envelope).encode()


def _hubspot(number: int, version: int) -> bytes:
    """Property by property, of the deal, its company and its contact, which must find together."""
    deal, company, person = (f"{start}{number}" for start in (1000, 2000, 3000))
    to_company = {"associationType": "DEAL_TO_COMPANY", "fromObjectId": deal, "toObjectId": company}
    to_person = {"associationType": "DEAL_TO_CONTACT", "fromObjectId": deal, "toObjectId": person}
    told: list[list[Any]] = [
        [("deal", deal, "feature_request", "v1"), ("company", company, "name", "Old name")],
        [("deal", deal, "amount", "100"), to_company],
        [("deal", deal, "feature_request", "v3"), ("contact", person, "email", "old@acme.example")],
        [("company", company, "name", f"Acme #{number}."), to_person],
        [("deal", deal, "feature_request", LAST), ("contact", person, "email", "kim@acme.example")],
    ]
    events = []
    for place, each in enumerate(told[version - 1]):
        event = dict(_EVENT)
        event["occurredAt"] = int(_at(version).timestamp() * 1000)
        event["eventId"] = version * 10 + place
        if isinstance(each, dict):
            event = {
                name: value for name, value in event.items() if name in {"portalId", "eventId"}
            } | {"occurredAt": event["occurredAt"], "subscriptionType": "deal.associationChange"}
            event |= {"isPrimaryAssociation": True, "associationRemoved": False} | each
        else:
            kind, key, name, value = each
            event |= {"subscriptionType": f"{kind}.propertyChange", "objectId": key}
            event |= {"propertyName": name, "propertyValue": value}
        events.append(event)
    return json.dumps(events).encode()


def _salesforce(number: int, version: int) -> bytes:
    message = _MESSAGE
    for old, new in (
        ("04l5g0000000001AAA", f"04l5g{number:09}{version}AAA"),
        ("0065g0000000001AAA", f"0065g{number:010}AAA"),
        ("0015g00000Ab1CdAAJ", f"0015g{number:010}AAA"),
        ("2026-09-21T14:13:18.000Z", _at(version).isoformat()),
        ("SCIM group sync", f"v{version}"),
        ("125000.0", _TO_AND_FRO[version]),
        ("Initech expansion 1", f"Deal #{number}. {_TO_AND_FRO[version]}"),
    ):
        assert old in message
        message = message.replace(old, new)
    return message.encode()


def _pipedrive(number: int, version: int) -> bytes:
    deal = json.loads(_DEAL)
    deal["meta"] |= {
        "action": "create" if version == 1 else "change",
        "entity_id": str(number + 1),
        "id": f"5a000000-0000-4000-{version:04}-{number:012}",
        "timestamp": _at(version).isoformat(),
    }
    deal["data"] |= {
        "id": number + 1,
        "title": f"Deal #{number}. {_TO_AND_FRO[version]}",
        "value": int(_TO_AND_FRO[version]),
        "org_id": 500_000 + number,
    }
    deal["data"]["custom_fields"][ASK_FIELD]["value"] = f"v{version}"
    return json.dumps(deal).encode()


def arrive(session: Session, connector: Connector, number: int, order: Sequence[int]) -> list[UUID]:
    """Store the versions of a record as they arrive: in this order, or as the sender's words are.

    As many records at a time as a worker claims, so that several workers read versions of one
    record at the same time.

    Returns:
        The deliveries, by version.
    """
    bodies = history(connector.kind, number)
    # A sender without instants of its own is taken at its word as it comes.
    places = order if connector.kind is not ConnectorKind.generic else range(len(bodies))
    batch = [
        Posted(
            connector.kind,
            connector.id,
            Arrival(
                url=receive_url(POLICY, connector.kind, connector.id),
                headers={"webhook-id": f"{number} {version}", "content-type": "application/json"},
                body=bodies[version],
                at=NOON + timedelta(hours=1, seconds=number // AT_ONCE * len(bodies) + place),
            ),
        )
        for place, version in enumerate(places)
    ]
    ids = dict(zip(places, keep_fetched(session, batch), strict=True))
    return [ids[version] for version in range(len(bodies))]


def on_file(session: Session) -> list[tuple[Any, ...]]:
    """Each ask with its account, deal and contact; ids and instants of ours left out."""
    rows = session.execute(
        select(Ask, Account, Opportunity, Contact)
        .join(Account, col(Account.id) == col(Ask.account_id))
        .outerjoin(Opportunity, col(Opportunity.id) == col(Ask.opportunity_id))
        .outerjoin(Contact, col(Contact.id) == col(Ask.contact_id))
        .where(col(Account.merged_into).is_(None))
        .order_by(col(Ask.external_id))
    )
    return [
        (
            ask.title,
            ask.verbatim,
            _NUMBERS.sub("#", account.name),
            None
            if deal is None
            else (_NUMBERS.sub("#", deal.name), str(deal.amount), deal.stage, deal.outcome),
            None if contact is None else (_NUMBERS.sub("#", contact.name), contact.email),
        )
        for ask, account, deal, contact in rows
    ]
