"""Pages of administration: products and their bars."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web.pages import By, Filled, Page, faults_of, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.product import Maturity, Product, ProductChange, ProductNew
from services import bar_changes, products
from services.errors import Conflict, DomainError, Invalid, Stale, invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
CATALOG = [needs(Permission.catalog_write)]

MOST = 200
MOST_BARS = 50
FIELDS = ("name", "maturity", "bar_accounts", "bar_amount", "bar_currency", "bar_reason", "version")
OF_THE_BAR = {"accounts": "bar_accounts", "amount": "bar_amount", "currency": "bar_currency"}
MATURITIES = [(str(each), str(each).capitalize()) for each in Maturity]


@router.get("/admin/products", dependencies=CATALOG)
def list_products(request: Request, by: By) -> Response:
    """Products with their bars, and the form for a new one."""
    return _page(request, by)


@router.post("/admin/products", dependencies=CATALOG)
def create_product(request: Request, by: By, form: Filled) -> Response:
    """Make a product."""
    typed = form.typed(FIELDS)
    try:
        make(request, by, typed)
    except (Conflict, Invalid) as error:
        return _page(request, by, typed, error)
    return see("/admin/products?notice=created")


@router.get("/admin/products/{product_id:uuid}", dependencies=CATALOG)
def ask_for_product_change(request: Request, by: By, product_id: UUID) -> Response:
    """The form to change a product and its bar."""
    return _page(request, by, product_id=product_id)


@router.post("/admin/products/{product_id:uuid}", dependencies=CATALOG)
def change_product(request: Request, by: By, product_id: UUID, form: Filled) -> Response:
    """Change a product, unless somebody else did meanwhile; a new bar may bring refusals back."""
    typed, policy = form.typed(FIELDS), request.app.state.policy
    read = int(typed["version"][:18]) if typed["version"].isdecimal() else None
    try:
        change = shaped(ProductChange, _given(typed))
        writing(
            request,
            lambda session: products.change_product(
                session, by, policy, product_id, change, expected=read
            ),
        )
    except (Conflict, Invalid, Stale) as error:
        return _page(request, by, typed, error, product_id)
    return see("/admin/products?notice=changed")


def make(request: Request, by: Caller, typed: dict[str, str]) -> None:
    """Make a product of what was typed.

    Raises:
        Conflict: Its name is taken.
        Invalid: A field is wrong.
    """
    new = shaped(ProductNew, _given(typed))
    writing(request, lambda session: products.create_product(session, by, new))


def blank(request: Request) -> dict[str, str]:
    """A form in which nothing was typed yet."""
    typed = dict.fromkeys(FIELDS, "")
    currency = request.app.state.policy.currency
    return {**typed, "maturity": Maturity.established, "bar_currency": currency}


def faults(error: DomainError | None) -> dict[str, str]:
    """What is wrong with each field of the form."""
    if isinstance(error, Stale):
        return {"name": "and the rest stand as above by now: somebody changed them meanwhile. Keep"
                " yours all the same, or cancel."}  # fmt: skip
    found = faults_of(error, (*FIELDS, *OF_THE_BAR), rest="name")
    return {OF_THE_BAR.get(name, name): said for name, said in found.items()}


def _given(typed: dict[str, str]) -> dict[str, Any]:
    bar: dict[str, Any] = {}
    if count := typed["bar_accounts"].strip():
        if not count.isdecimal():
            raise invalid("bar_accounts", "is no whole number; write it like 10")
        bar["accounts"] = int(count[:20])
    if amount := typed["bar_amount"].replace(",", "").strip():
        bar["arr"] = {"amount": amount, "currency": typed["bar_currency"].strip()}
    return {
        "name": typed["name"].strip(),
        "maturity": typed["maturity"] or Maturity.established,
        "demand_bar": bar or None,
        "bar_reason": typed["bar_reason"].strip() or None,
    }


def _page(
    request: Request,
    by: Caller,
    typed: dict[str, str] | None = None,
    error: DomainError | None = None,
    product_id: UUID | None = None,
) -> Response:
    def deed(session: Session) -> tuple[Any, Product | None, list[bar_changes.BarChanged]]:
        listed, _more = products.list_products(session, by, limit=MOST)
        if product_id is None:
            return listed, None, []
        chosen = products.get_product(session, by, product_id)
        history = bar_changes.history(session, by, Product, product_id, limit=MOST_BARS)
        return listed, chosen, history

    listed, chosen, history = reading(request, deed)
    shown = typed or (_typed(chosen, blank(request)) if chosen else blank(request))
    if chosen and isinstance(error, Stale):
        shown["version"] = str(chosen.version)
    return render(
        request,
        "admin_products.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        section="products",
        products=listed,
        chosen=chosen,
        history=history,
        typed=shown,
        faults=faults(error),
        maturities=MATURITIES,
    )


def _typed(product: Product, empty: dict[str, str]) -> dict[str, str]:
    bar = product.demand_bar
    money = bar.arr if bar else None
    return {
        "name": product.name,
        "maturity": product.maturity,
        "bar_accounts": str(bar.accounts or "") if bar else "",
        "bar_amount": money.amount if money else "",
        "bar_currency": money.currency if money else empty["bar_currency"],
        "bar_reason": "",
        "version": str(product.version),
    }
