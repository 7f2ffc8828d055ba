"""Pages of administration: each of its parts, and the first run that leads to them."""

from fastapi import APIRouter, Response

from api.auth import needs
from api.web import admin_connectors, admin_keys, admin_products, admin_users, connector, welcome
from api.web.pages import Page, see
from services.permissions import Permission

router = APIRouter(route_class=Page)


@router.get("/admin", dependencies=[needs(Permission.catalog_write)])
def show_admin() -> Response:
    """On to the first part of it."""
    return see("/admin/products")


for part in (welcome, admin_products, admin_users, admin_keys, admin_connectors, connector):
    router.include_router(part.router)
