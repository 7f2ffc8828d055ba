"""A CRM, or anything home-made, that posts asks to us."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, SecretStr, StringConstraints
from sqlalchemy import JSON
from sqlmodel import Field

from models.base import Line, Revised, Seen, Shape, choice, clean_line


class ConnectorKind(StrEnum):
    """The dialects that can be received."""

    generic = "generic"
    standard_webhooks = "standard_webhooks"


class Connector(Revised, table=True):
    """Where deliveries come from, and how they are authenticated and read."""

    kind: ConnectorKind = Field(sa_type=choice(ConnectorKind))
    name: str = Field(max_length=200)
    sealed_secret: str
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    enabled: bool = True


DottedPath = Annotated[str, StringConstraints(max_length=200), AfterValidator(clean_line)]


class ConnectorSettings(Shape):
    """How a delivery is read."""

    product_id: UUID | None = Field(
        default=None, description="The product of asks that name none; needed with several."
    )
    items: DottedPath = Field(
        default="",
        description="Where in the body the asks are, as a dotted path; empty: the body itself.",
    )
    fields: dict[str, DottedPath] = Field(
        default_factory=dict,
        max_length=50,
        description='Our field to theirs, as dotted paths: `{"title": "data.wish"}`. Fields of ours'
        " that it does not name are read under their own names. With it, what else they send is"
        " left alone; without it, an unknown field parks the delivery.",
    )
    make_accounts: bool = Field(
        default=False,
        description="Whether an account that is named by a name alone, and not found, is made as a"
        " prospect; else the delivery is parked.",
    )


class ConnectorNew(Shape):
    """A new connector."""

    kind: ConnectorKind
    name: Line
    secret: SecretStr = Field(
        min_length=16,
        max_length=500,
        description="Write-only. `whsec_...` for standard_webhooks. While you change over to a new"
        " one, give both with a space between.",
    )
    settings: ConnectorSettings = Field(default_factory=ConnectorSettings)
    enabled: bool = True


class ConnectorChange(Shape):
    """What is to change about a connector; what is left out stays."""

    name: Line = ""
    secret: SecretStr = Field(default=SecretStr(""), min_length=16, max_length=500)
    settings: ConnectorSettings = Field(default_factory=ConnectorSettings)
    enabled: bool = True


class ConnectorSeen(Seen):
    """A connector as it is sent; never its secret."""

    id: UUID
    kind: ConnectorKind
    name: str
    settings: dict[str, Any]
    enabled: bool
    receive_url: str = Field(description="Where the sender posts to.")
