"""That demand for a feature crossed its bar."""

from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from models.base import Record


class BarReached(Record, table=True):
    """An event for the feature's PM: what the bar was, and where demand stood."""

    __tablename__ = "bar_reached"

    feature_id: UUID = Field(foreign_key="feature.id", index=True)
    evidence: dict[str, Any] = Field(sa_type=JSON)


class BarArmed(Record, table=True):
    """That demand fell far enough below the bar for the event to fire anew."""

    __tablename__ = "bar_armed"

    feature_id: UUID = Field(foreign_key="feature.id", index=True)
