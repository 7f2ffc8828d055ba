"""A CRM, or anything home-made, that posts asks to us."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, SecretStr, StringConstraints
from sqlalchemy import JSON
from sqlmodel import Field

from models.base import Line, Revised, Seen, Shape, Word, choice, clean_line


class ConnectorKind(StrEnum):
    """The dialects that can be received."""

    generic = "generic"
    standard_webhooks = "standard_webhooks"
    hubspot = "hubspot"
    salesforce = "salesforce"
    pipedrive = "pipedrive"


class Connector(Revised, table=True):
    """Where deliveries come from, and how they are authenticated and read."""

    kind: ConnectorKind = Field(sa_type=choice(ConnectorKind))
    name: str = Field(max_length=200)
    sealed_secret: str
    sealed_token: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    enabled: bool = True


class RecordKind(StrEnum):
    """What one may ask a CRM for."""

    company = "company"
    contact = "contact"
    deal = "deal"
    ticket = "ticket"


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
        " left alone; without it, an unknown field parks the delivery. Of a CRM it names"
        ' properties: `{"title": "feature_request"}`.',
    )
    make_accounts: bool = Field(
        default=False,
        description="Whether an account that a CRM or a name alone tells of, and that is not found,"
        " is made as a prospect; else the delivery is parked.",
    )
    organization_id: Word | None = Field(
        default=None,
        description="The only one whose deliveries are taken: the portal id of HubSpot, the"
        " organization id of Salesforce (15 or 18 characters), the company id of Pipedrive.",
    )
    old_signatures: bool = Field(
        default=False,
        description="HubSpot: take the signatures v1 and v2 too, where v3 is missing. They hold no"
        " time, so that a call can be repeated by whoever saw it.",
    )
    labels: dict[Word, dict[Word, Line]] = Field(
        default_factory=dict,
        max_length=50,
        description="What the options of their fields are called:"
        ' `{"stage_id": {"2": "Proposal"}}`. Pipedrive sends only the ids of options.',
    )
    won_stages: list[Line] = Field(
        default_factory=list,
        max_length=50,
        description="Stages in which a deal is won, besides those that the CRM has by itself.",
    )
    lost_stages: list[Line] = Field(
        default_factory=list, max_length=50, description="Likewise, in which a deal is lost."
    )
    lost_reasons: dict[Line, UUID] = Field(
        default_factory=dict,
        max_length=200,
        description="Which feature a reason for losing a deal stands for: by their words, its id.",
    )
    reconcile: list[RecordKind] = Field(
        default_factory=list,
        max_length=len(RecordKind),
        description="Which records `nomaybe reconcile` asks HubSpot or Pipedrive for, in this"
        " order; empty: companies, contacts and deals. The token must be allowed to read them."
        " Tickets are of HubSpot alone.",
    )


ASKED_WITH = (
    "Write-only. What `nomaybe reconcile` asks the CRM with: the access token of a private app of"
    " HubSpot, or the API token of an administrator of Pipedrive."
)


class ConnectorNew(Shape):
    """A new connector."""

    kind: ConnectorKind
    name: Line
    secret: SecretStr = Field(
        min_length=16,
        max_length=500,
        description="Write-only. `whsec_...` for standard_webhooks, the app's client secret for"
        " hubspot, `user:password` for pipedrive. While you change over to a new one, give both"
        " with a space between.",
    )
    token: SecretStr | None = Field(
        default=None, min_length=16, max_length=500, description=ASKED_WITH
    )
    settings: ConnectorSettings = Field(default_factory=ConnectorSettings)
    enabled: bool = True


class ConnectorChange(Shape):
    """What is to change about a connector; what is left out stays."""

    name: Line = ""
    secret: SecretStr = Field(default=SecretStr(""), min_length=16, max_length=500)
    token: SecretStr | None = Field(
        default=None, min_length=16, max_length=500, description=f"{ASKED_WITH} null takes it away."
    )
    settings: ConnectorSettings = Field(default_factory=ConnectorSettings)
    enabled: bool = True


class ConnectorSeen(Seen):
    """A connector as it is sent; never its secret."""

    id: UUID
    kind: ConnectorKind
    name: str
    settings: dict[str, Any]
    enabled: bool
    receive_url: str = Field(
        description="Where the sender posts to. That of salesforce is a secret itself, since an"
        " outbound message has no other way to prove who sent it."
    )
    has_token: bool = Field(description="Whether `nomaybe reconcile` can ask the CRM.")
