"""REST endpoints for products."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from api.auth import KnownCallers, needs
from api.parameters import PageSlice
from api.problems import problems
from api.work import Caller, Expected, Post, Read, Reply, Session, Write, created, etag, page
from models.page import Page
from models.product import Product, ProductChange, ProductNew, ProductSeen
from services import products
from services.errors import NotFound, Stale, Unconditional
from services.permissions import Permission

router = APIRouter(prefix="/products", tags=["products"], route_class=KnownCallers)
READ, CHANGE = [needs(Permission.ask_read)], [needs(Permission.catalog_write)]


def _one(product: Product) -> Reply:
    return Reply(ProductSeen.model_validate(product), headers=etag(product.version))


def _made(product: Product) -> Reply:
    seen = ProductSeen.model_validate(product)
    return created(seen, "products", product.id, product.version)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ProductSeen,
    dependencies=CHANGE,
    responses=problems(products.NameTaken),
)
def create_product(write: Post, new: ProductNew) -> Response:
    """Put a product on file."""
    return write(lambda session, by: _made(products.create_product(session, by, new)))


@router.get("", response_model=Page[ProductSeen], dependencies=READ)
def list_products(read: Read, part: PageSlice) -> Response:
    """List products, oldest first."""

    def deed(session: Session, by: Caller) -> Reply:
        found, more = products.list_products(session, by, limit=part.limit, cursor=part.cursor)
        return page([ProductSeen.model_validate(each) for each in found], more)

    return read(deed)


@router.get(
    "/{product_id:uuid}",
    response_model=ProductSeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_product(read: Read, product_id: UUID) -> Response:
    """Read one product."""
    return read(lambda session, by: _one(products.get_product(session, by, product_id)))


@router.patch(
    "/{product_id:uuid}",
    response_model=ProductSeen,
    dependencies=CHANGE,
    responses=problems(NotFound, products.NameTaken, Stale, Unconditional),
)
def change_product(
    write: Write, expected: Expected, product_id: UUID, change: ProductChange
) -> Response:
    """Change a product; what is left out stays."""
    return write(
        lambda session, by: _one(
            products.change_product(
                session, by, write.policy, product_id, change, expected=expected
            )
        )
    )
