"""Whether the service can do its work: the database, its migrations, its backlog."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, inspect, select, text
from sqlmodel import Session, col

from models import triggers
from models.base import utc_now
from models.delivery import DeliveryState, DeliveryStatus


@dataclass(frozen=True)
class Backlog:
    """Deliveries that wait to be read; `lag_seconds` is the age of the oldest."""

    waiting: int
    parked: int
    lag_seconds: float


def revision(session: Session) -> str | None:
    """The migration that the database stands at; None where it was never migrated."""
    connection = session.connection()
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found is not None else None


def lost_triggers(session: Session) -> set[str]:
    """The triggers that should keep what was said, and are not there."""
    return triggers.missing(session.connection())


def backlog(session: Session) -> Backlog:
    """How much waits to be read, and since when."""
    rows = session.execute(
        select(col(DeliveryStatus.state), func.count(), func.min(col(DeliveryStatus.due_at)))
        .where(col(DeliveryStatus.state).in_([DeliveryState.received, DeliveryState.parked]))
        .group_by(col(DeliveryStatus.state))
    )
    found: dict[DeliveryState, tuple[int, datetime]] = {
        state: (count, oldest) for state, count, oldest in rows
    }
    waiting, oldest = found.get(DeliveryState.received, (0, utc_now()))
    parked = found.get(DeliveryState.parked, (0, utc_now()))[0]
    return Backlog(waiting, parked, max(0.0, (utc_now() - oldest).total_seconds()))
