"""How far a CRM was asked for what changed: a row a connector, so that a run can go on."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from models.base import Model, UtcDateTime, choice, instant
from models.connector import RecordKind


class Reconciliation(Model, table=True):
    """Where reconciling stands.

    All that changed before `since` is on file. While a run is under way, `started_at` is set,
    and what it has of `kind` ends at `marker`.
    """

    connector_id: UUID = Field(foreign_key="connector.id", primary_key=True)
    since: datetime = instant()
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    kind: RecordKind | None = Field(default=None, sa_type=choice(RecordKind))
    marker: str | None = None
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
