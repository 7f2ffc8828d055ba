"""What is owed: asks without an answer, added up by person and by team."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from models.ask import Importance
from models.base import Seen


class AgeSeen(Seen):
    """How long debts have been owed, in working days."""

    median: float
    worst: int


class OwedSeen(Seen):
    """What somebody owes."""

    asks: int
    overdue: int
    due_soon: int = Field(description="Due today or within two working days.")
    age: AgeSeen | None = Field(description="Null where nothing is owed.")


class PersonOwing(OwedSeen):
    """What one person owes."""

    person: dict[str, Any] | None = Field(
        description="`id`, `email`, `name` and `active`; null: logged by nobody we know."
    )
    team: str | None


class TeamOwing(OwedSeen):
    """What a team owes."""

    team: str | None = Field(description="Null: people without a team.")


class DebtSeen(Seen):
    """An ask that is owed an answer."""

    id: UUID
    title: str
    account: dict[str, Any] = Field(description="`id` and `name`.")
    product_id: UUID
    feature_id: UUID | None
    importance: Importance
    logged_by: str | None = Field(description="E-mail of who owes it.")
    team: str | None
    asked_on: date
    answer_due_on: date
    overdue: bool
    age: int = Field(description="Working days since an answer is owed.")
    days_overdue: int = Field(description="Working days since it was due; 0 until then.")


class DebtReport(Seen):
    """The debts, what they add up to, and who owes them."""

    as_of: date
    totals: OwedSeen
    people: list[PersonOwing] = Field(description="Most overdue first.")
    teams: list[TeamOwing] = Field(description="Most overdue first.")
    items: list[DebtSeen] = Field(description="Due first, first.")
    next_cursor: str | None
