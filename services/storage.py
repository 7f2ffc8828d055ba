"""How values are stored, beside what they say: SQLite takes anything anywhere, and reads it kindly.

An id in capitals reads as the same id, yet no SQL of ours finds it; 2 reads as true, yet is not 1.
So a row may be right by what is read of it, and wrong by what the service does with it.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Integer,
    String,
    Uuid,
    and_,
    func,
    or_,
    true,
    type_coerce,
)
from sqlalchemy.orm import Session

from models.base import Model, UtcDateTime

DIGIT = "[0-9]"
DAY = "-".join((DIGIT * 4, DIGIT * 2, DIGIT * 2))
INSTANT = f"{DAY} {':'.join([DIGIT * 2] * 3)}.{DIGIT * 6}"


def as_ours(session: Session, table: type[Model], names: Sequence[str]) -> ColumnElement[bool]:
    """Whether a row holds ids, days, instants and flags in the one way in which we store them.

    Texts and numbers need no look: what is read of them is what is stored.

    Args:
        session: Where it is read; PostgreSQL keeps to the types of its columns.
        table: The table.
        names: Which of its columns are looked at.
    """
    if session.get_bind().dialect.name != "sqlite":
        return true()
    columns = [table.__table__.columns[name] for name in names]  # type: ignore[attr-defined]
    ids = [type_coerce(each, String()) for each in columns if isinstance(each.type, Uuid)]
    found = [(each, _way(each)) for each in columns]
    ways = [
        or_(each.is_(None), way) if each.nullable else way for each, way in found if way is not None
    ]
    if ids:
        # Whatever reads as an id holds all 32 digits; more than these it may not hold.
        together = reduce(add, [func.coalesce(each, "") for each in ids])
        ways.append(together.op("NOT GLOB")("*[^0-9a-f]*"))
    return and_(true(), *ways)


def _way(column: Any) -> ColumnElement[bool] | None:
    """What SQLite finds to be so of what we stored in a column."""
    value = type_coerce(column, String())
    if isinstance(column.type, Date):
        return value.op("GLOB")(DAY)
    if isinstance(column.type, UtcDateTime):
        return value.op("GLOB")(INSTANT)
    if isinstance(column.type, Boolean):
        number = type_coerce(column, Integer())
        return and_(func.typeof(value) == "integer", number.in_([0, 1]))
    return None
