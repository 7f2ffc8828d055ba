"""What one may do with a connector: where deliveries come from."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.connector import (
    Connector,
    ConnectorChange,
    ConnectorKind,
    ConnectorNew,
    ConnectorSeen,
    ConnectorSettings,
)
from models.product import Product
from services import paging
from services.crm import DIALECTS, mapping
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import check_version, given, load, named, revise
from services.vault import Vault


def create_connector(session: Session, by: Caller, vault: Vault, new: ConnectorNew) -> Connector:
    """Let a sender deliver; its secret is sealed and never shown again.

    Raises:
        NotPermitted: `by` may not manage connectors.
        Invalid: The secret or the mapping cannot work, or the product is unknown.
    """
    by.require(Permission.connector_manage)
    _check_settings(session, new.settings)
    connector = Connector(
        kind=new.kind,
        name=new.name,
        sealed_secret=_sealed(vault, new.kind, new.secret.get_secret_value()),
        settings=new.settings.model_dump(mode="json"),
        enabled=new.enabled,
        changed_by=by.id,
    )
    session.add(connector)
    session.flush()
    return connector


def get_connector(session: Session, by: Caller, connector_id: UUID) -> Connector:
    """Read one connector.

    Raises:
        NotPermitted: `by` may not manage connectors.
        NotFound: There is none.
    """
    by.require(Permission.connector_manage)
    return load(session, Connector, connector_id)


def list_connectors(
    session: Session, by: Caller, *, limit: int, cursor: str | None = None
) -> tuple[Sequence[Connector], str | None]:
    """List connectors, oldest first, and where the next page begins.

    Raises:
        NotPermitted: `by` may not manage connectors.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.connector_manage)
    statement = paging.by_id(select(Connector), col(Connector.id), cursor, descending=False)
    rows, more = paging.cut(session.exec(statement.limit(limit + 1)).all(), limit)
    return rows, paging.encode([rows[-1].id]) if more else None


def change_connector(
    session: Session,
    by: Caller,
    vault: Vault,
    connector_id: UUID,
    change: ConnectorChange,
    *,
    expected: int | None = None,
) -> Connector:
    """Change a connector; what was delivered before is read by the new settings on a replay.

    Raises:
        NotPermitted: `by` may not manage connectors.
        NotFound: There is none.
        Stale: It is no longer the version `expected`.
        Invalid: The secret or the mapping cannot work, or the product is unknown.
    """
    by.require(Permission.connector_manage)
    connector = load(session, Connector, connector_id, lock=True)
    check_version(connector, expected)
    values: dict[str, Any] = given(change)
    if "secret" in values:
        secret = values.pop("secret").get_secret_value()
        values["sealed_secret"] = _sealed(vault, connector.kind, secret)
    if "settings" in values:
        _check_settings(session, change.settings)
        values["settings"] = change.settings.model_dump(mode="json")
    revise(connector, by, values)
    session.flush()
    return connector


def seen(policy: Policy, connector: Connector) -> ConnectorSeen:
    """A connector as it is sent."""
    return ConnectorSeen(
        id=connector.id,
        kind=connector.kind,
        name=connector.name,
        settings=connector.settings,
        enabled=connector.enabled,
        receive_url=receive_url(policy, connector.kind, connector.id),
    )


def receive_url(policy: Policy, kind: ConnectorKind, connector_id: UUID) -> str:
    """Where a sender posts to; some sign it, so it is the public one and never a request's own."""
    return f"{policy.public_url}/hooks/{kind}/{connector_id}"


def _sealed(vault: Vault, kind: ConnectorKind, secret: str) -> str:
    DIALECTS[kind].check_secret(secret)
    return vault.seal(secret.encode()).decode()


def _check_settings(session: Session, settings: ConnectorSettings) -> None:
    mapping.check_settings(settings)
    if settings.product_id is not None:
        named(session, Product, settings.product_id, "settings.product_id")
