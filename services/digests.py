"""The daily digest: what a person owes today, as a page and as a letter."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
from models.user import User
from services import decisions, leavers
from services.debts import SOON
from services.decisions import ToDecide
from services.leavers import Owner
from services.permissions import Caller, Permission
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
    def counted(self) -> str:
        """What there is so much of."""
        return COUNTED[self.part]

    @property
    def address(self) -> str:
        """The path of the list of all of them."""
        whose = {"logged_by": self.formerly.email} if self.formerly else {"mine": "yes"}
        return f"/asks?{urlencode({'show': self.part} | whose)}"


@dataclass(frozen=True)
class Decisions:
    """The part of a digest for PMs: the features whose bar was reached, until each is decided."""

    features: Sequence[ToDecide]
    part = "to_decide"
    heading = "To decide, since demand reached the bar"
    counted = "to decide"
    address = "/digest"
    formerly = None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.features)


Digest = Sequence[Heap | Decisions]  # the parts that hold anything


@dataclass(frozen=True)
class Letter:
    """A digest as it is mailed."""

    user_id: UUID
    to: str
    subject: str
    text: str


def own(session: Session, by: Caller, policy: Policy) -> Digest:
    """What the caller owes today; each ask stands in it once, each feature to decide too.

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
    """The digests of people who owe something, however many they are in a few queries."""
    left = leavers.heirs(session, people)
    owners = {owner.id for each in left.values() for owner in each}
    asks = _owed(session, policy, {*people, *owners})
    features = decisions.lists(session, people)
    found: dict[UUID, Digest] = {}
    for key in people:
        own = [Heap(part, *heap) for part, heap in asks.get(key, {}).items()]
        fallen = [
            Heap(part, *heap, formerly=owner)
            for owner in left.get(key, ())
            for part, heap in asks.get(owner.id, {}).items()
            if part in DEBTS
        ]
        to_decide = [Decisions(features[key])] if key in features else []
        if own or fallen or to_decide:
            found[key] = [*own, *fallen, *to_decide]
    return found


def _owed(
    session: Session, policy: Policy, people: Collection[UUID]
) -> dict[UUID, dict[Part, tuple[list[Owed], int]]]:
    """The asks of people, by part in their order: the oldest, and how many there are."""
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
    found: dict[UUID, dict[Part, tuple[list[Owed], int]]] = {}
    for row in rows:
        heaps = found.setdefault(row.logged_by, {})
        asks, _count = heaps.setdefault(Part(row.part), ([], row.in_all))
        asks.append(Owed(row.id, row.title, row.account, row.answer_due_on))
    return {
        key: {part: heaps[part] for part in Part if part in heaps} for key, heaps in found.items()
    }


def subject(digest: Digest) -> str:
    """The subject of a letter: counts, and nothing of what customers said."""
    sums = Counter[str]()
    for heap in digest:
        sums[heap.counted] += heap.count
    order = [*COUNTED.values(), Decisions.counted]
    counts = ", ".join(f"{sums[name]} {name}" for name in order if name in sums)
    return f"Nomaybe: {counts}"


def text(digest: Digest, name: str, policy: Policy) -> str:
    """A digest in plain text, with links by the public address."""
    today, url = utc_today(), policy.public_url
    lines = [f"{name}, this is what you owe on {_day(today)}."]
    for heap in digest:
        lines += ["", f"{heap.heading} ({heap.count})"]
        if isinstance(heap, Decisions):
            lines += _to_decide(heap, url)
            continue
        for ask in heap.asks:
            lines += [f"- {ask.title} ({ask.account}){_due(heap.part, ask)}"]
            lines += [f"  {url}/asks/{ask.id}"]
        if heap.more:
            lines += [f"- and {heap.more} more", f"  {url}{heap.address}"]
    lines += ["", f"The same as a page: {url}/digest", f"There is no snooze: {ends(digest)}."]
    return "\n".join(lines) + "\n"


def ends(digest: Digest) -> str:
    """What ends the debts of a digest, in words."""
    decided = [isinstance(heap, Decisions) for heap in digest]
    said = [] if digest and all(decided) else ["an answer ends a debt"]
    if any(decided):
        said.append("a change of its status takes a feature off")
    return ", ".join(said)


def _to_decide(heap: Decisions, url: str) -> list[str]:
    lines = []
    for each in heap.features[:MOST]:
        declined = ", which was declined" if each.declined else ""
        lines += [
            f"- {each.title}{declined}: reached on {_day(each.reached_at.date())}, {_stood(each)}",
            f"  {url}/features/{each.id}",
        ]
    if heap.count > MOST:
        lines += [f"- and {heap.count - MOST} more", f"  {url}{heap.address}"]
    return lines


def _stood(each: ToDecide) -> str:
    """Where demand stood against the bar, part by part."""
    facts, parts = each.facts, []
    bar = facts.bar
    if bar and bar.accounts is not None:
        parts.append(f"{facts.live_accounts_asking} of {bar.accounts} live customers")
    if bar and bar.arr and facts.arr_asking:
        of = f"{facts.arr_asking.amount} of {bar.arr.amount} {bar.arr.currency}"
        parts.append(f"{of} of their ARR")
    return " and ".join(parts)


def _due(part: Part, ask: Owed) -> str:
    due = {Part.overdue: "was due", Part.soon: "due"}.get(part)
    return f", {due} {_day(ask.answer_due_on)}" if due else ""


def _day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"
