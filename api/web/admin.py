"""Pages of administration: products and their bars, people, keys, and connectors."""

import base64
import secrets
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web.pages import By, Filled, Form, Page, by_field, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.connector import ConnectorChange, ConnectorKind, ConnectorNew
from models.product import Maturity, Product, ProductChange, ProductNew
from models.user import ApiKeyNew, Role, Scope, UserChange, UserNew
from services import api_keys, connectors, products, sign_in, users
from services.errors import Conflict, DomainError, Invalid, invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
CATALOG, PEOPLE = [needs(Permission.catalog_write)], [needs(Permission.user_manage)]
KEYS, CONNECTORS = [needs(Permission.key_manage)], [needs(Permission.connector_manage)]

MOST = 200
PRODUCT = ("name", "maturity", "bar_accounts", "bar_amount", "bar_currency")
PERSON = ("email", "name", "role")
CONNECTOR = ("kind", "name", "secret")


@router.get("/admin", dependencies=CATALOG)
def show_admin() -> Response:
    """On to the first part of it."""
    return see("/admin/products")


@router.get("/admin/products", dependencies=CATALOG)
def list_products(request: Request, by: By) -> Response:
    """Products with their bars, and the form for a new one."""
    return _products(request, by)


@router.post("/admin/products", dependencies=CATALOG)
def create_product(request: Request, by: By, form: Filled) -> Response:
    """Make a product."""
    typed = form.typed(PRODUCT)
    try:
        new = shaped(ProductNew, _product(typed))
        writing(request, lambda session: products.create_product(session, by, new))
    except (Conflict, Invalid) as error:
        return _products(request, by, typed, error)
    return see("/admin/products?notice=created")


@router.get("/admin/products/{product_id:uuid}", dependencies=CATALOG)
def ask_for_product_change(request: Request, by: By, product_id: UUID) -> Response:
    """The form to change a product and its bar."""
    return _products(request, by, product_id=product_id)


@router.post("/admin/products/{product_id:uuid}", dependencies=CATALOG)
def change_product(request: Request, by: By, product_id: UUID, form: Filled) -> Response:
    """Change a product; a new bar may bring refusals back."""
    typed, policy = form.typed(PRODUCT), request.app.state.policy
    try:
        change = shaped(ProductChange, _product(typed))
        writing(
            request,
            lambda session: products.change_product(session, by, policy, product_id, change),
        )
    except (Conflict, Invalid) as error:
        return _products(request, by, typed, error, product_id)
    return see("/admin/products?notice=changed")


def _product(typed: dict[str, str]) -> dict[str, Any]:
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
    }


def _products(
    request: Request,
    by: Caller,
    typed: dict[str, str] | None = None,
    error: DomainError | None = None,
    product_id: UUID | None = None,
) -> Response:
    def deed(session: Session) -> tuple[Any, Product | None]:
        listed, _more = products.list_products(session, by, limit=MOST)
        return listed, products.get_product(session, by, product_id) if product_id else None

    listed, chosen = reading(request, deed)
    currency = request.app.state.policy.currency
    blank = {**dict.fromkeys(PRODUCT, ""), "maturity": "established", "bar_currency": currency}
    names = {"accounts": "bar_accounts", "amount": "bar_amount", "currency": "bar_currency"}
    found = by_field(error, (*PRODUCT, *names), rest="name") if error else {}
    return render(
        request,
        "admin_products.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        section="products",
        products=listed,
        chosen=chosen,
        typed=typed or (_typed(chosen, currency) if chosen else blank),
        faults=_at(error, {names.get(name, name): said for name, said in found.items()}, "name"),
        maturities=[(str(each), str(each).capitalize()) for each in Maturity],
    )


def _typed(product: Product, currency: str) -> dict[str, str]:
    bar = product.demand_bar
    money = bar.arr if bar else None
    return {
        "name": product.name,
        "maturity": product.maturity,
        "bar_accounts": str(bar.accounts or "") if bar else "",
        "bar_amount": money.amount if money else "",
        "bar_currency": money.currency if money else currency,
    }


def _at(error: DomainError | None, found: dict[str, str], rest: str) -> dict[str, str]:
    return found or ({rest: error.detail} if error else {})


@router.get("/admin/users", dependencies=PEOPLE)
def list_users(request: Request, by: By) -> Response:
    """People with their roles, and the form to invite one."""
    return _users(request, by)


@router.post("/admin/users", dependencies=PEOPLE)
def add_user(request: Request, by: By, form: Filled) -> Response:
    """Add a person, and show the link that signs them in once."""
    typed = form.typed(PERSON)

    def deed(session: Session) -> tuple[str, str]:
        user = users.create_user(session, by, shaped(UserNew, typed))
        return user.name, sign_in.new_link(session, user)

    try:
        made = writing(request, deed)
    except (Conflict, Invalid) as error:
        return _users(request, by, typed, error)
    return _users(request, by, made=made)


@router.post("/admin/users/{user_id:uuid}", dependencies=PEOPLE)
def change_user(request: Request, by: By, user_id: UUID, form: Filled) -> Response:
    """Give a person another role, or let them in no more."""
    given: dict[str, Any] = {"role": form.get("role")} if form.get("role") else {}
    if form.get("active"):
        given["active"] = form.get("active") == "yes"
    try:
        change = shaped(UserChange, given)
        writing(request, lambda session: users.change_user(session, by, user_id, change))
    except (Conflict, Invalid) as error:
        return _users(request, by, error=error)
    return see("/admin/users?notice=changed")


@router.post("/admin/users/{user_id:uuid}/link", dependencies=PEOPLE)
def make_link(request: Request, by: By, user_id: UUID) -> Response:
    """A new link that signs a person in once."""

    def deed(session: Session) -> tuple[str, str]:
        user = users.get_user(session, by, user_id)
        return user.name, sign_in.new_link(session, user)

    return _users(request, by, made=writing(request, deed))


def _users(
    request: Request,
    by: Caller,
    typed: dict[str, str] | None = None,
    error: DomainError | None = None,
    made: tuple[str, str] | None = None,
) -> Response:
    listed, _more = reading(request, lambda session: users.list_users(session, by, limit=MOST))
    return render(
        request,
        "admin_users.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        section="users",
        users=listed,
        typed=typed or {"email": "", "name": "", "role": "se"},
        faults=_at(error, by_field(error, PERSON) if error else {}, "email"),
        roles=[*Role],
        made=made,
        address=request.app.state.policy.public_url,
    )


@router.get("/admin/keys", dependencies=KEYS)
def list_keys(request: Request, by: By) -> Response:
    """Keys of machines, and the form for a new one."""
    return _keys(request, by)


@router.post("/admin/keys", dependencies=KEYS)
def create_key(request: Request, by: By, form: Filled) -> Response:
    """Make a key, and show it for the only time."""
    typed = {"name": form.get("name"), "scopes": form.all("scopes")}
    try:
        new = shaped(ApiKeyNew, typed)
        made = writing(request, lambda session: api_keys.create_key(session, by, new))
    except (Conflict, Invalid) as error:
        return _keys(request, by, typed, error)
    return _keys(request, by, secret=made.secret)


@router.post("/admin/keys/{key_id:uuid}/revoke", dependencies=KEYS)
def revoke_key(request: Request, by: By, key_id: UUID) -> Response:
    """Make a key worthless."""
    writing(request, lambda session: api_keys.revoke_key(session, by, key_id))
    return see("/admin/keys?notice=revoked")


def _keys(
    request: Request,
    by: Caller,
    typed: dict[str, Any] | None = None,
    error: DomainError | None = None,
    secret: str = "",
) -> Response:
    listed, _more = reading(request, lambda session: api_keys.list_keys(session, by, limit=MOST))
    return render(
        request,
        "admin_keys.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        section="keys",
        keys=listed,
        typed=typed or {"name": "", "scopes": ["asks:read", "asks:write"]},
        faults=_at(error, by_field(error, ("name", "scopes")) if error else {}, "name"),
        scopes=[*Scope],
        secret=secret,
    )


@router.get("/admin/connectors", dependencies=CONNECTORS)
def list_connectors(request: Request, by: By) -> Response:
    """Who may deliver, and the form to connect another sender."""
    return _connectors(request, by)


@router.post("/admin/connectors", dependencies=CONNECTORS)
def create_connector(request: Request, by: By, form: Filled) -> Response:
    """Connect a sender; a secret that was not typed is made, and shown for the only time."""
    typed, vault = form.typed(CONNECTOR), request.app.state.vault
    secret = typed["secret"].strip() or _new_secret(form)
    try:
        new = shaped(ConnectorNew, {**typed, "secret": secret})
        writing(request, lambda session: connectors.create_connector(session, by, vault, new))
    except (Conflict, Invalid) as error:
        return _connectors(request, by, typed, error)
    return _connectors(request, by, secret="" if typed["secret"].strip() else secret)


def _new_secret(form: Form) -> str:
    if form.get("kind") == ConnectorKind.standard_webhooks:
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


@router.post("/admin/connectors/{connector_id:uuid}", dependencies=CONNECTORS)
def change_connector(request: Request, by: By, connector_id: UUID, form: Filled) -> Response:
    """Let a sender deliver, or no more; or give it another secret."""
    vault = request.app.state.vault
    given: dict[str, Any] = {}
    if form.get("enabled"):
        given["enabled"] = form.get("enabled") == "yes"
    if form.get("secret").strip():
        given["secret"] = form.get("secret").strip()
    try:
        change = shaped(ConnectorChange, given)
        writing(
            request,
            lambda session: connectors.change_connector(session, by, vault, connector_id, change),
        )
    except (Conflict, Invalid) as error:
        return _connectors(request, by, error=error)
    return see("/admin/connectors?notice=changed")


def _connectors(
    request: Request,
    by: Caller,
    typed: dict[str, str] | None = None,
    error: DomainError | None = None,
    secret: str = "",
) -> Response:
    policy = request.app.state.policy

    def deed(session: Session) -> list[Any]:
        listed, _more = connectors.list_connectors(session, by, limit=MOST)
        return [connectors.seen(policy, each) for each in listed]

    return render(
        request,
        "admin_connectors.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        section="connectors",
        connectors=reading(request, deed),
        typed=typed or {"kind": "generic", "name": "", "secret": ""},
        faults=_at(error, by_field(error, CONNECTOR) if error else {}, "name"),
        kinds=[*ConnectorKind],
        secret=secret,
    )
