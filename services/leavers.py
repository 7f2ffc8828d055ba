"""Those who were locked out while they owed answers, and those to whom these debts fall."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from models.user import Role, User
from services.permissions import GRANTS, Permission


@dataclass(frozen=True)
class Owner:
    """Whose asks they were: somebody who was locked out."""

    id: UUID
    email: str
    name: str


def heirs(session: Session, people: Collection[UUID]) -> dict[UUID, list[Owner]]:
    """For some people those whose debts fall to them, by name.

    The debts of somebody who was locked out fall to the team, where anybody of it can answer, or
    else to product managers and administrators.
    """
    known = session.execute(
        select(
            col(User.id), col(User.email), col(User.name), col(User.team), col(User.role),
            col(User.active),
        ).order_by(col(User.name), col(User.id))
    ).all()  # fmt: skip
    able = [each for each in known if each.active and Permission.ask_answer in GRANTS[each.role]]
    product = [each.id for each in able if each.role in {Role.pm, Role.admin}]
    teams: dict[str, list[UUID]] = {}
    for each in able:
        if each.team is not None:
            teams.setdefault(each.team, []).append(each.id)
    found: dict[UUID, list[Owner]] = {}
    for each in known:
        if not each.active:
            for key in {*teams.get(each.team, product)}.intersection(people):
                found.setdefault(key, []).append(Owner(each.id, each.email, each.name))
    return found
