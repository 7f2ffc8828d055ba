"""Features that may be the one asked for: by text, best first, for a person to choose from."""

from collections.abc import Sequence
from uuid import UUID

from rapidfuzz import fuzz, process, utils
from sqlalchemy import select
from sqlmodel import Session, col

from models.feature import Feature, SimilarFeature
from services.permissions import Caller, Permission

FLOOR = 40.0  # per cent; below it the likeness is that of any two titles


def similar_features(
    session: Session,
    by: Caller,
    q: str,
    *,
    product_id: Sequence[UUID] = (),
    limit: int = 10,
) -> list[SimilarFeature]:
    """Features whose title or description is like `q`, best first.

    A feature that was merged away is found by its own words and shown as the one that remains.

    Args:
        session: A reading session.
        by: Who reads.
        q: What the customer asks for.
        product_id: Only features of these products; of all if empty.
        limit: The most to return.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    statement = select(
        col(Feature.id),
        col(Feature.product_id),
        col(Feature.title),
        col(Feature.description),
        col(Feature.status),
        col(Feature.merged_into),
    )
    if product_id:
        statement = statement.where(col(Feature.product_id).in_(product_id))
    rows = {row.id: row for row in session.execute(statement)}
    titles = {key: utils.default_process(row.title) for key, row in rows.items()}
    whole = {
        key: utils.default_process(f"{row.title} {row.description or ''}"[:500])
        for key, row in rows.items()
    }
    wanted = utils.default_process(q)
    scores: dict[UUID, float] = {}
    for texts, scorer in ((titles, fuzz.WRatio), (whole, fuzz.token_set_ratio)):
        found = process.extract(wanted, texts, scorer=scorer, processor=None, limit=None)
        for _text, score, key in found:
            end = key
            while rows[end].merged_into in rows:
                end = rows[end].merged_into
            scores[end] = max(scores.get(end, 0.0), score)
    best = sorted(scores.items(), key=lambda item: (-item[1], str(item[0])))
    return [
        SimilarFeature(
            id=key,
            product_id=rows[key].product_id,
            title=rows[key].title,
            status=rows[key].status,
            score=round(score / 100, 3),
        )
        for key, score in best[:limit]
        if score >= FLOOR
    ]
