"""Pages of administration: who may deliver asks, and the secrets that they prove it with."""

import base64
import secrets
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web.pages import By, Filled, Page, faults_of, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.connector import ConnectorChange, ConnectorKind, ConnectorNew
from services import connectors, silence
from services.errors import Conflict, Invalid, invalid
from services.permissions import Caller, Permission
from services.vault import Vault

router = APIRouter(route_class=Page)
CONNECTORS = [needs(Permission.connector_manage)]

MOST = 200
FIELDS = ("kind", "name", "secret", "title", "organization_id", "make_accounts")
SECRETS = {  # what is sent with a delivery, or what signs it
    ConnectorKind.generic: "with the header `Authorization: Bearer SECRET`",
    ConnectorKind.standard_webhooks: "signed as Standard Webhooks says",
    ConnectorKind.hubspot: "signed with the client secret of your app (signature v3)",
    ConnectorKind.salesforce: "an outbound message to this address, which is a secret itself",
    ConnectorKind.pipedrive: "with HTTP Basic, under `user:password`",
}
ADVICE = {  # what else must be known, lest asks are missing without a word
    ConnectorKind.hubspot: (
        "Subscribe to changes of the property that holds the ask, or send records from a workflow."
        " Add no query to the address: it is signed as it stands here."
    ),
    ConnectorKind.salesforce: (
        "Salesforce delivers only to a certificate of a public authority. A flow may post JSON to"
        " the address without its last part, with `Authorization: Bearer SECRET`."
    ),
    ConnectorKind.pipedrive: (
        "Choose version 2, and have an administrator own the webhook: what its owner may not see"
        " is never sent."
    ),
}


@router.get("/admin/connectors", dependencies=CONNECTORS)
def list_connectors(request: Request, by: By) -> Response:
    """Who may deliver, and the form to connect another sender."""
    return _page(request, by)


@router.post("/admin/connectors", dependencies=CONNECTORS)
def create_connector(request: Request, by: By, form: Filled) -> Response:
    """Connect a sender; a secret that was not typed is made, and shown for the only time."""
    typed, vault = form.typed(FIELDS), request.app.state.vault
    own = typed["secret"].strip()
    secret = own or _new_secret(typed["kind"])
    try:
        new = shaped(ConnectorNew, _new(typed, secret))
        name, key = writing(request, lambda session: _named(session, by, vault, new))
    except (Conflict, Invalid) as error:
        return _page(request, by, typed=typed, faults=faults_of(error, FIELDS, rest="name"))
    if own:
        return see(f"/admin/connectors/{key}?notice=created")
    return _page(request, by, made=(name, secret, key))


def _named(session: Session, by: Caller, vault: Vault, new: ConnectorNew) -> tuple[str, UUID]:
    made = connectors.create_connector(session, by, vault, new)
    return made.name, made.id


@router.post("/admin/connectors/{connector_id:uuid}", dependencies=CONNECTORS)
def change_connector(request: Request, by: By, connector_id: UUID, form: Filled) -> Response:
    """Let a sender deliver, or no more; or give it another secret, typed or made here."""
    vault, made, typed = request.app.state.vault, bool(form.get("make")), form.get("secret").strip()

    def deed(session: Session) -> tuple[str, str]:
        given: dict[str, Any] = {}
        if form.get("enabled"):
            given["enabled"] = form.get("enabled") == "yes"
        elif made:
            kind = connectors.get_connector(session, by, connector_id).kind
            given["secret"] = _new_secret(kind)
        elif typed:
            given["secret"] = typed
        else:
            raise invalid("secret", "is needed; or have a new one made")
        change = shaped(ConnectorChange, given)
        kept = connectors.change_connector(session, by, vault, connector_id, change)
        return kept.name, given.get("secret", "")

    try:
        name, secret = writing(request, deed)
    except (Conflict, Invalid) as error:
        said = faults_of(error, ("secret",), rest="secret")["secret"]
        return _page(request, by, wrong={connector_id: said})
    if made:
        return _page(request, by, made=(name, secret, connector_id))
    return see("/admin/connectors?notice=changed")


def _new(typed: dict[str, str], secret: str) -> dict[str, Any]:
    """A form as a new connector."""
    title, organization = typed["title"].strip(), typed["organization_id"].strip()
    settings = {
        "fields": {"title": title} if title else {},
        "organization_id": organization or None,
        "make_accounts": bool(typed["make_accounts"]),
    }
    named = {name: typed[name] for name in ("kind", "name")}
    return {**named, "secret": secret, "settings": settings}


def _new_secret(kind: str) -> str:
    if kind == ConnectorKind.standard_webhooks:
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    if kind == ConnectorKind.pipedrive:
        return "nomaybe:" + secrets.token_urlsafe(32)
    return secrets.token_urlsafe(32)


def _page(request: Request, by: Caller, **shown: Any) -> Response:
    """The list with what else is shown.

    That is what was `typed` with its `faults`, what is `wrong` with the new secret of a connector,
    and the secret just `made` with the name of its connector.
    """
    policy, vault = request.app.state.policy, request.app.state.vault

    def deed(session: Session) -> tuple[list[Any], dict[UUID, datetime]]:
        listed, _more = connectors.list_connectors(session, by, limit=MOST)
        quiet = silence.silent(session, by, policy)
        return [connectors.seen(policy, vault, each) for each in listed], quiet

    listed, quiet = reading(request, deed)

    faults: dict[str, str] = shown.get("faults", {})
    wrong: dict[UUID, str] = shown.get("wrong", {})
    return render(
        request,
        "admin_connectors.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults or wrong else HTTPStatus.OK,
        section="connectors",
        connectors=listed,
        silent=quiet,
        typed=shown.get("typed", dict.fromkeys(FIELDS, "") | {"kind": "generic"}),
        faults=faults,
        wrong=wrong,
        kinds=[*ConnectorKind],
        secrets=SECRETS,
        advice=ADVICE,
        made=shown.get("made"),
    )
