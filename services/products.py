"""What one may do with a product."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models.history import VERSIONS
from models.money import money
from models.product import BarSeen, Product, ProductChange, ProductNew, bar_columns
from models.user import User
from services import bars, paging
from services.errors import Conflict
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import check_version, given, load, revise


class NameTaken(Conflict):
    """Something else has that name already, and it must be unique."""

    slug, title = "name-taken", "The name is taken"
    cure = "Use the one that exists, or choose another name."


@dataclass(frozen=True)
class BarChanged:
    """That the bar of a product was changed, and from what to what."""

    at: datetime
    by: str | None
    before: BarSeen | None
    after: BarSeen | None


def create_product(session: Session, by: Caller, new: ProductNew) -> Product:
    """Put a product on file.

    Raises:
        NotPermitted: `by` may not change the catalogue.
        NameTaken: There is a product of that name.
    """
    by.require(Permission.catalog_write)
    _free(session, new.name)
    product = Product(
        name=new.name,
        maturity=new.maturity,
        changed_by=by.id,
        **bar_columns(new.demand_bar),
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
    """
    by.require(Permission.catalog_write)
    product = load(session, Product, product_id, lock=True)
    check_version(product, expected)
    values = given(change, frozenset({"demand_bar"}))
    if "demand_bar" in values:
        values |= bar_columns(values.pop("demand_bar"))
    if values.get("name", product.name) != product.name:
        _free(session, values["name"])
    if revise(product, by, values):
        session.flush()
        bars.watch_product(session, policy, product.id)
    return product


def bar_history(session: Session, by: Caller, product_id: UUID, *, limit: int) -> list[BarChanged]:
    """When the bar of a product was changed, the latest first.

    Args:
        session: Any session.
        by: Who asks.
        product_id: Of which product.
        limit: How many of its latest changes are looked at; those of its name count as well.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is no such product.
    """
    by.require(Permission.ask_read)
    after = load(session, Product, product_id).demand_bar
    past = VERSIONS[Product].c
    rows = session.execute(
        select_columns(
            past.valid_to, col(User.name), past.bar_accounts, past.bar_arr_minor,
            past.bar_arr_currency,
        )
        .outerjoin(User, col(User.id) == past.changed_by)
        .where(past.product_id == product_id)
        .order_by(past.valid_to.desc())
        .limit(limit)
    )  # fmt: skip
    found = []
    for at, name, accounts, minor, currency in rows:
        unset = accounts is None and minor is None
        before = None if unset else BarSeen(accounts=accounts, arr=money(minor, currency))
        if before != after:
            found.append(BarChanged(at, name, before, after))
        after = before
    return found


def _free(session: Session, name: str) -> None:
    if session.exec(select(Product.id).where(Product.name == name)).first() is not None:
        raise NameTaken(f"There is a product called {name!r} already.")
