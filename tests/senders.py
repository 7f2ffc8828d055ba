"""A sender outside, and the connector that it delivers to."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import Session

from models.base import new_id, utc_now
from models.connector import Connector
from models.delivery import Delivery, DeliveryState, DeliveryStatus

SAMPLES = Path(__file__).parent / "data" / "crm"
BEARER = "a-bearer-of-sixteen-or-more"
KEY = b"k" * 32
SIGNING_SECRET = "whsec_" + base64.b64encode(KEY).decode()
ACME = {"domain": "acme.example", "name": "Acme"}


def signature(event: str, stamp: int | str, body: bytes, key: bytes = KEY) -> str:
    """A Standard Webhooks signature, made apart from the code under test."""
    signed = f"{event}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed(event: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The headers of a Standard Webhooks call, signed at `at` (now)."""
    stamp = int((at or utc_now()).timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(event, stamp, body),
    }


@dataclass
class Sender:
    """Posts to a connector; `boss` looks at what became of it."""

    boss: TestClient
    connector: dict[str, Any]
    etag: str

    @property
    def path(self) -> str:
        """Where it posts to."""
        return "/hooks" + str(self.connector["receive_url"]).partition("/hooks")[2]

    def post(self, body: Any, secret: str = BEARER, **headers: str) -> Response:
        """Post JSON, or bytes as they are, under a bearer."""
        given = {"Authorization": f"Bearer {secret}", **headers}
        if isinstance(body, bytes):
            json_type = {"Content-Type": "application/json"}
            return self.boss.post(self.path, content=body, headers=json_type | given)
        return self.boss.post(self.path, json=body, headers=given)

    def read(self) -> None:
        """Have the worker read all that waits."""
        self.boss.app.state.worker.drain()  # type: ignore[attr-defined]  # it is any ASGI app

    def inbox(self, **filters: Any) -> list[dict[str, Any]]:
        """The deliveries, newest first."""
        items: list[dict[str, Any]] = self.boss.get("/api/v1/inbox", params=filters).json()["items"]
        return items

    def last(self) -> dict[str, Any]:
        """The newest delivery, whole."""
        found: dict[str, Any] = self.boss.get(f"/api/v1/inbox/{self.inbox()[0]['id']}").json()
        return found

    def deliver(self, body: Any, **headers: str) -> dict[str, Any]:
        """Post it, have it read, and look at it."""
        self.post(body, **headers)
        self.read()
        return self.last()

    def asks(self) -> list[dict[str, Any]]:
        """The asks on file, newest first."""
        items: list[dict[str, Any]] = self.boss.get("/api/v1/asks").json()["items"]
        return items

    def change(self, **fields: Any) -> Response:
        """Change the connector."""
        path = f"/api/v1/connectors/{self.connector['id']}"
        return self.boss.patch(path, json=fields, headers={"If-Match": "*"})


def sender(boss: TestClient, kind: str = "generic", **fields: Any) -> Sender:
    """A sender with a connector of its own."""
    secret = BEARER if kind == "generic" else SIGNING_SECRET
    new = {"kind": kind, "name": "Home-made", "secret": secret} | fields
    made = boss.post("/api/v1/connectors", json=new)
    assert made.status_code == 201, made.text
    return Sender(boss, made.json(), made.headers["ETag"])


def delivered(
    session: Session, connector: Connector, at: datetime, *, reconciled: bool = False
) -> None:
    """A delivery that came some time ago."""
    delivery = Delivery(
        id=new_id(),
        created_at=at,
        connector_id=connector.id,
        content_type="",
        headers={},
        body=b"",
        sha256="",
        reconciled=reconciled,
    )
    session.add(delivery)
    session.flush()
    status = DeliveryStatus(delivery_id=delivery.id, state=DeliveryState.processed, due_at=at)
    session.add(status)
    session.flush()
