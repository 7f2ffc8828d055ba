"""The daily digest: which were sent. What stands in one is read anew each time."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field

from models.base import Model, instant, utc_now


class DigestSent(Model, table=True):
    """That a person's digest of a day is being sent or was: each is sent at most once.

    Without `taken_at` no mail server is known to have taken it.
    """

    __tablename__ = "digest_sent"

    user_id: UUID = Field(foreign_key="app_user.id", primary_key=True)
    day: date = Field(primary_key=True)
    created_at: datetime = instant(default_factory=utc_now)
    taken_at: datetime | None = instant(default=None)
