"""Deliveries by number, of every dialect in turn: each one's event and record are its own."""

import hashlib
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from models.base import utc_now
from models.connector import ConnectorKind, ConnectorNew, ConnectorSettings
from services.connectors import create_connector, receive_url
from services.crm import DIALECTS
from services.policy import Policy
from services.vault import Vault
from tests.crm_samples import (
    ASK_FIELD,
    HUBSPOT_SECRET,
    KEY,
    OWN_SECRETS,
    PIPEDRIVE_SECRET,
    SECRETS,
    SETTINGS,
    basic,
    hubspot_v3,
    milliseconds,
)
from tests.factories import Make
from tests.senders import SAMPLES, signature

KINDS = tuple(ConnectorKind)
SECRET_KEY = "s" * 40
POLICY = Policy(public_url="https://asks.example.com")
SERVED = {
    "NOMAYBE_SECRET_KEY": SECRET_KEY,
    "NOMAYBE_PUBLIC_URL": POLICY.public_url,
    "NOMAYBE_LOG_LEVEL": "warning",
}
_MESSAGE = (SAMPLES / "salesforce" / "outbound_1.xml").read_text()
_DEAL = (SAMPLES / "pipedrive" / "v2_deal_create.json").read_text()
_EVENT = json.loads((SAMPLES / "hubspot" / "deal_property_change_ask.json").read_text())[0]


def title(number: int) -> str:
    """The ask that a delivery tells of."""
    return f"Ask {number}."


def body(kind: ConnectorKind, number: int) -> bytes:
    """What is delivered: the same bytes whenever it is delivered again."""
    ask = {"title": title(number), "external_id": f"ask-{number}", "customer": "Acme"}
    match kind:
        case ConnectorKind.generic:
            return json.dumps(ask).encode()
        case ConnectorKind.standard_webhooks:
            return json.dumps({"type": "ask.created", "data": ask}).encode()
        case ConnectorKind.hubspot:
            own = {"eventId": number, "objectId": 10**10 + number, "propertyValue": title(number)}
            return json.dumps([_EVENT | own]).encode()
        case ConnectorKind.salesforce:
            text = _MESSAGE.replace("04l5g0000000001AAA", f"04l5g{number:010}AAA")
            text = text.replace("0065g0000000001AAA", f"0065g{number:010}AAA")
            return text.replace("SCIM group sync", title(number)).encode()
        case ConnectorKind.pipedrive:
            deal = json.loads(_DEAL)
            deal["data"]["id"] = number + 1
            deal["data"]["custom_fields"][ASK_FIELD]["value"] = title(number)
            deal["meta"]["entity_id"] = str(number + 1)
            deal["meta"]["id"] = f"5a000000-0000-4000-8000-{number:012}"
            return json.dumps(deal).encode()


@dataclass(frozen=True)
class Target:
    """A connector of a kind."""

    kind: ConnectorKind
    url: str

    def request(self, content: bytes, event: str) -> bytes:
        """An authentic call, as bytes of HTTP; `event` is its id where the header has it."""
        stamp = milliseconds()
        given = {"Host": "127.0.0.1", "Content-Length": str(len(content))}
        given["Content-Type"] = "application/json"
        match self.kind:
            case ConnectorKind.generic:
                given["Authorization"] = f"Bearer {SECRETS['generic_bearer']}"
            case ConnectorKind.standard_webhooks:
                seconds = int(utc_now().timestamp())
                given["webhook-id"], given["webhook-timestamp"] = event, str(seconds)
                given["webhook-signature"] = signature(event, seconds, content, KEY)
            case ConnectorKind.hubspot:
                given["X-HubSpot-Request-Timestamp"] = str(stamp)
                given["X-HubSpot-Signature-v3"] = hubspot_v3(
                    HUBSPOT_SECRET, self.url, content, stamp
                )
            case ConnectorKind.salesforce:
                given["Content-Type"] = "text/xml; charset=utf-8"
            case ConnectorKind.pipedrive:
                given["Authorization"] = basic(PIPEDRIVE_SECRET)
        head = [f"POST {urlsplit(self.url).path} HTTP/1.1"]
        head += [f"{name}: {text}" for name, text in given.items()]
        return "\r\n".join([*head, "", ""]).encode() + content


@dataclass(frozen=True)
class Targets:
    """A connector of each kind."""

    each: tuple[Target, ...]

    def of(self, number: int) -> Target:
        """To which one a number goes."""
        return self.each[number % len(self.each)]

    def body(self, number: int) -> bytes:
        """What is delivered under a number."""
        return body(self.of(number).kind, number)

    def request(self, number: int) -> bytes:
        """The call of a number."""
        return self.of(number).request(self.body(number), f"msg_{number}")

    def sha256(self, number: int) -> str:
        """By which its row is found."""
        return hashlib.sha256(self.body(number)).hexdigest()


def targets(make: Make, *kinds: ConnectorKind) -> Targets:
    """Connectors of these kinds, or of every kind, and a product for the asks."""
    make.some_product()
    found = []
    for kind in kinds or KINDS:
        chosen = ConnectorSettings(**{"make_accounts": True} | SETTINGS[kind])
        new = ConnectorNew(kind=kind, name=f"A {kind}", secret=OWN_SECRETS[kind], settings=chosen)
        made = create_connector(make.session, make.boss, Vault(SECRET_KEY), new)
        path = DIALECTS[kind].path(OWN_SECRETS[kind])
        found.append(Target(kind, receive_url(POLICY, kind, made.id) + path))
    make.session.commit()
    return Targets(tuple(found))
