"""Lists a page at a time, by keyset: an opaque cursor holds where the last page ended."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from services.errors import Invalid

Row = TypeVar("Row")


def encode(values: Sequence[Any]) -> str:
    """A cursor for the place after the row with these sort values."""
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """The sort values in a cursor.

    Raises:
        Invalid: It is none of ours, or of a list sorted otherwise.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if not isinstance(values, list) or len(values) != length:
        raise not_ours()
    if not all(isinstance(value, str | int | None) for value in values):
        raise not_ours()
    return values


def not_ours() -> Invalid:
    """That a cursor is of another list, or of none."""
    said = "is not a cursor of this list; leave it out to begin anew"
    return Invalid(
        f"cursor: {said}",
        errors=[{"loc": ["query", "cursor"], "msg": said, "type": "value_error"}],
    )


def last_id(cursor: str) -> UUID:
    """The id in a cursor of a list that is ordered by id.

    Raises:
        Invalid: It is none of ours.
    """
    try:
        return UUID(decode(cursor, 1)[0])
    except (ValueError, AttributeError, TypeError):
        raise not_ours() from None


def by_id(statement: Any, column: Any, cursor: str | None, *, descending: bool) -> Any:
    """Order by id, which is by creation, and begin after the cursor.

    Ids are UUIDv7 and never change: a walk meets every row that was there at its start exactly
    once, whatever is written meanwhile.

    Raises:
        Invalid: The cursor is none of ours.
    """
    if cursor is not None:
        last = last_id(cursor)
        statement = statement.where(column < last if descending else column > last)
    return statement.order_by(column.desc() if descending else column.asc())


def cut(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], bool]:
    """At most `limit` rows of `limit + 1` read, and whether there are more."""
    return rows[:limit], len(rows) > limit
