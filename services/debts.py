"""Debts: asks without an answer, listed and added up by whoever owes them. There is no snooze."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, func, select, tuple_
from sqlmodel import Session, col

from models.account import Account
from models.ask import Ask, AskState
from models.base import utc_today
from models.user import User
from services import paging
from services.permissions import Caller, Permission
from services.policy import Policy
from services.workdays import after_workdays, workdays_past

SOON = 2  # working days


@dataclass(frozen=True)
class DebtFilter:
    """Which debts are wanted; an empty filter lets all pass."""

    overdue: bool | None = None
    product_id: Sequence[UUID] = ()
    logged_by: Sequence[str] = ()
    team: Sequence[str] = ()


@dataclass(frozen=True)
class _Pile:
    """Debts of one person that are due on the same day, and of the same age."""

    owner: UUID | None
    due: date
    count: int
    age: int


@dataclass(frozen=True)
class _Owner:
    email: str
    name: str
    team: str | None
    active: bool


@dataclass(frozen=True)
class Next:
    """The ask to answer next, and how many wait, itself among them."""

    id: UUID
    title: str
    left: int
    own: bool  # logged by whoever answers; else of everybody's


def next_of(session: Session, by: Caller) -> Next | None:
    """What to answer next: the own ask that is due first, and where none waits anybody's.

    Raises:
        NotPermitted: `by` may not answer asks.
    """
    by.require(Permission.ask_answer)
    owed = col(Ask.state) == AskState.unanswered
    first = select(col(Ask.id), col(Ask.title)).order_by(col(Ask.answer_due_on), col(Ask.id))
    for own, whose in ((True, owed & (col(Ask.logged_by) == by.id)), (False, owed)):
        found = session.execute(first.where(whose).limit(1)).one_or_none()
        if found is not None:
            left = session.execute(select(func.count()).select_from(Ask).where(whose)).scalar_one()
            return Next(found.id, found.title, left, own)
    return None


def report(
    session: Session,
    by: Caller,
    policy: Policy,
    wanted: DebtFilter,
    *,
    limit: int,
    cursor: str | None = None,
) -> dict[str, Any]:
    """The debts, the one due first at the top, and what they add up to.

    An answer is owed from the day of logging, or of being put back, and ages from that day on,
    whatever is set about due dates meanwhile.

    Args:
        session: A reading session.
        by: Who reads.
        policy: Working days: how many there are to answer, and the holidays.
        wanted: Which debts.
        limit: The most to list; the sums are over all of them.
        cursor: Where the list begins; None is at the beginning.

    Returns:
        In the shape of `DebtReport`.

    Raises:
        NotPermitted: `by` may not read.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.ask_read)
    today = utc_today()
    sums = summary(session, by, policy, wanted)
    items, more = _list(session, policy, wanted, limit, cursor)
    return {"as_of": today, **sums, "items": items, "next_cursor": more}


def summary(session: Session, by: Caller, policy: Policy, wanted: DebtFilter) -> dict[str, Any]:
    """What the debts add up to: `totals`, and by `people` and `teams`, most overdue first.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    piles = _piles(session, policy, wanted)
    owners = _owners(session, {pile.owner for pile in piles if pile.owner is not None})
    by_person: dict[UUID | None, list[_Pile]] = defaultdict(list)
    by_team: dict[str | None, list[_Pile]] = defaultdict(list)
    for pile in piles:
        by_person[pile.owner].append(pile)
        by_team[owners[pile.owner].team if pile.owner else None].append(pile)
    soon = after_workdays(utc_today(), SOON, policy.holidays)
    people = [
        {"person": _person(owners, key), "team": owners[key].team if key else None}
        | _owed(own, soon)
        for key, own in by_person.items()
    ]
    teams = [{"team": team, **_owed(own, soon)} for team, own in by_team.items()]
    return {
        "totals": _owed(piles, soon),
        "people": sorted(people, key=lambda each: (*_worst(each), _called(each["person"]))),
        "teams": sorted(teams, key=lambda each: (*_worst(each), each["team"] or "")),
    }


def _piles(session: Session, policy: Policy, wanted: DebtFilter) -> list[_Pile]:
    own = (col(Ask.answer_due_on), col(Ask.owed_since), col(Ask.logged_by))
    rows = session.execute(
        select(*own, func.count()).where(*_conditions(wanted)).group_by(*own)
    ).all()
    ages = _since(policy, [since for _due, since, _owner, _count in rows])
    return [
        _Pile(owner, due, count, age)
        for (due, _since, owner, count), age in zip(rows, ages, strict=True)
    ]


def _since(policy: Policy, days: Sequence[date]) -> list[int]:
    """The working days that passed since each of these days, 0 where it is still to come."""
    past = workdays_past(days, utc_today(), policy.holidays)
    found: list[int] = np.maximum(past, 0).tolist()
    return found


def _owners(session: Session, ids: Iterable[UUID]) -> dict[UUID, _Owner]:
    columns = (col(User.email), col(User.name), col(User.team), col(User.active))
    rows = session.execute(select(col(User.id), *columns).where(col(User.id).in_(ids)))
    return {key: _Owner(*known) for key, *known in rows}


def _person(owners: dict[UUID, _Owner], key: UUID | None) -> dict[str, Any] | None:
    if key is None:
        return None
    known = owners[key]
    return {"id": key, "email": known.email, "name": known.name, "active": known.active}


def _owed(piles: Sequence[_Pile], soon: date) -> dict[str, Any]:
    today = utc_today()
    ages = np.repeat([pile.age for pile in piles], [pile.count for pile in piles])
    return {
        "asks": len(ages),
        "overdue": sum(pile.count for pile in piles if pile.due < today),
        "due_soon": sum(pile.count for pile in piles if today <= pile.due <= soon),
        "age": {"median": float(np.median(ages)), "worst": int(ages.max())} if piles else None,
    }


def _worst(owed: dict[str, Any]) -> tuple[int, int, int]:
    return -owed["overdue"], -owed["age"]["worst"], -owed["asks"]


def _called(person: dict[str, Any] | None) -> tuple[str, str]:
    return (person["name"], person["email"]) if person else ("", "")


def _list(
    session: Session, policy: Policy, wanted: DebtFilter, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    place = (col(Ask.answer_due_on), col(Ask.id))
    # Only what is shown is joined: of debts that are due on one day there may be many.
    shown = select(*place).where(*_conditions(wanted))
    if cursor is not None:
        shown = shown.where(tuple_(*place) > tuple_(*_place(cursor)))
    part = shown.order_by(*place).limit(limit + 1).subquery()
    statement: Any = (
        select(
            col(Ask.id), col(Ask.title), col(Ask.product_id), col(Ask.feature_id),
            col(Ask.importance), col(Ask.asked_on), col(Ask.answer_due_on), col(Ask.owed_since),
            col(Account.id).label("account_id"), col(Account.name), col(User.email),
            col(User.team),
        )
        .join(part, part.c.id == col(Ask.id))
        .join(Account, col(Account.id) == col(Ask.account_id))
        .outerjoin(User, col(User.id) == col(Ask.logged_by))
    )  # fmt: skip
    found = session.execute(statement.order_by(*place)).all()
    rows, more = paging.cut(found, limit)
    ages = _since(policy, [row.owed_since for row in rows])
    late = _since(policy, [row.answer_due_on for row in rows])
    today = utc_today()
    items = [
        {
            "id": row.id,
            "title": row.title,
            "account": {"id": row.account_id, "name": row.name},
            "product_id": row.product_id,
            "feature_id": row.feature_id,
            "importance": row.importance,
            "logged_by": row.email,
            "team": row.team,
            "asked_on": row.asked_on,
            "answer_due_on": row.answer_due_on,
            "overdue": row.answer_due_on < today,
            "age": age,
            "days_overdue": past,
        }
        for row, age, past in zip(rows, ages, late, strict=True)
    ]
    last = rows[-1] if more else None
    return items, paging.encode([last.answer_due_on, last.id]) if last else None


def _place(cursor: str) -> tuple[date, UUID]:
    try:
        due, key = paging.decode(cursor, 2)
        return date.fromisoformat(due), UUID(key)
    except (ValueError, TypeError, AttributeError):
        raise paging.not_ours() from None


def _conditions(wanted: DebtFilter) -> list[ColumnElement[bool]]:
    found = [col(Ask.state) == AskState.unanswered]
    if wanted.overdue is not None:
        late = col(Ask.answer_due_on) < utc_today()
        found.append(late if wanted.overdue else ~late)
    if wanted.product_id:
        found.append(col(Ask.product_id).in_(wanted.product_id))
    if wanted.logged_by:
        emails = [email.lower() for email in wanted.logged_by]
        found.append(_logged_by(col(User.email).in_(emails)))
    if wanted.team:
        found.append(_logged_by(col(User.team).in_(wanted.team)))
    return found


def _logged_by(those: ColumnElement[bool]) -> ColumnElement[bool]:
    return col(Ask.logged_by).in_(select(col(User.id)).where(those))
