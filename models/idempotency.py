"""First answers to requests that carried an `Idempotency-Key`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, LargeBinary
from sqlmodel import Field

from models.base import Model, instant


class FirstAnswer(Model, table=True):
    """What a key was answered with, written in the transaction of the effect."""

    __tablename__ = "first_answer"

    caller_id: UUID = Field(primary_key=True, description="The API key's or person's id.")
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: str = Field(max_length=64)
    status: int | None = None
    headers: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = instant()
