"""The page of contradictions: answers about one feature that cannot both be said."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator

from api.auth import needs
from api.parameters import Cursor
from api.web.pages import By, Page, reading
from api.web.templating import render
from api.work import Session
from services import contradictions, features, products
from services.permissions import Permission

router = APIRouter(route_class=Page)

A_PAGE = 50
MOST_PRODUCTS = 200

Blank = BeforeValidator(lambda value: None if value == "" else value)


class Wanted(BaseModel):
    """Which contradictions are shown."""

    feature_id: Annotated[UUID | None, Blank] = None
    product_id: Annotated[UUID | None, Blank] = None
    cursor: Cursor | None = None

    def address(self, **other: str | None) -> str:
        """A link to the same contradictions, shown otherwise; None takes a filter away."""
        own = {"feature_id": self.feature_id, "product_id": self.product_id}
        given = {name: str(value) for name, value in (own | other).items() if value}
        return f"/contradictions?{urlencode(given)}" if given else "/contradictions"


@router.get("/contradictions", dependencies=[needs(Permission.ask_read)])
def list_contradictions(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """Answers that contradict an earlier one that stands, newest first."""

    def deed(session: Session) -> dict[str, Any]:
        found, more = contradictions.report(
            request.app.state.book,
            session,
            by,
            limit=A_PAGE,
            cursor=wanted.cursor,
            feature_id=[wanted.feature_id] if wanted.feature_id else [],
            product_id=[wanted.product_id] if wanted.product_id else [],
        )
        known, _more = products.list_products(session, by, limit=MOST_PRODUCTS)
        feature = None
        if wanted.feature_id:
            feature = features.get_feature(session, by, wanted.feature_id).title
        return {
            "items": found,
            "next_page": wanted.address(cursor=more) if more else None,
            "feature": feature,
            "products": [(str(each.id), each.name) for each in known],
        }

    return render(
        request,
        "contradictions.html",
        **reading(request, deed),
        wanted=wanted,
        days=contradictions.WITHIN.days,
    )
