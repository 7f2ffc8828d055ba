"""Search of everything: asks, features and accounts by their words."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator

from api.auth import needs
from api.parameters import Search
from api.web.pages import By, Page, reading
from api.web.templating import render
from api.work import Session
from services import accounts, ask_views, similar
from services.ask_views import AskFilter, AskOrder
from services.permissions import Permission

router = APIRouter(route_class=Page)

A_FEW = 10


class Sought(BaseModel):
    """What is looked for."""

    q: Annotated[Search | None, BeforeValidator(lambda text: text or None)] = None


@router.get("/search", dependencies=[needs(Permission.ask_read)])
def search(request: Request, by: By, sought: Annotated[Sought, Query()]) -> Response:
    """The ten best of each kind."""
    words = sought.q

    def deed(session: Session) -> dict[str, Any]:
        if words is None:
            return {"features": [], "accounts": [], "asks": []}
        known, _more = accounts.list_accounts(session, by, limit=A_FEW, q=words)
        asked, _more = ask_views.list_asks(
            session, by, AskFilter(q=words), limit=A_FEW, order=AskOrder.newest
        )
        return {
            "features": similar.similar_features(session, by, words, limit=A_FEW),
            "accounts": known,
            "asks": asked,
        }

    return render(request, "search.html", q=words or "", **reading(request, deed))
