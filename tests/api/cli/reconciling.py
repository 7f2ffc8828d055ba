"""A connector with a token, the CRM that it asks, and runs of `nomaybe reconcile`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient
from pydantic_core import to_json
from sqlmodel import Session, select

from api.cli_reconcile import Asking, run_all
from models.connector import ConnectorKind
from models.database import connect
from models.reconciliation import Reconciliation
from services.policy import Policy
from services.settings import Settings
from services.vault import Vault
from tests.crm_samples import ASK_FIELD, Crm, crm
from tests.vendors.hubspot import HubSpot
from tests.vendors.pipedrive import Pipedrive
from tests.vendors.server import TOKEN

EARLIER = datetime(2026, 10, 1, 12, tzinfo=UTC)
LATER = EARLIER + timedelta(minutes=5)
SINCE = datetime(2026, 9, 1, tzinfo=UTC)
ORGANIZATIONS = {"hubspot": "48", "pipedrive": "8800123"}


@dataclass
class Side:
    """Both sides: the CRM as it is (`vendor`), and us with a connector to it (`crm`)."""

    kind: str
    vendor: Any
    crm: Crm
    url: str
    keys: str
    waits: list[float] = field(default_factory=list)

    def put(self, number: int, title: str | None, at: datetime = EARLIER) -> None:
        """Have a deal with an ask, changed at an instant, at a company of its own."""
        if self.kind == "hubspot":
            self.vendor.put("deals", number, at, dealname=f"Deal {number}", feature_request=title)
            self.vendor.links["deals", number, "companies"] = [(900 + number, "Primary")]
        else:
            custom = {ASK_FIELD: title}
            told = {"title": f"Deal {number}", "org_id": 900 + number, "custom_fields": custom}
            self.vendor.put("deals", number, at, **told)

    def run(self, **options: Any) -> int:
        """Reconcile, from September on unless told otherwise; returns how many failed."""
        asking = Asking(
            transaction=self.transaction,
            policy=Policy(),
            vault=Vault(self.keys),
            urls=dict.fromkeys(ConnectorKind, self.vendor.url),
            wait=self.waits.append,
            **({"since": SINCE} | options),
        )
        return run_all(asking, self.url, None)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at its end."""
        engine = connect(self.url, pool_size=1)
        try:
            with Session(engine, expire_on_commit=False) as session:
                yield session
                session.commit()
        finally:
            engine.dispose()

    def stands(self) -> Reconciliation:
        """How far reconciling is."""
        with self.transaction() as session:
            found: Reconciliation = session.exec(select(Reconciliation)).one()
            return found

    def titles(self) -> list[str]:
        """The asks on file, by what they ask for."""
        return sorted(each["title"] for each in self.crm.asks())

    def webhook(self, number: int, title: str, at: datetime) -> None:
        """Have a webhook tell of the ask of a deal, as it was at an instant."""
        stamp = int(at.timestamp() * 1000)
        if self.kind == "hubspot":
            told: Any = [
                {
                    "eventId": stamp + number,
                    "portalId": 48,
                    "subscriptionType": "deal.propertyChange",
                    "objectId": number,
                    "occurredAt": stamp,
                    "propertyName": "feature_request",
                    "propertyValue": title,
                }
            ]
        else:
            meta = {
                "version": "2.0",
                "action": "change",
                "entity": "deal",
                "entity_id": str(number),
                "company_id": "8800123",
                "webhook_id": "1",
                "id": f"{number}-{stamp}",
                "timestamp": at.isoformat(),
            }
            custom = {ASK_FIELD: {"type": "varchar", "value": title}}
            data = {"id": number, "title": f"Deal {number}", "custom_fields": custom}
            told = {"meta": meta, "data": data | {"org_id": 900 + number}, "previous": None}
        self.crm.deliver(to_json(told))

    def real_waits(self) -> list[float]:
        """For how long it waited because it was told to, or because something failed."""
        return [each for each in self.waits if each >= 1]


def side_of(kind: str, boss: TestClient, url: str, settings: Settings) -> Side:
    """A CRM without records, and a connector to it that has a token."""
    assert settings.secret_key is not None
    vendor = HubSpot() if kind == "hubspot" else Pipedrive()
    found = crm(boss, kind, organization_id=ORGANIZATIONS[kind])
    answer = found.sender.change(token=TOKEN)
    assert answer.status_code == 200, answer.text
    return Side(kind, vendor, found, url, settings.secret_key.get_secret_value())
