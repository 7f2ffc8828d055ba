"""Query parameters that lists share; an unknown one is refused, never ignored."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, Field, StringConstraints

from models.base import Shape, clean_line

Search = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(clean_line),
]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Slice(Shape):
    """Which part of a list is wanted."""

    limit: int = Field(default=50, ge=1, le=200, description="The most items to return.")
    cursor: Cursor | None = Field(default=None, description="The `next_cursor` of the last page.")


PageSlice = Annotated[Slice, Query()]
