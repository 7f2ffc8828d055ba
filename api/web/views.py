"""Views of the demand board that people keep: saving one, and deleting one with a way back."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web.demand import board
from api.web.pages import By, Filled, Page, by_field, see, shaped, writing
from api.web.wanted import NAMES, Wanted, pairs_of
from api.work import Session
from models.view import SavedView, ViewFilters, ViewNew
from services import views
from services.errors import Conflict, Invalid
from services.permissions import Permission

router = APIRouter(route_class=Page)
READ = [needs(Permission.demand_read)]
LISTS = {name for name in NAMES if isinstance(ViewFilters().model_dump()[name], list)}


@router.post("/demand/views", dependencies=READ)
def save_view(request: Request, by: By, form: Filled) -> Response:
    """Keep what the board shows under a name; a name that is no good comes back with it."""
    sent = {name: form.all(name) if name in LISTS else form.get(name) for name in NAMES}
    wanted, name = shaped(Wanted, sent), form.get("name")

    def deed(session: Session) -> SavedView:
        new = shaped(ViewNew, {"name": name, "filters": wanted.kept()})
        return views.save_view(session, by, new)

    try:
        writing(request, deed)
    except (Conflict, Invalid) as error:
        faults = by_field(error, ("name",)) or {"name": error.detail}
        return board(request, by, wanted, typed=name, faults=faults)
    return see(wanted.address("/demand", notice="view_saved"))


@router.post("/demand/views/{view_id:uuid}/delete", dependencies=READ)
def delete_view(request: Request, by: By, view_id: UUID) -> Response:
    """Delete a view; the board still shows what it showed, and offers to keep it again."""
    view = writing(request, lambda session: views.delete_view(session, by, view_id))
    return see(Wanted.link("/demand", [*pairs_of(view.filters), ("deleted", view.name)]))
