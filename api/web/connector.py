"""The page of one connector: how to set it up there, how it is read here, and trying both."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web.inbox import DEEDS, KINDS, SAID, understood
from api.web.pages import By, Filled, Page, faults_of, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.connector import (
    Connector,
    ConnectorChange,
    ConnectorKind,
    ConnectorSettings,
)
from services import connectors, inbox, products, rehearsal
from services.errors import Conflict, DomainError, Invalid, Stale, invalid
from services.permissions import Caller, Permission
from services.rehearsal import Rehearsed
from services.vault import CannotUnseal

router = APIRouter(route_class=Page)
CONNECTORS = [needs(Permission.connector_manage)]

MOST = 200
NEWEST = 10  # deliveries to choose from
OWN = {ConnectorKind.generic, ConnectorKind.standard_webhooks}
POLLED = {ConnectorKind.hubspot, ConnectorKind.pipedrive}
# Our fields of an ask, and what they are called on the page.
OF_AN_ASK = {
    "title": "What they ask for",
    "verbatim": "The customer's words",
    "why": "Why they need it",
    "importance": "Importance",
    "source_url": "Where it is in their system",
}
BESIDES = {
    "external_id": "Their id of the ask",
    "asked_on": "Day it was asked",
    "account_name": "Account: name",
    "account_domain": "Account: domain",
    "contact_name": "Contact: name",
    "contact_email": "Contact: e-mail",
}
FIELDS = (
    "name", "product_id", "items", "organization_id", "old_signatures", "make_accounts",
    "won_stages", "lost_stages", "token", "version", "payload", "delivery",
    *(f"map_{name}" for name in (*OF_AN_ASK, *BESIDES)),
)  # fmt: skip


@router.get("/admin/connectors/{connector_id:uuid}", dependencies=CONNECTORS)
def show_connector(request: Request, by: By, connector_id: UUID, delivery: str = "") -> Response:
    """How to set a connector up, and how it is read."""
    return _page(request, by, connector_id, chosen=delivery)


@router.get("/admin/connectors/{connector_id:uuid}/preview", dependencies=CONNECTORS)
@router.get("/admin/connectors/{connector_id:uuid}/settings", dependencies=CONNECTORS)
@router.get("/admin/connectors/{connector_id:uuid}/test", dependencies=CONNECTORS)
def back_to_connector(connector_id: UUID) -> Response:
    """Whoever reloads the address of a form comes back to the connector."""
    return see(f"/admin/connectors/{connector_id}")


@router.post("/admin/connectors/{connector_id:uuid}/settings", dependencies=CONNECTORS)
def keep_settings(request: Request, by: By, connector_id: UUID, form: Filled) -> Response:
    """Read what comes from now on by other settings."""
    typed, vault = form.typed(FIELDS), request.app.state.vault

    def deed(session: Session) -> None:
        known = connectors.get_connector(session, by, connector_id)
        given: dict[str, Any] = {"name": typed["name"], "settings": _settings(typed, known)}
        if typed["token"].strip():
            given["token"] = typed["token"].strip()
        change = shaped(ConnectorChange, given)
        expected = int(typed["version"]) if typed["version"].isdecimal() else None
        connectors.change_connector(session, by, vault, connector_id, change, expected=expected)

    try:
        writing(request, deed)
    except (Conflict, Invalid, Stale) as error:
        return _page(request, by, connector_id, typed=typed, error=error)
    return see(f"/admin/connectors/{connector_id}?notice=settings")


@router.post("/admin/connectors/{connector_id:uuid}/preview", dependencies=CONNECTORS)
def preview(request: Request, by: By, connector_id: UUID, form: Filled) -> Response:
    """What would become of a call by the settings typed; nothing is kept."""
    typed, policy = form.typed(FIELDS), request.app.state.policy
    if not typed["payload"].strip() and not typed["delivery"]:
        return _page(request, by, connector_id, typed=typed)

    def deed(session: Session) -> Rehearsed:
        known = connectors.get_connector(session, by, connector_id)
        settings = shaped(ConnectorSettings, _settings(typed, known))
        if typed["delivery"] and not typed["payload"].strip():
            chosen = _id(typed["delivery"])
            return rehearsal.again(session, by, policy, connector_id, settings, chosen)
        return rehearsal.pasted(session, by, policy, connector_id, settings, typed["payload"])

    return _tried(request, by, connector_id, deed, typed)


@router.post("/admin/connectors/{connector_id:uuid}/test", dependencies=CONNECTORS)
def send_test(request: Request, by: By, connector_id: UUID) -> Response:
    """What becomes of a call as a sender of this kind makes it; nothing is kept."""
    state = request.app.state

    def deed(session: Session) -> Rehearsed:
        known = connectors.get_connector(session, by, connector_id)
        settings = ConnectorSettings(**known.settings)
        return rehearsal.test(session, by, state.policy, state.vault, connector_id, settings)

    return _tried(request, by, connector_id, deed, None)


def _tried(
    request: Request, by: Caller, connector_id: UUID, deed: Any, typed: dict[str, str] | None
) -> Response:
    try:
        found = writing(request, deed)
    except CannotUnseal as error:
        return _page(request, by, connector_id, typed=typed, error=Invalid(str(error)))
    except (Conflict, Invalid) as error:
        return _page(request, by, connector_id, typed=typed, error=error)
    return _page(request, by, connector_id, typed=typed, rehearsed=found, tested=typed is None)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid("delivery", "is none of the list") from None


def _settings(typed: dict[str, str], known: Connector) -> dict[str, Any]:
    """The settings that the form says; what it does not show stays."""
    shown = (*OF_AN_ASK, *(BESIDES if known.kind in OWN else ()))
    fields = {name: at for name, at in known.settings["fields"].items() if name not in shown}
    fields |= {name: at for name in shown if (at := typed[f"map_{name}"].strip())}
    given = known.settings | {
        "fields": fields,
        "product_id": typed["product_id"] or None,
        "make_accounts": bool(typed["make_accounts"]),
    }
    if known.kind in OWN:
        return given | {"items": typed["items"].strip()}
    return given | {
        "organization_id": typed["organization_id"].strip() or None,
        "old_signatures": bool(typed["old_signatures"]),
        "won_stages": _lines(typed["won_stages"]),
        "lost_stages": _lines(typed["lost_stages"]),
    }


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _typed(known: Connector) -> dict[str, str]:
    """The form as the settings stand."""
    own = known.settings
    typed = dict.fromkeys(FIELDS, "") | {
        "name": known.name,
        "product_id": str(own.get("product_id") or ""),
        "items": own.get("items", ""),
        "organization_id": own.get("organization_id") or "",
        "old_signatures": "yes" if own.get("old_signatures") else "",
        "make_accounts": "yes" if own.get("make_accounts") else "",
        "won_stages": "\n".join(own.get("won_stages", ())),
        "lost_stages": "\n".join(own.get("lost_stages", ())),
        "version": str(known.version),
    }
    return typed | {f"map_{name}": at for name, at in own.get("fields", {}).items()}


def _faults(error: DomainError | None) -> dict[str, str]:
    if isinstance(error, Stale):
        return {"name": "and the rest stand as above by now: somebody changed them meanwhile. Keep"
                " yours all the same, or open the page anew."}  # fmt: skip
    found = faults_of(error, FIELDS, rest="settings")
    return {"map_title" if name == "settings" else name: said for name, said in found.items()}


def _page(
    request: Request,
    by: Caller,
    connector_id: UUID,
    *,
    typed: dict[str, str] | None = None,
    error: DomainError | None = None,
    **shown: Any,
) -> Response:
    """The page with what was `typed` and the `error` in it.

    Also shown are the delivery that is `chosen`, and what was `rehearsed`, if it was `tested`.
    """
    policy, vault = request.app.state.policy, request.app.state.vault

    def deed(session: Session) -> dict[str, Any]:
        known = connectors.get_connector(session, by, connector_id)
        newest, _more = inbox.list_deliveries(
            session, by, limit=NEWEST, connector_id=[connector_id]
        )
        listed, _more = products.list_products(session, by, limit=MOST)
        return {
            "connector": connectors.seen(policy, vault, known),
            "stands": _typed(known),
            "newest": newest,
            "products": listed,
        }

    found = reading(request, deed)
    kind, stands = found["connector"].kind, found.pop("stands")
    filled = typed or stands | {"delivery": shown.get("chosen", "")}
    if isinstance(error, Stale):
        filled["version"] = stands["version"]
    rehearsed: Rehearsed | None = shown.get("rehearsed")
    items = [] if rehearsed is None else [understood(each) for each in rehearsed.parsed[:MOST]]
    return render(
        request,
        "connector.html",
        # A part of the page that a script fetched is shown only where all went well.
        HTTPStatus.UNPROCESSABLE_ENTITY
        if error and "hx-request" not in request.headers
        else HTTPStatus.OK,
        section="connectors",
        **found,
        typed=filled,
        faults=_faults(error),
        own=kind in OWN,
        polled=kind in POLLED,
        mapped=OF_AN_ASK | (BESIDES if kind in OWN else {}),
        rehearsed=rehearsed,
        understood=items[:NEWEST],
        tested=shown.get("tested", False),
        said=SAID,
        kinds=KINDS,
        deeds=DEEDS,
    )
