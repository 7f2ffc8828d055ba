"""What one may do with a product."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.product import Product, ProductChange, ProductNew
from services import bar_changes, bars, paging
from services.errors import Conflict
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import check_version, given, load, revise

NULLABLE = frozenset({"demand_bar", "bar_reason"})


class NameTaken(Conflict):
    """Something else has that name already, and it must be unique."""

    slug, title = "name-taken", "The name is taken"
    cure = "Use the one that exists, or choose another name."


def create_product(session: Session, by: Caller, new: ProductNew) -> Product:
    """Put a product on file.

    Raises:
        NotPermitted: `by` may not change the catalogue.
        NameTaken: There is a product of that name.
        Invalid: A reason is given for no bar.
    """
    by.require(Permission.catalog_write)
    _free(session, new.name)
    product = Product(
        name=new.name,
        maturity=new.maturity,
        changed_by=by.id,
        **bar_changes.columns({"demand_bar": new.demand_bar, "bar_reason": new.bar_reason}),
    )
    session.add(product)
    session.flush()
    return product


def get_product(session: Session, by: Caller, product_id: UUID) -> Product:
    """Read one product.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is none.
    """
    by.require(Permission.ask_read)
    return load(session, Product, product_id)


def list_products(
    session: Session, by: Caller, *, limit: int, cursor: str | None = None
) -> tuple[Sequence[Product], str | None]:
    """List products, oldest first, and where the next page begins.

    Raises:
        NotPermitted: `by` may not read.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.ask_read)
    statement = paging.by_id(select(Product), col(Product.id), cursor, descending=False)
    rows, more = paging.cut(session.exec(statement.limit(limit + 1)).all(), limit)
    return rows, paging.encode([rows[-1].id]) if more else None


def change_product(
    session: Session,
    by: Caller,
    policy: Policy,
    product_id: UUID,
    change: ProductChange,
    *,
    expected: int | None = None,
) -> Product:
    """Change a product; a new bar may bring refusals back.

    Raises:
        NotPermitted: `by` may not change the catalogue.
        NotFound: There is none.
        Stale: It is no longer the version `expected`.
        NameTaken: There is a product of that name.
        Invalid: A reason is given for a bar that stays as it is.
    """
    by.require(Permission.catalog_write)
    product = load(session, Product, product_id, lock=True)
    check_version(product, expected)
    values = bar_changes.columns(given(change, NULLABLE), product)
    if values.get("name", product.name) != product.name:
        _free(session, values["name"])
    if revise(product, by, values):
        session.flush()
        bars.watch_product(session, policy, product.id)
    return product


def _free(session: Session, name: str) -> None:
    if session.exec(select(Product.id).where(Product.name == name)).first() is not None:
        raise NameTaken(f"There is a product called {name!r} already.")
