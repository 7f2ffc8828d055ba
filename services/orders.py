"""The order in which a customer puts features: strict, every one once (R5)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from models.feature import Feature
from models.response import Response, ResponseChoice
from services.errors import Invalid

OTHERS = 2  # at least so many besides the asked one


class NotAStrictOrder(Invalid):
    """A ranked answer is a strict order of the asked feature among at least two others."""

    slug, title = "not-a-strict-order", "Not a strict order"
    cure = (
        "Name the asked feature and at least two other shareable features of its product, each"
        " once, the most wanted first."
    )


def check_order(session: Session, feature: Feature, order: Sequence[UUID]) -> None:
    """Refuse an order that is no strict order of `feature` among others.

    Args:
        session: Any session.
        feature: The asked one; it may be one that is not shown to customers else.
        order: Feature ids, the first is wanted most.

    Raises:
        NotAStrictOrder: A place is at fault, the asked feature is missing, or there are too few.
    """
    found = session.execute(select(Feature).where(col(Feature.id).in_(order))).scalars()
    features = {each.id: each for each in found}
    faults: list[tuple[list[str | int], str]] = []
    for place, key in enumerate(order):
        said = _fault_of_place(place, key, order, features.get(key), feature)
        if said is not None:
            faults.append((["body", "order", place], said))
    if not faults and feature.id not in order:
        faults.append((["body", "order"], f"lacks the asked feature, {feature.title!r}"))
    if not faults and len(order) <= OTHERS:
        said = f"needs at least two other features besides the asked one, has {len(order) - 1}"
        faults.append((["body", "order"], said))
    if faults:
        errors = [{"loc": loc, "msg": said, "type": "order"} for loc, said in faults]
        raise NotAStrictOrder(f"order: {errors[0]['msg']}.", errors=errors)


def _fault_of_place(
    place: int, key: UUID, order: Sequence[UUID], found: Feature | None, asked: Feature
) -> str | None:
    if found is None:
        return f"there is no feature {key}"
    if order.index(key) != place:
        return f"{found.title!r} is there twice; each feature stands once, without ties"
    if found.merged_into is not None:
        return f"was merged into {found.merged_into}; name that one"
    if found.product_id != asked.product_id:
        return "belongs to another product"
    if key != asked.id and not found.shareable:
        return f"{found.title!r} may not be shown to customers"
    return None


def keep_order(session: Session, response: Response, order: Sequence[UUID]) -> None:
    """Keep an order that was checked, a row a place."""
    for position, key in enumerate(order, start=1):
        session.add(ResponseChoice(response_id=response.id, position=position, feature_id=key))
    session.flush()


def question(names: Sequence[str]) -> str:
    """The words that ask a customer for an order.

    Args:
        names: The features under the names that customers see.
    """
    listed = "\n".join(f"- {name}" for name in names)
    return f"Please put these in order, the one that you need most first:\n{listed}"
