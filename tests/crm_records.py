"""A CRM that tells of its records, past all that HTTP and dialects do."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from models.account import Account, Contact
from models.ask import Ask, Source
from models.connector import Connector, ConnectorKind, ConnectorSettings
from models.delivery import Delivery
from models.opportunity import Opportunity
from services import record_asks
from services.asks import Origin
from services.capture import Deed, Sender
from services.crm.dialect import Change
from services.permissions import Caller
from services.policy import Policy

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DEAL, COMPANY, PERSON = "deal:1", "company:5", "contact:7"
OF_COMPANY: dict[str, Any] = {"company>company:5": "primary"}
OF_ANOTHER: dict[str, Any] = {"company>company:6": "primary"}
OF_PERSON: dict[str, Any] = {"contact>contact:7": "primary"}
SOURCE = "hubspot:48"


class Crm:
    """Tells of records, each time in a delivery of its own."""

    def __init__(self, session: Session, by: Caller) -> None:
        self.session, self.by = session, by
        self.settings: dict[str, Any] = {"make_accounts": True}
        connector = Connector(kind=ConnectorKind.hubspot, name="x", sealed_secret="sealed")  # noqa: S106
        session.add(connector)
        session.flush()
        self.connector_id = connector.id

    def tell(self, key: str = DEAL, minute: int = 0, **fields: str | None) -> Deed:
        return self.take(change(key, minute, fields))

    def take(self, told: Change) -> Deed:
        delivery = Delivery(
            connector_id=self.connector_id, content_type="", headers={}, body=b"", sha256=""
        )
        self.session.add(delivery)
        self.session.flush()
        with self.session.begin_nested():
            return record_asks.take(self.session, self.sender(delivery.id), told)

    def sender(self, delivery_id: UUID) -> Sender:
        return Sender(
            by=self.by,
            policy=Policy(),
            settings=ConnectorSettings(**self.settings),
            origin=Origin(Source.hubspot, f"hubspot:{self.connector_id}"),
            delivery_id=delivery_id,
            arrived_at=NOON + timedelta(hours=1),
        )

    def ask(self) -> Ask:
        """The only ask."""
        found: Ask = self.session.execute(select(Ask)).scalar_one()
        return found

    def asks(self) -> list[Ask]:
        """All asks."""
        return [*self.session.execute(select(Ask)).scalars()]

    def account(self) -> Account:
        """The account of the only ask."""
        return self.session.get_one(Account, self.ask().account_id)

    def deal(self) -> Opportunity:
        """The only deal."""
        found: Opportunity = self.session.execute(select(Opportunity)).scalar_one()
        return found

    def end(self) -> list[Any]:
        """Everything that is on file in the end, ids and instants of ours left out."""
        self.session.expire_all()
        asks = self.session.execute(
            select(Ask, Account, Opportunity, Contact)
            .join(Account, col(Account.id) == col(Ask.account_id))
            .outerjoin(Opportunity, col(Opportunity.id) == col(Ask.opportunity_id))
            .outerjoin(Contact, col(Contact.id) == col(Ask.contact_id))
            .order_by(col(Ask.external_id))
        ).all()
        living = select(func.count()).select_from(Account).where(col(Account.merged_into).is_(None))
        found: list[Any] = [self.session.execute(living).scalar_one()]
        for ask, account, deal, contact in asks:
            found.append((ask.title, ask.external_id, account.name, account.domain))
            found.append(contact and (contact.name, contact.email))
            found.append(deal and (deal.name, deal.amount, deal.stage, deal.outcome))
        return found


def change(key: str, minute: int, fields: Mapping[str, str | None]) -> Change:
    """A change of a record, told some minutes after noon."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    at = NOON + timedelta(minutes=minute)
    return Change(key.partition(":")[0], key, named, "48", at, event_key=f"{key} {minute}")
