"""Features that were merged: a feature counts for the one it was merged into."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from models.feature import Feature
from services.revisions import named


def members(*feature_ids: UUID) -> Select[tuple[UUID]]:
    """A query of the ids that count for features: their own, and all that were merged into them."""
    own: Any = sql_select(col(Feature.id).label("id")).where(col(Feature.id).in_(feature_ids))
    family = own.cte("family", recursive=True)
    merged = sql_select(col(Feature.id)).where(col(Feature.merged_into) == family.c.id)
    family = family.union(merged)
    return sql_select(family.c.id)


def survivor(session: Session, feature: Feature) -> Feature:
    """The feature that `feature` counts for: itself, unless it was merged."""
    while feature.merged_into is not None:
        above = session.get(Feature, feature.merged_into)
        if above is None:
            raise LookupError(f"feature {feature.merged_into} is gone; foreign keys are off")
        feature = above
    return feature


def survivors(merged_into: dict[UUID, UUID | None]) -> dict[UUID, UUID]:
    """For each feature the one that it counts for.

    Args:
        merged_into: For each feature the one it was merged into, or None.
    """
    found: dict[UUID, UUID] = {}
    for start in merged_into:
        path, at = [start], start
        while at not in found and (above := merged_into[at]) is not None:
            at = above
            path.append(at)
        end = found.get(at, at)
        found.update(dict.fromkeys(path, end))
    return found


def of_product(session: Session, product_id: UUID) -> Iterable[UUID]:
    """The features of a product that were not merged away."""
    return session.exec(
        select(Feature.id).where(
            Feature.product_id == product_id, col(Feature.merged_into).is_(None)
        )
    ).all()


def roots(*feature_ids: UUID) -> Any:
    """Every feature beside the one that it counts for, as a query with `id` and `root`.

    Args:
        feature_ids: The ones counted for, where not all are wanted.
    """
    wanted = col(Feature.id).in_(feature_ids) if feature_ids else col(Feature.merged_into).is_(None)
    top: Any = sql_select(col(Feature.id).label("id"), col(Feature.id).label("root")).where(wanted)
    found = top.cte("roots", recursive=True)
    merged = sql_select(col(Feature.id), found.c.root).where(col(Feature.merged_into) == found.c.id)
    return found.union_all(merged)


def standing_feature(session: Session, feature_id: UUID, field: str) -> Feature:
    """The feature that a body names, or the one that it was merged into.

    Raises:
        Invalid: There is none; the error names the field.
    """
    return survivor(session, named(session, Feature, feature_id, field))
