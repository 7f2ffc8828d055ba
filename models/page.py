"""A part of a longer list."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel, Field

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """Some of the items, and where the next ones begin."""

    items: Sequence[Item] = Field(description="At most `limit` items, in the order asked for.")
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null ends.")
