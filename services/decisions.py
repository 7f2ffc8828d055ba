"""What waits for a PM's decision: features whose bar was reached, and nobody decided since.

Nothing is kept of it. A feature is in the list by its latest event, and leaves it as soon as its
status changes, or it is declined anew for another reason; both stand in its versions.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session, col

from models.bar_event import BarReached
from models.feature import Feature, FeatureStatus
from models.history import VERSIONS
from models.response import EvidenceSeen
from models.user import Role, User

# What is planned or further was decided before its bar was reached.
OPEN = (FeatureStatus.candidate, FeatureStatus.declined)
DECIDING = (Role.pm, Role.admin)  # who decides where nobody owns a feature; the first that work


@dataclass(frozen=True)
class ToDecide:
    """A feature whose bar was reached, with where demand stood then against the bar of then."""

    id: UUID
    title: str
    declined: bool
    reached_at: datetime
    facts: EvidenceSeen


def awaited() -> ColumnElement[bool]:
    """The condition for a feature that it waits for a decision since its bar was reached."""
    latest = (
        select(func.max(col(BarReached.created_at)))
        .where(col(BarReached.feature_id) == col(Feature.id))
        .correlate(Feature)
        .scalar_subquery()
    )
    past: Any = VERSIONS[Feature].c
    decided = past.status != col(Feature.status)
    decided |= past.decline_reason.is_distinct_from(col(Feature.decline_reason))
    since = exists().where(past.feature_id == col(Feature.id), past.valid_to > latest, decided)
    return (
        col(Feature.merged_into).is_(None)
        & col(Feature.status).in_(OPEN)
        & latest.is_not(None)
        & ~since.correlate(Feature)
    )


def lists(session: Session, people: Collection[UUID]) -> dict[UUID, Sequence[ToDecide]]:
    """What each of these people is to decide, the longest waiting first; nobody with nothing.

    A feature is its owner's, by e-mail. Where there is none who works here it is every PM's, and
    where there is no PM, every administrator's.
    """
    found = session.execute(
        select(
            col(Feature.id), col(Feature.owner_email), col(Feature.title), col(Feature.status),
            col(BarReached.created_at), col(BarReached.evidence),
        )
        .join(BarReached, col(BarReached.feature_id) == col(Feature.id))
        .where(awaited())
        .order_by(col(BarReached.created_at), col(BarReached.id))
    ).all()  # fmt: skip
    if not found:
        return {}
    owners, others = _owners(session)
    latest = {row.id: row for row in found}  # of several events of one feature the last
    theirs: dict[UUID, list[ToDecide]] = {}
    for row in sorted(latest.values(), key=lambda row: row.created_at):
        declined = row.status is FeatureStatus.declined
        facts = EvidenceSeen.model_validate(row.evidence)
        each = ToDecide(row.id, row.title, declined, row.created_at, facts)
        owner = owners.get(row.owner_email)
        for person in others if owner is None else [owner]:
            theirs.setdefault(person, []).append(each)
    return {person: theirs[person] for person in people if person in theirs}


def _owners(session: Session) -> tuple[dict[str, UUID], Iterable[UUID]]:
    """Who works here, by e-mail, and who decides on what nobody owns."""
    working = session.execute(
        select(col(User.id), col(User.email), col(User.role)).where(col(User.active).is_(True))
    ).all()
    deciding: list[list[UUID]] = [
        [key for key, _email, each in working if each is role] for role in DECIDING
    ]
    return {email: key for key, email, _role in working}, next(filter(None, deciding), [])
