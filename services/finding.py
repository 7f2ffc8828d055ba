"""Finds records by what people call them: a domain, a title, a name in another system."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from models.account import Account, AccountRef
from models.feature import Feature
from models.opportunity import Opportunity, OpportunityRef
from models.product import Product
from models.user import Role, User
from services import references, users
from services.errors import NotFound
from services.sheets import nearest


class NotFoundBy(Exception):
    """Nothing, or more than one thing, goes by that name; the message says what would help."""


def as_id(text: str) -> UUID | None:
    """The text as an id, or None where it is a name."""
    try:
        return UUID(text)
    except ValueError:
        return None


def account_by_ref(session: Session, source: str, name: str) -> Account | None:
    """The account that another system calls so, or the one that it was merged into."""
    found = references.find(session, AccountRef, source, name)
    return account_by_id(session, found) if found else None


def account_by_id(session: Session, account_id: UUID) -> Account | None:
    """The account with an id, or the one that it was merged into."""
    account = session.get(Account, account_id)
    while account is not None and account.merged_into is not None:
        account = session.get(Account, account.merged_into)
    return account


def account_by_domain(session: Session, domain: str) -> Account | None:
    """The account that has a domain, or the one that it was merged into."""
    found = session.exec(select(Account.id).where(Account.domain == domain.lower())).first()
    return account_by_id(session, found) if found else None


def opportunity_by_ref(session: Session, source: str, name: str) -> Opportunity | None:
    """The deal that another system calls so."""
    found = references.find(session, OpportunityRef, source, name)
    return session.get(Opportunity, found) if found else None


def product_named(session: Session, name: str | None) -> Product:
    """The product with a name or id; without a name the only one that there is.

    Raises:
        NotFoundBy: There is none, or several and no name.
    """
    products = session.exec(select(Product).order_by(col(Product.id))).all()
    if name is None:
        if len(products) == 1:
            return products[0]
        raise NotFoundBy(
            f"is needed, since there are several: {_listed(products)}"
            if products
            else "is needed: there is no product yet"
        )
    wanted = as_id(name)
    for product in products:
        if product.id == wanted or product.name.casefold() == name.casefold():
            return product
    near = nearest(name, [product.name for product in products])
    raise NotFoundBy(f"there is no product {name!r}{near}")


def feature_known_as(session: Session, external_id: str) -> Feature | None:
    """The feature that an import called so."""
    return session.exec(select(Feature).where(Feature.external_id == external_id)).first()


def feature_titled(session: Session, title: str, product: Product) -> Feature | None:
    """The one feature of a product with a title, if there is one."""
    found = _titled(session, title, product)
    return found[0] if len(found) == 1 else None


def feature_named(session: Session, name: str, product: Product | None = None) -> Feature:
    """The feature with a title or id, of a product where one is given.

    Raises:
        NotFoundBy: There is none, or several have the title.
    """
    wanted = as_id(name)
    if wanted is not None:
        feature = session.get(Feature, wanted)
        if feature is None:
            raise NotFoundBy(f"there is no feature {wanted}")
        return feature
    found = _titled(session, name, product)
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundBy(f"{len(found)} features are called {name!r}; give the id of one")
    near = nearest(name, [feature.title for feature in _features(session, product)])
    raise NotFoundBy(f"there is no feature {name!r}{near}")


def _titled(session: Session, title: str, product: Product | None) -> list[Feature]:
    """The features with a title; those that were merged away only if there are no others."""
    # The database folds the case of English letters only; a title as it stands always fits.
    called = (col(Feature.title) == title) | (func.lower(col(Feature.title)) == title.lower())
    found = _features(session, product, called)
    return [feature for feature in found if feature.merged_into is None] or found


def _features(
    session: Session, product: Product | None, *where: ColumnElement[bool]
) -> list[Feature]:
    statement = select(Feature).where(*where)
    if product is not None:
        statement = statement.where(Feature.product_id == product.id)
    return list(session.exec(statement.order_by(col(Feature.id))).all())


def _listed(products: Sequence[Product]) -> str:
    return ", ".join(product.name for product in products)


def person(session: Session, email: str | None) -> User:
    """The active person with an e-mail, or the first active administrator.

    Raises:
        NotFound: There is none, or they are not active.
    """
    if email is not None:
        user = users.find_user(session, email)
        if not user.active:
            raise NotFound(f"{user.email} is not active; an administrator can change that.")
        return user
    admins = select(User).where(User.role == Role.admin, col(User.active).is_(True))
    found = session.exec(admins.order_by(col(User.id))).first()
    if found is None:
        raise NotFound("There is no active administrator; add one with `nomaybe user add`.")
    return found
