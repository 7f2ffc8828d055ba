"""The daily digest: what a person owes today, as a page and as a letter."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import case, exists, func, select
from sqlmodel import Session, col

from models.account import Account
from models.ask import Ask, AskState
from models.base import utc_now, utc_today
from models.digest import DigestSent
from models.response import Revisit, Told
from models.user import Role, User
from services.debts import SOON
from services.permissions import GRANTS, Caller, Permission
from services.policy import Policy
from services.users import FIRST_EMAIL
from services.workdays import after_workdays

MOST = 20  # asks that a part lists


class Part(StrEnum):
    """The parts of a digest; the values are the lists of asks that they are taken from."""

    overdue = "overdue"
    soon = "waiting"
    revisit = "revisit"
    not_told = "not_told"


HEADINGS = {
    Part.overdue: "Overdue",
    Part.soon: f"Due within {SOON} working days",
    Part.revisit: "To revisit, since the demand bar was reached",
    Part.not_told: "Answered, and the customer was not told",
}
DEBTS = (Part.overdue, Part.soon)
COUNTED = {
    Part.overdue: "overdue",
    Part.soon: "due soon",
    Part.revisit: "to revisit",
    Part.not_told: "not told",
}


@dataclass(frozen=True)
class Owed:
    """One ask in a digest."""

    id: UUID
    title: str
    account: str
    answer_due_on: date


@dataclass(frozen=True)
class Owner:
    """Whose asks they were: somebody who was locked out."""

    id: UUID
    email: str
    name: str


@dataclass(frozen=True)
class Heap:
    """A part of a digest: the oldest of its asks, and how many there are in all.

    What somebody owed who left is a heap of its own, for those who can act now.
    """

    part: Part
    asks: Sequence[Owed]
    count: int
    formerly: Owner | None = None

    @property
    def more(self) -> int:
        """How many are not listed."""
        return self.count - len(self.asks)

    @property
    def heading(self) -> str:
        """What it is called."""
        whose = f", formerly {self.formerly.name}'s" if self.formerly else ""
        return f"{HEADINGS[self.part]}{whose}"

    @property
    def address(self) -> str:
        """The path of the list of all of them."""
        whose = {"logged_by": self.formerly.email} if self.formerly else {"mine": "yes"}
        return f"/asks?{urlencode({'show': self.part} | whose)}"


Digest = Sequence[Heap]  # the parts that hold anything


@dataclass(frozen=True)
class Letter:
    """A digest as it is mailed."""

    user_id: UUID
    to: str
    subject: str
    text: str


def own(session: Session, by: Caller, policy: Policy) -> Digest:
    """What the caller owes today; each ask stands in it once.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    return _digests(session, policy, [by.id]).get(by.id, ())


def letters(session: Session, policy: Policy, *, again: bool = False) -> list[Letter]:
    """The letters of today to people who may sign in and owe something, by their e-mail.

    Args:
        session: A reading session.
        policy: Working days, and where links lead.
        again: Also those that were sent already.
    """
    today = utc_today()
    people = select(col(User.id), col(User.email), col(User.name)).where(
        col(User.active).is_(True), col(User.email) != FIRST_EMAIL
    )
    if not again:
        sent = exists().where(col(DigestSent.user_id) == col(User.id), col(DigestSent.day) == today)
        people = people.where(~sent)
    found = session.execute(people.order_by(col(User.email))).all()
    digests = _digests(session, policy, [key for key, _email, _name in found])
    return [
        Letter(key, email, subject(digests[key]), text(digests[key], name, policy))
        for key, email, name in found
        if key in digests
    ]


def claim(session: Session, user_id: UUID, day: date) -> bool:
    """Take it upon us to send a person's digest of a day; False where somebody else did.

    The caller of this function commits before it sends.
    """
    if session.get(DigestSent, (user_id, day), with_for_update=True) is not None:
        return False
    session.add(DigestSent(user_id=user_id, day=day))
    session.flush()
    return True


def give_back(session: Session, user_id: UUID, day: date) -> None:
    """Say that a digest was not sent after all, so that it is tried again."""
    found = session.get(DigestSent, (user_id, day))
    if found is not None:
        session.delete(found)
        session.flush()


def taken(session: Session, user_id: UUID, day: date) -> None:
    """Say that a mail server took a digest."""
    found = session.get(DigestSent, (user_id, day))
    if found is not None:
        found.taken_at = utc_now()
        session.add(found)
        session.flush()


def not_taken(session: Session) -> int:
    """How many digests of today were begun, and no mail server is known to have taken them."""
    of_today = (col(DigestSent.day) == utc_today(), col(DigestSent.taken_at).is_(None))
    count: int = session.execute(select(func.count()).where(*of_today)).scalar_one()
    return count


def _digests(session: Session, policy: Policy, people: Collection[UUID]) -> dict[UUID, Digest]:
    """The digests of people who owe something, with the debts of those who left."""
    left = _left(session, people)
    owners = {owner.id for each in left.values() for owner in each}
    heaps = _heaps(session, policy, {*people, *owners})
    found = {
        key: [
            *heaps.get(key, ()),
            *(
                replace(heap, formerly=owner)
                for owner in left.get(key, ())
                for heap in heaps.get(owner.id, ())
                if heap.part in DEBTS
            ),
        ]
        for key in people
    }
    return {key: digest for key, digest in found.items() if digest}


def _left(session: Session, people: Collection[UUID]) -> dict[UUID, list[Owner]]:
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


def _heaps(session: Session, policy: Policy, people: Collection[UUID]) -> dict[UUID, list[Heap]]:
    """What each of some people owes, in parts, all of it in one query."""
    today = utc_today()
    due, answered = col(Ask.answer_due_on), col(Ask.state) == AskState.answered
    owed = col(Ask.state) == AskState.unanswered
    heard = exists().where(col(Told.response_id) == col(Ask.response_id))
    part = case(
        (owed & (due < today), Part.overdue.value),
        (owed & (due <= after_workdays(today, SOON, policy.holidays)), Part.soon.value),
        (answered & col(Revisit.response_id).is_not(None), Part.revisit.value),
        (answered & ~heard, Part.not_told.value),
    ).label("part")
    whole: Any = (
        select(
            col(Ask.logged_by), part, col(Ask.id), col(Ask.title), col(Ask.account_id), due,
        )
        .outerjoin(Revisit, col(Revisit.response_id) == col(Ask.response_id))
        .where(col(Ask.logged_by).in_(people), col(Ask.state) != AskState.withdrawn)
    ).subquery()  # fmt: skip
    heap: Any = {"partition_by": (whole.c.logged_by, whole.c.part)}
    place = func.row_number().over(**heap, order_by=(whole.c.answer_due_on, whole.c.id))
    counted = (
        select(whole, place.label("place"), func.count().over(**heap).label("in_all"))
        .where(whole.c.part.is_not(None))
        .subquery()
    )
    rows = session.execute(
        select(counted, col(Account.name).label("account"))
        .join(Account, col(Account.id) == counted.c.account_id)
        .where(counted.c.place <= MOST)
        .order_by(counted.c.place)
    )
    found: dict[UUID, dict[str, tuple[list[Owed], int]]] = {}
    for row in rows:
        asks, _count = found.setdefault(row.logged_by, {}).setdefault(row.part, ([], row.in_all))
        asks.append(Owed(row.id, row.title, row.account, row.answer_due_on))
    return {
        key: [Heap(part, *heaps[part.value]) for part in Part if part.value in heaps]
        for key, heaps in found.items()
    }


def subject(digest: Digest) -> str:
    """The subject of a letter: counts, and nothing of what customers said."""
    sums = Counter[Part]()
    for heap in digest:
        sums[heap.part] += heap.count
    counts = ", ".join(f"{sums[part]} {COUNTED[part]}" for part in Part if part in sums)
    return f"Nomaybe: {counts}"


def text(digest: Digest, name: str, policy: Policy) -> str:
    """A digest in plain text, with links by the public address."""
    today, url = utc_today(), policy.public_url
    lines = [f"{name}, this is what you owe on {_day(today)}."]
    for heap in digest:
        lines += ["", f"{heap.heading} ({heap.count})"]
        for ask in heap.asks:
            lines += [f"- {ask.title} ({ask.account}){_due(heap.part, ask)}"]
            lines += [f"  {url}/asks/{ask.id}"]
        if heap.more:
            lines += [f"- and {heap.more} more", f"  {url}{heap.address}"]
    lines += ["", f"The same as a page: {url}/digest", "There is no snooze: an answer ends a debt."]
    return "\n".join(lines) + "\n"


def _due(part: Part, ask: Owed) -> str:
    due = {Part.overdue: "was due", Part.soon: "due"}.get(part)
    return f", {due} {_day(ask.answer_due_on)}" if due else ""


def _day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"
