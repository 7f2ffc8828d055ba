"""What makes a vendor: how one asks a CRM for the records that changed, and what can go wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.connector import RecordKind
from services.errors import Conflict


class TokenRefused(Conflict):
    """The CRM does not take the connector's token, or does not let it read what is asked for."""

    slug, title = "token-refused", "The CRM refuses the token"
    cure = (
        "Make a new token there that may read companies, contacts and deals (and tickets, if the"
        " connector's settings name them), and set it as the connector's `token`."
    )


class CrmLimits(Conflict):
    """The CRM wants us to wait for longer than we do."""

    slug, title = "crm-limits", "The CRM's limit is reached"
    cure = "Run it again later; it goes on where it stopped."


class CrmUnreachable(Conflict):
    """The CRM cannot be reached, or fails again and again."""

    slug, title = "crm-unreachable", "The CRM does not answer"
    cure = "Look at the network, and at the vendor's status page; run it again and it goes on."


class CrmNotUnderstood(Conflict):
    """The CRM answers what its documentation does not say."""

    slug, title = "crm-not-understood", "The CRM's answer is not understood"
    cure = "Check the setting that names the CRM's address. Nothing was skipped: run it again."


class NotOffered(CrmNotUnderstood):
    """The CRM has nothing at the address that its documentation names."""

    slug, title = "crm-not-offered", "The CRM has nothing there"


class RequestRefused(CrmNotUnderstood):
    """The CRM refuses what is asked, or has forgotten the place that it gave us."""

    slug, title = "crm-request-refused", "The CRM refuses the request"
    cure = (
        "Check the properties that the connector's settings name (`fields`). Nothing was skipped:"
        " run it again."
    )


@dataclass(frozen=True)
class RecordsPage:
    """Some of the records that changed.

    Each is a body that the dialect reads like one that was delivered. `marker` is where the next
    page begins, None after the last one; `left` is how many there are in this page and after it,
    None where the CRM does not say.
    """

    bodies: Sequence[bytes]
    marker: str | None
    left: int | None


class Vendor(Protocol):
    """A CRM that is asked, with one token."""

    def organization(self) -> str | None:
        """Whose records the token reads, None where the CRM does not say.

        Raises:
            DomainError: The CRM refuses, or does not answer.
        """

    def page(
        self, organization: str, kind: RecordKind, since: datetime, marker: str | None
    ) -> RecordsPage:
        """Records of a kind that changed at or after `since`, in an order that changes leave alone.

        Raises:
            DomainError: The CRM refuses, or does not answer.
        """
