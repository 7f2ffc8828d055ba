"""A rehearsal: what would become of a call, also by settings that are not kept. Nothing is kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import utc_now
from models.connector import Connector, ConnectorSettings
from models.delivery import Delivery, DeliveryState, DeliveryStatus
from services import ask_views, connectors, reading, receiving
from services.crm import DIALECTS, sample
from services.errors import invalid
from services.permissions import Caller, Permission
from services.policy import Policy
from services.reading import Claim
from services.receiving import Posted
from services.revisions import load
from services.vault import Vault

LARGEST = 1_000_000  # characters of a call that is pasted
MOST_SHOWN = 20


@dataclass(frozen=True)
class Rehearsed:
    """What would become of a call.

    `parsed` is what the settings read from it, as in `DeliverySeen`; `entries` what would be done
    with each ask, as in its `outcome`; `asks` how they would be on file, in the shape of `AskSeen`.
    """

    state: DeliveryState
    reason: str | None
    parsed: Sequence[dict[str, Any]]
    entries: Sequence[dict[str, Any]]
    asks: Sequence[dict[str, Any]]
    body: str


def pasted(
    session: Session,
    by: Caller,
    policy: Policy,
    connector_id: UUID,
    settings: ConnectorSettings,
    body: str,
) -> Rehearsed:
    """What would become of a call with this body; who sent it is not looked at.

    Args:
        session: A writing session; what is written in it is taken back.
        by: Who asks.
        policy: The operator's decisions.
        connector_id: The connector.
        settings: By which it is read.
        body: JSON, XML or a form.

    Raises:
        NotPermitted: `by` may not manage connectors.
        NotFound: There is no such connector.
        Invalid: The settings cannot work, or the body is empty or too long.
    """
    if not body.strip():
        raise invalid("payload", "is empty; paste what your sender sends")
    if len(body) > LARGEST:
        raise invalid("payload", f"has {len(body)} characters; at most {LARGEST} are tried")
    with _stage(session, by, connector_id, settings) as connector:
        headers = {"content-type": _guessed(body)}
        delivery = Delivery(
            connector_id=connector.id,
            content_type=headers["content-type"],
            headers=headers,
            body=DIALECTS[connector.kind].storable(body.encode("utf-8", "replace")),
            sha256="",
        )
        session.add(delivery)
        session.flush()
        status = DeliveryStatus(
            delivery_id=delivery.id, state=DeliveryState.received, due_at=utc_now(), attempts=1
        )
        session.add(status)
        return _read(session, by, policy, connector, delivery)


def again(
    session: Session,
    by: Caller,
    policy: Policy,
    connector_id: UUID,
    settings: ConnectorSettings,
    delivery_id: UUID,
) -> Rehearsed:
    """What would become of a delivery of the connector if it were replayed by these settings.

    Raises:
        NotPermitted: `by` may not manage connectors.
        NotFound: There is no such connector or delivery.
        Invalid: The settings cannot work, or the delivery is another connector's.
    """
    with _stage(session, by, connector_id, settings) as connector:
        delivery = load(session, Delivery, delivery_id)
        if delivery.connector_id != connector.id:
            raise invalid("delivery", "is not of this connector; choose one of the list")
        status = session.get_one(DeliveryStatus, delivery_id, with_for_update=True)
        status.state, status.attempts = DeliveryState.received, 1
        return _read(session, by, policy, connector, delivery)


def test(
    session: Session,
    by: Caller,
    policy: Policy,
    vault: Vault,
    connector_id: UUID,
    settings: ConnectorSettings,
) -> Rehearsed:
    """What becomes of a call as a sender of this kind makes it, with the secret that is kept.

    It goes the whole way but for the network: verified, stored, read.

    Raises:
        NotPermitted: `by` may not manage connectors.
        NotFound: There is no such connector.
        CannotUnseal: The secret was sealed with another key.
        Invalid: The settings cannot work.
    """
    with _stage(session, by, connector_id, settings) as connector:
        connector.enabled = True
        session.flush()
        secret = vault.open(connector.sealed_secret.encode()).decode()
        url = connectors.seen(policy, vault, connector).receive_url
        arrival = sample.call(connector.kind, url, secret, settings, utc_now())
        (state,) = receiving.receive(
            session, vault, [Posted(connector.kind, connector.id, arrival)]
        )
        newest = select(Delivery).where(Delivery.connector_id == connector.id)
        delivery = session.exec(newest.order_by(col(Delivery.id).desc()).limit(1)).one()
        status = session.get_one(DeliveryStatus, delivery.id)
        if state is not DeliveryState.received:
            return Rehearsed(status.state, status.reason, [], [], [], _text(delivery.body))
        status.attempts = 1
        return _read(session, by, policy, connector, delivery)


@contextmanager
def _stage(
    session: Session, by: Caller, connector_id: UUID, settings: ConnectorSettings
) -> Iterator[Connector]:
    """The connector with other settings, until the end of the block; then all is as before."""
    by.require(Permission.connector_manage)
    connector = load(session, Connector, connector_id)
    connectors.check_settings(session, connector.kind, settings)
    stage = session.begin_nested()
    try:
        connector.settings = settings.model_dump(mode="json")
        session.flush()
        yield connector
    finally:
        stage.rollback()


def _read(
    session: Session, by: Caller, policy: Policy, connector: Connector, delivery: Delivery
) -> Rehearsed:
    session.flush()
    url = connectors.receive_url(policy, connector.kind, connector.id)
    parsed = reading.parsed(url, connector, delivery)
    reading.process(session, policy, Claim(delivery.id, connector.kind, 1))
    status = session.get_one(DeliveryStatus, delivery.id)
    outcome = status.outcome or {"asks": [], "each": []}
    ids = [UUID(each) for each in outcome["asks"][:MOST_SHOWN]]
    asks = [ask_views.get_ask(session, by, each)[0] for each in ids]
    return Rehearsed(
        status.state, status.reason, parsed, outcome["each"], asks, _text(delivery.body)
    )


def _guessed(body: str) -> str:
    first = body.lstrip()[:1]
    if first == "<":
        return "text/xml"
    return "application/json" if first in {"{", "["} else "application/x-www-form-urlencoded"


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
