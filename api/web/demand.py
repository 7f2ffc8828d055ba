"""The demand board: what customers ask for, added up, filtered, compared and kept as views."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.auth import needs
from api.web.pages import By, Page, reading
from api.web.templating import day, exact, render, short, words
from api.web.wanted import Wanted, pairs_of
from api.work import Session
from models.account import Lifecycle, Segment
from models.base import utc_today
from models.feature import FeatureStatus
from models.money import MoneySeen
from models.view import SavedView
from services import demand, months, products, views
from services.errors import Invalid
from services.facets import facets
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)

A_PAGE = 50
MONTHS = 12
COMPARED_DAYS = 90  # where a comparison is wanted and no dates are given
MOST_PRODUCTS = 200
# The columns that can be sorted, by what the report calls their order.
COLUMNS = ("customers", "customer_arr", "blockers", "pipeline", "held", "last_asked_on")


@router.get("/demand", dependencies=[needs(Permission.demand_read)])
def show_demand(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """What customers ask for, the largest revenue first unless told otherwise."""
    return board(request, by, wanted)


def board(
    request: Request,
    by: Caller,
    wanted: Wanted,
    *,
    typed: str = "",
    faults: dict[str, str] | None = None,
) -> Response:
    """The board, with what was typed as the name of a view and what is wrong with that.

    Raises:
        Invalid: The dates are no period, or none that has another one before it.
    """
    narrowed, before = _filters(wanted)

    def deed(session: Session) -> dict[str, Any]:
        book, policy = request.app.state.book, request.app.state.policy
        report = demand.report(
            book,
            session,
            by,
            policy,
            narrowed,
            sort=wanted.sort,
            limit=A_PAGE,
            cursor=wanted.cursor,
            by_month=MONTHS,
            before=before,
        )
        known: Sequence[Any] = ()
        if by.may(Permission.ask_read):
            known, _more = products.list_products(session, by, limit=MOST_PRODUCTS)
        return {
            "report": report,
            "products": [(str(product.id), product.name) for product in known],
            "found": {
                name: [(value, value if name == "tag" else words(value)) for value in values]
                for name, values in facets(book, session, by).items()
            },
            "views": [_tab(view, wanted) for view in views.list_views(session, by)],
        }

    given = reading(request, deed)
    report = given["report"]
    _measure(report["items"])
    more = report["next_cursor"]
    return render(
        request,
        "demand.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        **given,
        wanted=wanted,
        chips=_chips(wanted, dict(given["products"])),
        period=(narrowed.asked_since, narrowed.asked_until),
        before=before,
        changed=_change(report["totals"]) if before else None,
        months=_months(),
        statuses=[(str(each), words(each)) for each in FeatureStatus],
        segments=[(str(each), words(each)) for each in Segment],
        lifecycles=[(str(each), words(each)) for each in Lifecycle],
        sorts={name: _sorted(wanted, name) for name in COLUMNS},
        next_page=wanted.address("/demand", cursor=more) if more else None,
        exports={
            name: wanted.between(narrowed.asked_since, narrowed.asked_until).address(
                "/api/v1/demand", format=name.lower()
            )
            for name in ("CSV", "XLSX")
        },
        typed=typed,
        faults=faults or {},
    )


def _filters(wanted: Wanted) -> tuple[demand.DemandFilter, demand.DemandFilter | None]:
    """What the report is about, and what it is compared with; without dates the last 90 days are.

    Raises:
        Invalid: The dates are no period, or none that has another one before it.
    """
    since, until = wanted.asked_since, wanted.asked_until
    if since and until and until < since:
        raise _wrong(f"`asked_until` is {until}, before `asked_since` ({since}); swap the two.")
    narrowed = wanted.narrowed()
    if wanted.compare is None:
        return narrowed, None
    until = until or utc_today()
    try:
        since = since or until - timedelta(days=COMPARED_DAYS - 1)
        earlier, last = months.period_before(since, until)
    except (OverflowError, ValueError):
        raise _wrong(
            f"There is no period of the same length before `asked_since` ({since or until}) to"
            " compare with; choose dates that begin and end later."
        ) from None
    return (
        replace(narrowed, asked_since=since, asked_until=until),
        replace(narrowed, asked_since=earlier, asked_until=last),
    )


def _wrong(said: str) -> Invalid:
    fault = {"loc": ["query", "asked_since"], "msg": said, "type": "value_error"}
    return Invalid(said, errors=[fault])


def _tab(view: SavedView, wanted: Wanted) -> dict[str, Any]:
    """A view as a link, and whether it is what is shown."""
    pairs = pairs_of(view.filters)
    return {
        "id": view.id,
        "name": view.name,
        "href": Wanted.link("/demand", pairs),
        "now": set(pairs) == set(wanted.pairs()),
    }


def _chips(wanted: Wanted, names: dict[str, str]) -> list[dict[str, Any]]:
    """The filters that are set, each with the link that takes it away."""
    found = []
    for name, value in wanted.pairs():
        if name == "sort":
            continue
        kind, text = words(name), value
        if name == "product_id":
            kind, text = "Product", names.get(value, "not known")
        elif name == "feature_status":
            kind, text = "Status", words(value)
        elif name in {"segment", "lifecycle", "industry", "region"}:
            text = words(value)
        elif name == "compare":
            kind, text = "Compared", "with the period before"
        elif name in {"asked_since", "asked_until"}:
            text = day(date.fromisoformat(value))
        found.append({"kind": kind, "text": text, "href": wanted.without(name, value)})
    return found


def _measure(items: list[dict[str, Any]]) -> None:
    """Give rows their shares of the longest bar, and how they changed."""
    largest = max((_number(item["customers"]["arr"]) for item in items), default=Decimal(0))
    for item in items:
        arr = _number(item["customers"]["arr"])
        item["arr_share"] = int(100 * arr / largest) if largest else 0
        item["progress"] = _progress(item)
        item["change"] = _change(item) if "before" in item else None


def _change(item: dict[str, Any]) -> dict[str, Any]:
    """What customers want now against before, signed, and said in whole words."""
    now, then = item["customers"], item["before"]
    accounts = now["accounts"] - then["accounts"]
    arr = _number(now["arr"]) - _number(then["arr"])
    by = MoneySeen(amount=f"{abs(arr):f}", currency=now["arr"].currency)
    return {
        "accounts": f"{_sign(accounts)}{abs(accounts)}",
        "accounts_said": f"{now['accounts']} in the period, {then['accounts']} before",
        "accounts_kind": _kind(accounts),
        "arr": f"{_sign(arr)}{short(by)}",
        "arr_said": f"{exact(now['arr'])} in the period, {exact(then['arr'])} before",
        "arr_kind": _kind(arr),
    }


def _sign(by: Decimal | int) -> str:
    return "+" if by > 0 else "\N{MINUS SIGN}" if by < 0 else ""


def _kind(by: Decimal | int) -> str:
    return "up" if by > 0 else "down" if by < 0 else "muted"


def _months() -> str:
    """The months that a row's line shows, in words."""
    starts = months.month_starts(utc_today(), MONTHS)
    return f"{starts[0]:%b %Y} to {starts[-2]:%b %Y}"


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
