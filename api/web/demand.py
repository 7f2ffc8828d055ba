"""The demand table: what customers ask for, added up."""

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, Field

from api.auth import needs
from api.parameters import Cursor
from api.web.pages import By, Page, reading
from api.web.templating import render
from api.work import Session
from models.account import Lifecycle, Segment
from models.feature import FeatureStatus
from models.money import MoneySeen
from services import demand, products
from services.permissions import Permission

router = APIRouter(route_class=Page)

A_PAGE = 50
MOST_PRODUCTS = 200
# The columns that can be sorted, by what the report calls their order.
COLUMNS = ("customers", "customer_arr", "blockers", "pipeline", "held", "last_asked_on")


def _chosen(values: Any) -> Any:
    """Without what a form sends for a choice not made."""
    return [value for value in values if value != ""]


Chosen = BeforeValidator(_chosen)


class Wanted(BaseModel):
    """What the table is about: the names are those of the API, so that an export is a link."""

    product_id: Annotated[list[UUID], Chosen] = Field(default=[], max_length=50)
    feature_status: Annotated[list[FeatureStatus], Chosen] = Field(default=[], max_length=10)
    segment: Annotated[list[Segment], Chosen] = Field(default=[], max_length=10)
    lifecycle: Annotated[list[Lifecycle], Chosen] = Field(default=[], max_length=10)
    sort: demand.DemandOrder = demand.DemandOrder.customer_arr
    cursor: Cursor | None = None

    def address(self, path: str, **other: str) -> str:
        """A link to the same demand, otherwise sorted, sliced or sent."""
        filters = ("product_id", "feature_status", "segment", "lifecycle")
        pairs = [(name, str(value)) for name in filters for value in getattr(self, name)]
        given = {"sort": self.sort.value} | other
        if given["sort"] == demand.DemandOrder.customer_arr:
            del given["sort"]
        query = urlencode([*pairs, *given.items()])
        return f"{path}?{query}" if query else path

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.product_id or self.feature_status or self.segment or self.lifecycle)


@router.get("/demand", dependencies=[needs(Permission.demand_read)])
def show_demand(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """What customers ask for, the largest revenue first unless told otherwise."""

    def deed(session: Session) -> tuple[dict[str, Any], list[Any]]:
        report = demand.report(
            request.app.state.book,
            session,
            by,
            request.app.state.policy,
            demand.DemandFilter(
                product_id=wanted.product_id,
                feature_status=wanted.feature_status,
                segment=wanted.segment,
                lifecycle=wanted.lifecycle,
            ),
            sort=wanted.sort,
            limit=A_PAGE,
            cursor=wanted.cursor,
        )
        known, _more = products.list_products(session, by, limit=MOST_PRODUCTS)
        return report, [(str(product.id), product.name) for product in known]

    report, known = reading(request, deed)
    items = report["items"]
    largest = max((_number(item["customers"]["arr"]) for item in items), default=Decimal(0))
    for item in items:
        arr = _number(item["customers"]["arr"])
        item["arr_share"] = int(100 * arr / largest) if largest else 0
        item["progress"] = _progress(item)
    more = report["next_cursor"]
    return render(
        request,
        "demand.html",
        report=report,
        wanted=wanted,
        products=known,
        statuses=[*FeatureStatus],
        segments=[*Segment],
        lifecycles=[*Lifecycle],
        sorts={name: _sorted(wanted, name) for name in COLUMNS},
        next_page=wanted.address("/demand", cursor=more) if more else None,
        exports={
            name: wanted.address("/api/v1/demand", format=name.lower()) for name in ("CSV", "XLSX")
        },
    )


def _sorted(wanted: Wanted, column: str) -> dict[str, Any]:
    """The link that sorts by a column, the largest first, and how it is sorted now."""
    falling = wanted.sort.value == f"-{column}"
    now = "descending" if falling else "ascending" if wanted.sort.value == column else None
    return {"now": now, "href": wanted.address("/demand", sort=column if falling else f"-{column}")}


def _number(money: MoneySeen) -> Decimal:
    return Decimal(money.amount)


def _progress(item: dict[str, Any]) -> dict[str, Any] | None:
    """How far the demand shown is to its bar: by the part that is furthest from it, in per cent."""
    bar, customers = item["bar"], item["customers"]
    if bar is None:
        return None
    parts, said = [], []
    if bar["accounts"] is not None:
        parts.append(Decimal(customers["accounts"]) / bar["accounts"])
        said.append(f"{customers['accounts']} of {bar['accounts']} customers")
    arr = bar["arr"]
    if arr is not None and arr.currency == customers["arr"].currency:
        wanted = _number(arr)
        parts.append(_number(customers["arr"]) / wanted if wanted else Decimal(1))
        said.append(f"{customers['arr'].currency} {customers['arr'].amount} of {arr.amount}")
    share = 100 if bar["reached"] else min(99, int(100 * min(parts, default=Decimal(0))))
    return {"share": share, "reached": bar["reached"], "said": ", ".join(said)}
