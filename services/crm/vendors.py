"""The CRMs that can be asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from models.connector import ConnectorKind, ConnectorSettings
from services.crm.hubspot_records import SPACING, HubSpot
from services.crm.outgoing import Client
from services.crm.pipedrive_records import Pipedrive
from services.crm.vendor import Vendor


@contextmanager
def asking(
    kind: ConnectorKind,
    base_url: str,
    token: str,
    settings: ConnectorSettings,
    wait: Callable[[float], None],
) -> Iterator[Vendor]:
    """A CRM to ask, for as long as the context lasts.

    Args:
        kind: Which one it is.
        base_url: Where it is.
        token: What it is asked with.
        settings: Which of its properties matter.
        wait: How to wait some seconds.
    """
    if kind is ConnectorKind.hubspot:
        bearer = ("Authorization", "Bearer ")
        with Client("HubSpot", base_url, bearer, token, wait=wait, spacing=SPACING) as client:
            yield HubSpot(client, settings)
    else:
        header = ("x-api-token", "")
        with Client("Pipedrive", base_url, header, token, wait=wait) as client:
            yield Pipedrive(client)
