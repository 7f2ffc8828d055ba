"""The roadmap: features by how far they are, the most wanted first."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator

from api.auth import needs
from api.parameters import Search
from api.web.features import STEPS, VERBS
from api.web.pages import By, Page, reading
from api.web.templating import render
from api.work import Session
from models.feature import COMMITABLE, FeatureStatus
from services import demand, feature_record, products
from services.demand import DemandFilter, DemandOrder
from services.permissions import Permission

router = APIRouter(route_class=Page)

MOST = 200
A_LANE = 12  # features that a lane shows beside the others

Blank = BeforeValidator(lambda value: None if value == "" else value)


class Wanted(BaseModel):
    """Which features the roadmap shows."""

    product_id: Annotated[UUID | None, Blank] = None
    status: Annotated[FeatureStatus | None, Blank] = None
    q: Annotated[Search | None, Blank] = None

    def address(self, **other: Any) -> str:
        """A link to the same roadmap, narrowed otherwise; None takes a filter away."""
        own = self.model_dump(mode="json") | other
        query = urlencode({name: value for name, value in own.items() if value})
        return f"/roadmap?{query}" if query else "/roadmap"


@router.get("/roadmap", dependencies=[needs(Permission.demand_read)])
def show_roadmap(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """Features by status; one status alone is shown whole."""

    def deed(session: Session) -> dict[str, Any]:
        state = request.app.state
        chosen = DemandFilter(
            product_id=[wanted.product_id] if wanted.product_id else [], include_empty=True
        )
        found = demand.report(
            state.book, session, by, state.policy, chosen,
            sort=DemandOrder.customer_arr, limit=None,
        )  # fmt: skip
        known, _more = products.list_products(session, by, limit=MOST)
        many = len(known) > 1 and not wanted.product_id
        return {
            "items": found["items"],
            "products": [(str(product.id), product.name) for product in known],
            "promised": feature_record.promised(session, by),
            "owners": feature_record.product_names(session, by) if many else {},
        }

    found = reading(request, deed)
    items = found.pop("items")
    coming = [item["feature"] for item in items if item["feature"]["status"] in COMMITABLE]
    sought = (wanted.q or "").casefold()
    fitting = [item for item in items if sought in item["feature"]["title"].casefold()]
    lanes = [
        (status, [item for item in fitting if item["feature"]["status"] == status])
        for status in ([wanted.status] if wanted.status else FeatureStatus)
    ]
    return render(
        request,
        "roadmap.html",
        **found,
        lanes=lanes,
        any=bool(items),
        coming=len(coming),
        coming_promised=sum(each["id"] in found["promised"] for each in coming),
        shown=len(items) if wanted.status else A_LANE,
        steps={status: STEPS[status][0] for status in ("candidate", "planned", "in_progress")},
        verbs=VERBS,
        wanted=wanted,
    )
