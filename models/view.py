"""A view of the demand board that a person keeps."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Bounds
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from models.account import Lifecycle, Segment
from models.base import Day, Record, Shape, Word, clean_line
from models.feature import FeatureStatus

LONGEST_NAME = 60
SHORTEST_LIST, LONGEST_LIST = 10, 50


class SavedView(Record, table=True):
    """Filters and an order of the demand board, under a name of one's own."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    user_id: UUID = Field(foreign_key="app_user.id")
    name: str = Field(max_length=LONGEST_NAME)
    filters: dict[str, Any] = Field(sa_type=JSON)


class ViewFilters(Shape):
    """What the board shows; names and meanings are those of the demand report."""

    product_id: list[UUID] = Bounds(default=[], max_length=LONGEST_LIST)
    feature_status: list[FeatureStatus] = Bounds(default=[], max_length=SHORTEST_LIST)
    segment: list[Segment] = Bounds(default=[], max_length=SHORTEST_LIST)
    industry: list[Word] = Bounds(default=[], max_length=LONGEST_LIST)
    region: list[Word] = Bounds(default=[], max_length=LONGEST_LIST)
    tag: list[Word] = Bounds(default=[], max_length=LONGEST_LIST)
    lifecycle: list[Lifecycle] = Bounds(default=[], max_length=SHORTEST_LIST)
    asked_since: Day | None = None
    asked_until: Day | None = None
    compare: Literal["previous"] | None = None
    sort: str = Bounds(default="-customer_arr", max_length=32)


ViewName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME, strip_whitespace=True),
    AfterValidator(clean_line),
]


class ViewNew(Shape):
    """A view to keep."""

    name: ViewName
    filters: ViewFilters
