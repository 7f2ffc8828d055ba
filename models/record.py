"""What a CRM last said of its records: a row a field, so that the order of arrival is no matter."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from models.base import Model, instant


class RecordSaid(Model, table=True):
    """The newest word on one field of a record. The row with no field holds the record's kind."""

    __tablename__ = "record_said"
    # Finds the records that are linked to another one.
    __table_args__ = (Index("ix_record_said_field", "source", "field"),)

    source: str = Field(primary_key=True, max_length=64)
    record: str = Field(primary_key=True, max_length=200)
    field: str = Field(primary_key=True, max_length=128)
    value: str | None = None
    said_at: datetime = instant()
    # Tells two words of one instant apart in the same way, whichever arrived first.
    event_key: str = Field(max_length=300)
    delivery_id: UUID = Field(foreign_key="delivery.id", index=True)
