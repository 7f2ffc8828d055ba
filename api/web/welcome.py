"""The first run: three steps from an empty service to the first ask."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web import admin_products
from api.web.pages import By, Filled, Page, reading, see
from api.web.templating import render
from services import first_run
from services.errors import Conflict, DomainError, Invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
SET_UP = [needs(Permission.user_manage)]


@router.get("/welcome", dependencies=SET_UP)
def show_welcome(request: Request, by: By) -> Response:
    """The three steps, and which are done."""
    return _page(request, by, admin_products.blank(request))


@router.post("/welcome", dependencies=SET_UP)
def make_first_product(request: Request, by: By, form: Filled) -> Response:
    """Make the first product, and go on with the next step."""
    typed = form.typed(admin_products.FIELDS)
    try:
        admin_products.make(request, by, typed)
    except (Conflict, Invalid) as error:
        return _page(request, by, typed, error)
    return see("/welcome?notice=created")


def _page(
    request: Request, by: Caller, typed: dict[str, str], error: DomainError | None = None
) -> Response:
    return render(
        request,
        "welcome.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        steps=reading(request, lambda session: first_run.look(session, by)),
        typed=typed,
        faults=admin_products.faults(error),
        maturities=admin_products.MATURITIES,
    )
