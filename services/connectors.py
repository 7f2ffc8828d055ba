"""What one may do with a connector: where deliveries come from."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlmodel import Session, col, select

from models.connector import (
    Connector,
    ConnectorChange,
    ConnectorKind,
    ConnectorNew,
    ConnectorSeen,
    ConnectorSettings,
)
from models.feature import Feature
from models.product import Product
from services import paging
from services.crm import DIALECTS
from services.errors import invalid
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import check_version, given, load, named, revise
from services.vault import CannotUnseal, Vault

RECONCILED = (ConnectorKind.hubspot, ConnectorKind.pipedrive)  # what can be asked, not only heard


def create_connector(session: Session, by: Caller, vault: Vault, new: ConnectorNew) -> Connector:
    """Let a sender deliver; its secret is sealed and never shown again.

    Raises:
        NotPermitted: `by` may not manage connectors.
        Invalid: The secret or the mapping cannot work, or the product is unknown.
    """
    by.require(Permission.connector_manage)
    check_settings(session, new.kind, new.settings)
    connector = Connector(
        kind=new.kind,
        name=new.name,
        sealed_secret=_sealed(vault, new.kind, new.secret.get_secret_value()),
        sealed_token=_sealed_token(vault, new.kind, new.token),
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
    values: dict[str, Any] = given(change, frozenset({"token"}))
    if "secret" in values:
        secret = values.pop("secret").get_secret_value()
        values["sealed_secret"] = _sealed(vault, connector.kind, secret)
    if "token" in values:
        values["sealed_token"] = _sealed_token(vault, connector.kind, values.pop("token"))
    if "settings" in values:
        check_settings(session, connector.kind, change.settings)
        values["settings"] = change.settings.model_dump(mode="json")
    revise(connector, by, values)
    session.flush()
    return connector


def seen(policy: Policy, vault: Vault, connector: Connector) -> ConnectorSeen:
    """A connector as it is sent."""
    return ConnectorSeen(
        id=connector.id,
        kind=connector.kind,
        name=connector.name,
        settings=connector.settings,
        enabled=connector.enabled,
        receive_url=receive_url(policy, connector.kind, connector.id) + _path(vault, connector),
        has_token=connector.sealed_token is not None,
    )


def receive_url(policy: Policy, kind: ConnectorKind, connector_id: UUID) -> str:
    """Where a sender posts to; some sign it, so it is the public one and never a request's own."""
    return f"{policy.public_url}/hooks/{kind}/{connector_id}"


def _path(vault: Vault, connector: Connector) -> str:
    """The proof that some senders are given as a part of the address."""
    try:
        return DIALECTS[connector.kind].path(vault.open(connector.sealed_secret.encode()).decode())
    except CannotUnseal:
        return ""  # it delivers no more, and can be given another secret


def _sealed(vault: Vault, kind: ConnectorKind, secret: str) -> str:
    DIALECTS[kind].check_secret(secret)
    return vault.seal(secret.encode()).decode()


def _sealed_token(vault: Vault, kind: ConnectorKind, token: SecretStr | None) -> str | None:
    if token is None:
        return None
    given = token.get_secret_value()
    if kind not in RECONCILED:
        known = " and ".join(RECONCILED)
        raise invalid("token", f"is for {known}; {kind} cannot be asked")
    if not (given.isascii() and given.isprintable() and " " not in given):
        raise invalid("token", "must be plain ASCII characters, as it travels in a header")
    return vault.seal(given.encode()).decode()


def check_settings(session: Session, kind: ConnectorKind, settings: ConnectorSettings) -> None:
    """Refuse settings that cannot work for a kind, or that name what is not on file.

    Raises:
        Invalid: It names the field.
    """
    DIALECTS[kind].check_settings(settings)
    if settings.product_id is not None:
        named(session, Product, settings.product_id, "settings.product_id")
    for feature_id in settings.lost_reasons.values():
        named(session, Feature, feature_id, "settings.lost_reasons")
