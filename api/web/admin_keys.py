"""Pages of administration: keys of machines."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.auth import needs
from api.parameters import Cursor
from api.web.pages import By, Filled, Page, faults_of, reading, see, shaped, writing
from api.web.templating import render
from models.user import ApiKeyNew, Scope
from services import api_keys
from services.errors import Invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
KEYS = [needs(Permission.key_manage)]

A_PAGE = 100
# What a scope lets a key do, in words for whoever ticks it.
SCOPES = {
    Scope.asks_write: "log asks, triage and answer them",
    Scope.asks_read: "read asks, accounts, features and promises",
    Scope.demand_read: "read demand and its evidence",
    Scope.catalog_write: "change products, features and accounts, release promises",
    Scope.admin: "manage people, keys and connectors, work the inbox",
}


@router.get("/admin/keys", dependencies=KEYS)
def list_keys(
    request: Request, by: By, cursor: Annotated[Cursor | None, Query()] = None
) -> Response:
    """Keys of machines, and the form for a new one."""
    return _page(request, by, cursor=cursor)


@router.post("/admin/keys", dependencies=KEYS)
def create_key(request: Request, by: By, form: Filled) -> Response:
    """Make a key, and show it for the only time."""
    typed = {"name": form.get("name"), "scopes": form.all("scopes")}
    try:
        new = shaped(ApiKeyNew, typed)
        made = writing(request, lambda session: api_keys.create_key(session, by, new))
    except Invalid as error:
        return _page(request, by, typed=typed, error=error)
    return _page(request, by, made=made)


@router.get("/admin/keys/{key_id:uuid}/revoke", dependencies=KEYS)
def ask_whether_to_revoke(request: Request, by: By, key_id: UUID) -> Response:
    """Whether it is this key, before what uses it is refused."""
    key = reading(request, lambda session: api_keys.get_key(session, by, key_id))
    return render(request, "admin_key_revoke.html", section="keys", key=key, may_do=SCOPES)


@router.post("/admin/keys/{key_id:uuid}/revoke", dependencies=KEYS)
def revoke_key(request: Request, by: By, key_id: UUID) -> Response:
    """Make a key worthless."""
    writing(request, lambda session: api_keys.revoke_key(session, by, key_id))
    return see("/admin/keys?notice=revoked")


def _page(request: Request, by: Caller, *, cursor: str | None = None, **shown: Any) -> Response:
    """The list with what else is shown: what was `typed`, its `error`, the key just `made`."""
    listed, more = reading(
        request, lambda session: api_keys.list_keys(session, by, limit=A_PAGE, cursor=cursor)
    )
    error: Invalid | None = shown.get("error")
    return render(
        request,
        "admin_keys.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        section="keys",
        keys=listed,
        next_page=f"/admin/keys?cursor={more}" if more else None,
        typed=shown.get("typed", {"name": "", "scopes": ["asks:read", "asks:write"]}),
        faults=faults_of(error, ("name", "scopes"), rest="name"),
        scopes=SCOPES,
        made=shown.get("made"),
    )
