"""A database with rows in all of its tables, most of them put there through the services."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session

from models import (
    Connector,
    Delivery,
    DeliveryEvent,
    DeliveryKey,
    DeliveryStatus,
    DigestSent,
    FirstAnswer,
    LastSaid,
    Reconciliation,
    RecordSaid,
    SavedView,
    SignInLink,
    UserSession,
)
from models.account import AccountChange
from models.base import Model, utc_now
from models.connector import ConnectorKind
from models.delivery import DeliveryState
from models.feature import FeatureChange
from models.opportunity import OpportunityChange
from models.product import ProductChange
from services import accounts, asks, commitments, erasing, features, opportunities, products
from services.vault import Vault
from tests.factories import Make


def fill(make: Make) -> None:
    """Put at least one row into every table."""
    session, by, policy = make.session, make.boss, make.policy
    product = make.product(demand_bar={"accounts": 2})
    account = make.customer(external_refs=[{"source": "hubspot", "id": "1"}])
    deal = make.opportunity(account, external_refs=[{"source": "hubspot", "id": "1"}])
    sso, audit, export = (
        make.planned(product_id=product.id, shareable=True, title=title)
        for title in ("Single sign-on", "Audit log", "Export")
    )
    first = make.ask(account, sso, contact={"name": "Kim Roe", "email": "kim@acme.example"})
    told = {"contact": {"name": "Kim Roe"}, "channel": "call", "on": "2026-11-20"}
    make.response(first, basis="insufficient_demand", told=told)
    second = make.ask(make.customer(), sso)  # the bar is reached, and the refusal comes back
    asks.withdraw_ask(session, by, policy, second.id, "Asked by mistake.")  # and it is armed anew
    make.response(
        make.ask(account, sso), kind="ranked", order=[str(each.id) for each in (sso, audit, export)]
    )
    make.response(make.ask(account, audit, opportunity_id=deal.id), kind="yes", basis="committed")
    promise = commitments.list_commitments(session, by, limit=1)[0][0]
    commitments.release_commitment(session, by, promise.id, "They bought without it.")
    accounts.change_account(session, by, policy, account.id, AccountChange(region="EMEA"))
    later = OpportunityChange(stage="Proposal")
    opportunities.change_opportunity(session, by, policy, deal.id, later)
    features.change_feature(session, by, policy, export.id, FeatureChange(area="Data"))
    products.change_product(session, by, policy, product.id, ProductChange(name="Renamed"))
    make.key(make.user())
    session.add_all(_sign_ins(by.id))
    session.commit()
    _receive(session, first.id)
    session.commit()
    gone = {"name": "Lee Poe", "email": "lee@acme.example"}
    make.ask(account, export, contact=gone)
    erasing.erase(session, erasing.find(session, gone["email"]), Vault("s" * 40))
    session.commit()


def _sign_ins(user_id: UUID) -> list[Model]:
    later = utc_now() + timedelta(days=1)
    return [
        SignInLink(token_hash="a" * 64, user_id=user_id, expires_at=later),
        UserSession(token_hash="b" * 64, user_id=user_id, created_at=utc_now(), expires_at=later),
        SavedView(user_id=user_id, name="Banks", filters={"industry": ["Banking"]}),
        DigestSent(user_id=user_id, day=later.date()),
        FirstAnswer(caller_id=user_id, key="one", fingerprint="c" * 64, created_at=utc_now()),
    ]


def _receive(session: Session, ask_id: UUID) -> None:
    now = utc_now()
    connector = Connector(kind=ConnectorKind.generic, name="Home-made", sealed_secret="sealed")  # noqa: S106
    session.add(connector)
    session.flush()
    delivery = Delivery(
        connector_id=connector.id,
        content_type="application/json",
        headers={},
        body=b"{}",
        sha256="d" * 64,
    )
    session.add(delivery)
    session.flush()
    parked = DeliveryState.parked
    session.add(DeliveryStatus(delivery_id=delivery.id, state=parked, due_at=now))
    session.add(DeliveryEvent(delivery_id=delivery.id, created_at=now, state=parked))
    session.add(DeliveryKey(connector_id=connector.id, event_key="e1", delivery_id=delivery.id))
    session.add(LastSaid(ask_id=ask_id, said_at=now, delivery_id=delivery.id))
    session.add(Reconciliation(connector_id=connector.id, since=now))
    session.add(
        RecordSaid(
            source="hubspot:1",
            record="deal:2",
            field="title",
            value="SSO",
            said_at=now,
            event_key="e1",
            delivery_id=delivery.id,
        )
    )
