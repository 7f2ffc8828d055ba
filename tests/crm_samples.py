"""Deliveries of CRMs as samples: signed anew, and what the manifest says becomes of them."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from models.base import utc_now
from tests.senders import SAMPLES, Sender, sender, signed

MANIFEST = json.loads((SAMPLES / "manifest.json").read_text())
SECRETS = MANIFEST["secrets"]
ASK_FIELD = MANIFEST["mapping"]["pipedrive"]["ask_custom_field"]
ORGANIZATION = MANIFEST["salesforce"]["organization_id"]
HUBSPOT_SECRET = SECRETS["hubspot"]
PIPEDRIVE_SECRET = f"{SECRETS['pipedrive_user']}:{SECRETS['pipedrive_password']}"
SALESFORCE_SECRET = "a-secret-of-salesforce"  # noqa: S105  # invented
KEY = base64.b64decode(SECRETS["standard"].removeprefix("whsec_"))

KINDS = {
    "hubspot-workflow": "hubspot",
    "salesforce-outbound": "salesforce",
    "standard": "standard_webhooks",
}
OWN_SECRETS = {
    "hubspot": HUBSPOT_SECRET,
    "salesforce": SALESFORCE_SECRET,
    "pipedrive": PIPEDRIVE_SECRET,
    "standard_webhooks": SECRETS["standard"],
    "generic": SECRETS["generic_bearer"],
}
NAMED: dict[str, Any] = {"account_name": "customer", "verbatim": "body"}
FLOW = {"title": "ask.title", "verbatim": "ask.body", "account_name": "customer.name"}
# Of the hostile ones those that are large.
MADE = {
    "attrs_200k.xml": b"<a " + b" ".join(b'a%d="1"' % number for number in range(200_000)) + b"/>",
    "deep_200k.xml": b"<a>" * 200_000 + b"</a>" * 200_000,
    "deep_100k.json": b"[" * 100_000 + b"]" * 100_000,
    "title_1MB.json": b'{"title":"' + b"A" * 1_000_000 + b'"}',
}
SETTINGS: dict[str, dict[str, Any]] = {
    "hubspot": {"fields": {"title": "feature_request"}},
    "salesforce": {"organization_id": ORGANIZATION},
    "pipedrive": {"fields": {"title": ASK_FIELD}},
    "standard_webhooks": {"fields": NAMED},
    "generic": {"fields": NAMED},
}


def hubspot_v3(secret: str, url: str, body: bytes, stamp: int | str) -> str:
    """A signature of HubSpot's, made apart from the code under test; the URL needs no decoding."""
    text = f"POST{url}".encode() + body + str(stamp).encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def milliseconds() -> int:
    """The present instant, as HubSpot counts."""
    return int(utc_now().timestamp() * 1000)


@dataclass
class Crm:
    """A CRM that delivers samples to a connector of its own."""

    kind: str
    sender: Sender

    def headers(self, body: bytes) -> dict[str, str]:
        """What proves a body."""
        if self.kind == "hubspot":
            stamp, url = milliseconds(), self.sender.connector["receive_url"]
            return {
                "X-HubSpot-Signature-v3": hubspot_v3(HUBSPOT_SECRET, url, body, stamp),
                "X-HubSpot-Request-Timestamp": str(stamp),
            }
        if self.kind == "pipedrive":
            return {"Authorization": basic(PIPEDRIVE_SECRET)}
        if self.kind == "generic":
            return {"Authorization": f"Bearer {SECRETS['generic_bearer']}"}
        return {}

    def post(self, body: bytes, **headers: str) -> Response:
        """Deliver bytes."""
        given = {"Content-Type": "application/json"} | self.headers(body) | headers
        return self.sender.boss.post(self.sender.path, content=body, headers=given)

    def deliver(self, body: bytes, **headers: str) -> dict[str, Any]:
        """Deliver bytes, have them read, and look at what became of them."""
        assert self.post(body, **headers).status_code == 200
        self.sender.read()
        return self.sender.last()

    def asks(self) -> list[dict[str, Any]]:
        """The asks on file, oldest first."""
        found = self.sender.boss.get("/api/v1/asks", params={"sort": "created_at", "limit": 200})
        items: list[dict[str, Any]] = found.json()["items"]
        return items


def basic(given: str) -> str:
    """HTTP Basic."""
    return "Basic " + base64.b64encode(given.encode()).decode()


def crm(boss: TestClient, kind: str, **settings: Any) -> Crm:
    """A CRM with a connector; accounts that it names are made."""
    chosen = {"make_accounts": True} | SETTINGS[kind] | settings
    return Crm(kind, sender(boss, kind, secret=OWN_SECRETS[kind], settings=chosen))


def of(boss: TestClient, entry: dict[str, Any]) -> Crm:
    """The CRM that a sample comes from, set up as the sample needs it."""
    kind = KINDS.get(entry["connector"], entry["connector"])
    if entry["file"] == "generic/make_http_module.json":
        return crm(boss, kind, items="data")
    return crm(boss, kind, **({"fields": FLOW} if "flow_http" in entry["file"] else {}))


def send(by: Crm, entry: dict[str, Any], body: bytes) -> Response:
    """Deliver a sample as its sender would today."""
    given = {**entry["headers"]}
    if by.kind == "standard_webhooks":
        event = given["webhook-id"]
        stamp = utc_now()
        fresh = signed(event, body, stamp)
        text = f"{event}.{fresh['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()
        # The first signature is by a secret of before.
        given |= fresh | {"webhook-signature": f"{fresh['webhook-signature']} v1,{right}"}
    given = {
        name: text
        for name, text in given.items()
        if not name.startswith("x-hubspot") or by.kind != "hubspot"
    }
    if by.kind == "hubspot":
        given |= by.headers(body)
    path = by.sender.path
    if "wrong_path" in entry["file"]:
        path = path.rpartition("/")[0] + "/sfom_WRONG"
    return by.sender.boss.post(path, content=body, headers=given)
