"""Who may do what: one table. Services ask it; the ways in only say who is there."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from models.user import Role, Scope
from services.errors import Forbidden


class Permission(StrEnum):
    """`<noun>:<verb>`."""

    account_write = "account:write"
    ask_answer = "ask:answer"
    ask_log = "ask:log"
    ask_read = "ask:read"
    ask_triage = "ask:triage"
    catalog_write = "catalog:write"
    commitment_release = "commitment:release"
    connector_manage = "connector:manage"
    demand_read = "demand:read"
    inbox_dismiss = "inbox:dismiss"
    inbox_read = "inbox:read"
    inbox_replay = "inbox:replay"
    key_manage = "key:manage"
    self_read = "self:read"
    user_manage = "user:manage"


_READ = {Permission.ask_read, Permission.demand_read, Permission.self_read}
_ANSWER = {Permission.ask_log, Permission.ask_triage, Permission.ask_answer}
_CATALOG = {Permission.catalog_write, Permission.commitment_release}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.se: frozenset(_READ | _ANSWER | {Permission.account_write, Permission.inbox_read}),
    Role.pm: frozenset(
        _READ
        | _ANSWER
        | _CATALOG
        | {Permission.account_write, Permission.inbox_read, Permission.inbox_replay}
    ),
    Role.account_manager: frozenset(_READ | {Permission.ask_log, Permission.account_write}),
    Role.viewer: frozenset(_READ),
    Role.admin: frozenset(Permission),
}

SCOPES: dict[Scope, frozenset[Permission]] = {
    Scope.asks_write: frozenset(_ANSWER | {Permission.self_read}),
    Scope.asks_read: frozenset({Permission.ask_read, Permission.self_read}),
    Scope.demand_read: frozenset({Permission.demand_read, Permission.self_read}),
    Scope.catalog_write: frozenset(_CATALOG | {Permission.account_write, Permission.self_read}),
    Scope.admin: frozenset(
        {
            Permission.connector_manage,
            Permission.inbox_dismiss,
            Permission.inbox_read,
            Permission.inbox_replay,
            Permission.key_manage,
            Permission.self_read,
            Permission.user_manage,
        }
    ),
}


class NotPermitted(Forbidden):
    """Your role, or your key's scopes, do not include it."""

    slug, title = "not-permitted", "Not permitted"
    cure = "Ask somebody whose role includes it, or an administrator for a key with the scope."


@dataclass(frozen=True)
class Caller:
    """Whoever is behind a request, once authenticated.

    `principal` is the key used, or else the person: what rate limits and idempotency are kept by.
    """

    id: UUID
    role: Role
    email: str
    name: str
    scopes: frozenset[Scope] | None = None
    principal: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role grants it, and the key's scopes do too."""
        if permission not in GRANTS[self.role]:
            return False
        return self.scopes is None or any(permission in SCOPES[scope] for scope in self.scopes)

    def require(self, permission: Permission) -> None:
        """Raise `NotPermitted` unless the caller may do it."""
        if permission not in GRANTS[self.role]:
            raise NotPermitted(f"A person with the role {self.role} may not do this: {permission}.")
        if not self.may(permission):
            held = ", ".join(sorted(self.scopes or ())) or "none"
            raise NotPermitted(f"This key's scopes ({held}) do not include {permission}.")
