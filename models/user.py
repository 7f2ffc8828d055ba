"""Who works with Nomaybe: people, their sign-ins, and the keys of machines."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import SecretStr, StringConstraints
from sqlalchemy import JSON
from sqlmodel import Field

from models.base import (
    Email,
    Flag,
    Line,
    Model,
    Record,
    Revised,
    Seen,
    Shape,
    UtcDateTime,
    Word,
    choice,
    instant,
)


class Role(StrEnum):
    """What a person does here."""

    se = "se"
    pm = "pm"
    account_manager = "account_manager"
    viewer = "viewer"
    admin = "admin"


class Scope(StrEnum):
    """What a machine key may do, at most what its maker may."""

    asks_write = "asks:write"
    asks_read = "asks:read"
    demand_read = "demand:read"
    catalog_write = "catalog:write"
    admin = "admin"


class User(Revised, table=True):
    """A person who signs in."""

    __tablename__ = "app_user"

    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=200)
    role: Role = Field(sa_type=choice(Role))
    team: str | None = Field(default=None, max_length=64)
    active: bool = True
    password_hash: str | None = Field(default=None, max_length=200)


class SignInLink(Model, table=True):
    """A link that signs one person in, once. Only its hash is kept."""

    __tablename__ = "sign_in_link"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    expires_at: datetime = instant()
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class UserSession(Model, table=True):
    """A browser that is signed in. Only the hash of its cookie is kept."""

    __tablename__ = "user_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    created_at: datetime = instant()
    expires_at: datetime = instant()


class ApiKey(Record, table=True):
    """A machine's key. Only its hash is kept; it is shown once, when made."""

    __tablename__ = "api_key"

    user_id: UUID = Field(foreign_key="app_user.id", index=True)
    name: str = Field(max_length=200)
    prefix: str = Field(max_length=12)
    key_hash: str = Field(max_length=64, unique=True)
    scopes: list[str] = Field(sa_type=JSON)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


Password = Annotated[SecretStr, Field(min_length=12, max_length=200)]


class UserNew(Shape):
    """A new person."""

    email: Email
    name: Line
    role: Role
    team: Word | None = Field(default=None, description="With whom debts are added up.")
    password: Password | None = Field(
        default=None, description="At least 12 characters; without one a sign-in link is needed."
    )


class UserChange(Shape):
    """What is to change about a person; what is left out stays."""

    name: Line = ""
    role: Role = Role.viewer
    team: Word | None = None
    active: Flag = True


class UserSeen(Seen):
    """A person as sent."""

    id: UUID
    email: str
    name: str
    role: Role
    team: str | None
    active: bool


class UserMade(UserSeen):
    """A person just made, with the one-time link to sign in by, shown once."""

    sign_in_url: str


class Me(Seen):
    """Who is asking, and what they may do."""

    id: UUID
    email: str
    name: str
    role: Role
    scopes: list[Scope] | None = Field(description="Of the key used; null for a person.")
    permissions: list[str]


class ApiKeyNew(Shape):
    """A new key. Without scopes it may do all that its maker may."""

    name: Line
    scopes: list[Scope] = Field(
        default_factory=lambda: [*Scope], min_length=1, max_length=len(Scope)
    )


class ApiKeySeen(Seen):
    """A key as sent; never the key itself."""

    id: UUID
    name: str
    prefix: str = Field(description="How it begins, to tell keys apart.")
    scopes: list[Scope]
    user_email: str
    created_at: datetime
    revoked_at: datetime | None


class ApiKeyMade(ApiKeySeen):
    """A key just made, with its secret, shown once."""

    secret: str


Cookie = Annotated[str, StringConstraints(min_length=20, max_length=200)]
