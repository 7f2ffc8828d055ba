"""Contradictions: answers about one feature that cannot both be said.

Two answers of different kinds to one account contradict each other; so do a yes to one account and
a no to another within some days. Only answers that stand count, and to the same account what it was
told last by an ask that is open again or withdrawn: that nobody stands by it does not unsay it.
Whoever supersedes one of the two, and says why, has put it right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Select, and_, case, exists, func, literal, select
from sqlmodel import Session, col

from models.account import Account, Segment
from models.ask import Ask, AskState
from models.base import utc_now
from models.contradiction import Relation
from models.feature import Feature
from models.response import Basis, Response, ResponseKind, Told
from models.user import User
from services import families, paging, pairs
from services.book import EPOCH, KINDS, MICROSECOND, Book, FeatureRow
from services.columns import ANSWERED, Ints
from services.permissions import Caller, Permission
from services.revisions import load

WITHIN = timedelta(days=90)
LATEST = 3  # answers to others that are shown
OWN = 5  # answers to the account itself that are shown
OPPOSITE = {ResponseKind.yes: ResponseKind.no, ResponseKind.no: ResponseKind.yes}


@dataclass(frozen=True)
class Said:
    """An answer, and whom it was given to."""

    response_id: UUID
    ask_id: UUID
    account_id: UUID
    account_name: str
    kind: ResponseKind
    basis: Basis | None
    author: str
    created_at: datetime
    told_on: date | None
    stands: bool  # it is the answer of its ask

    def sent(self) -> dict[str, Any]:
        """In the shape of `SaidSeen`."""
        return {
            "response_id": self.response_id,
            "ask_id": self.ask_id,
            "account": {"id": self.account_id, "name": self.account_name},
            "kind": self.kind,
            "basis": self.basis,
            "author": self.author,
            "created_at": self.created_at,
            "told": self.told_on is not None,
            "stands": self.stands,
        }


@dataclass(frozen=True)
class Before:
    """What was said about a feature before an ask for it is answered."""

    account: Sequence[Said] = ()  # to the same account, newest first, all of them
    segment: Segment | None = None
    segment_accounts: dict[ResponseKind, int] = field(default_factory=dict)
    segment_latest: Sequence[Said] = ()
    lately: dict[ResponseKind, int] = field(default_factory=dict)  # other accounts, within 90 days

    def standing(self, kind: ResponseKind) -> list[Said]:
        """The answers to the account that an answer of this kind would contradict."""
        return [said for said in self.account if said.kind is not kind]

    def contradicting(self) -> dict[ResponseKind, list[str]]:
        """Of each kind of answer, what it would contradict, in sentences with figures."""
        found = {kind: self._against(kind) for kind in ResponseKind}
        return {kind: said for kind, said in found.items() if said}

    def _against(self, kind: ResponseKind) -> list[str]:
        said = [
            f"This account was answered {last.kind} on {last.created_at.date()}"
            f"{'' if last.told_on else ', which nobody told them'}."
            for last in self.standing(kind)[:1]
        ]
        opposite = OPPOSITE.get(kind)
        if opposite is not None and self.lately.get(opposite):
            said.append(
                f"{_accounts(self.lately[opposite], 'other ')} answered {opposite} within the last"
                f" {WITHIN.days} days."
            )
        return said

    def reasons(self) -> list[str]:
        """What was said before, as sentences with the figures in them."""
        said = []
        if self.account:
            last = self.account[0]
            said.append(
                f"This account has {_many(len(self.account), 'other answer')} about it, the last"
                f" one {last.kind} on {last.created_at.date()}."
            )
        if self.segment is not None and self.segment_accounts:
            counts = ", ".join(
                f"{kind} to {self.segment_accounts[kind]}"
                for kind in ResponseKind
                if kind in self.segment_accounts
            )
            of = self.segment.value.replace("_", "-")
            said.append(f"Of other accounts in its segment ({of}) the answer is {counts}.")
        for kind, against in self.contradicting().items():
            said += [f"Answering {kind} contradicts this: {each}" for each in against]
        return said

    def sent(self) -> dict[str, Any]:
        """In the shape of `BeforeSeen`."""
        return {
            "account": [said.sent() for said in self.account[:OWN]],
            "account_answers": len(self.account),
            "segment": self.segment,
            "segment_accounts": {kind: self.segment_accounts.get(kind, 0) for kind in ResponseKind},
            "segment_latest": [said.sent() for said in self.segment_latest],
            "contradicting": self.contradicting(),
        }


NOTHING = Before()


def before(session: Session, by: Caller, ask_id: UUID) -> Before:
    """What was said about the feature of an ask, merged ones included, before one answers it.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is no such ask.
    """
    by.require(Permission.ask_read)
    ask = load(session, Ask, ask_id)
    if ask.feature_id is None:
        return NOTHING
    root = families.survivor(session, session.get_one(Feature, ask.feature_id))
    segment = session.get_one(Account, ask.account_id).segment
    members = families.members(root.id)
    family, account = col(Ask.feature_id).in_(members), col(Ask.account_id) == ask.account_id
    own = _said(session, _STANDS, family, account, col(Ask.id) != ask.id)
    told = _said(session, _TOLD, account, _ABOUT.in_(members))
    own += {each.ask_id: each for each in reversed(told)}.values()  # of each ask the last
    others = (family, col(Ask.account_id) != ask.account_id)
    alike = (*others, col(Account.segment) == segment)
    return Before(
        account=sorted(own, key=lambda said: (said.created_at, said.response_id), reverse=True),
        segment=segment,
        segment_accounts=_counts(session, *alike)[0] if segment else {},
        segment_latest=_said(session, _STANDS, *alike, limit=LATEST) if segment else [],
        lately=_counts(session, *others)[1],
    )


_STANDS = and_(col(Response.id) == col(Ask.response_id), col(Ask.state) == AskState.answered)
# Told by an ask that is open again or withdrawn; it may be about another feature by now.
_TOLD = and_(
    col(Response.ask_id) == col(Ask.id),
    col(Ask.state).in_([AskState.unanswered, AskState.withdrawn]),
    exists().where(col(Told.response_id) == col(Response.id)),
)
_ABOUT = func.coalesce(col(Response.feature_id), col(Ask.feature_id))


def _answers(which: Any, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Ask)
        .join(Response, which)
        .join(Account, col(Account.id) == col(Ask.account_id))
    )


def _counts(
    session: Session, *where: Any
) -> tuple[dict[ResponseKind, int], dict[ResponseKind, int]]:
    """How many accounts have an answer of each kind: in all, and given lately."""
    account = col(Ask.account_id)
    lately = case((col(Response.created_at) >= utc_now() - WITHIN, account))
    kind, counts = col(Response.kind), [func.count(each.distinct()) for each in (account, lately)]
    rows = session.execute(_answers(_STANDS, kind, *counts).where(*where).group_by(kind)).all()
    return {kind: count for kind, count, _ in rows}, {kind: late for kind, _, late in rows if late}


def _said(session: Session, which: Any, *where: Any, limit: int | None = None) -> list[Said]:
    """Answers that stand, or that were told and do not; newest first."""
    told = (
        select(func.max(col(Told.told_on)))
        .where(col(Told.response_id) == col(Response.id))
        .scalar_subquery()
    )
    statement = (
        _answers(
            which,
            col(Response.id), col(Ask.id), col(Account.id), col(Account.name), col(Response.kind),
            col(Response.basis), col(User.name), col(Response.created_at), told,
            literal(which is _STANDS),
        )
        .join(User, col(User.id) == col(Response.author_id))
        .where(*where)
        .order_by(col(Response.created_at).desc(), col(Response.id).desc())
        .limit(limit)
    )  # fmt: skip
    return [Said(*row) for row in session.execute(statement)]


@dataclass(frozen=True)
class _Pair:
    """A standing answer by its ask, and the ones before that it contradicts.

    One that stands is named by its ask, one that was told and does not by itself.
    """

    at: int
    ask_id: UUID
    feature: FeatureRow
    product_id: UUID
    same: UUID | None
    other: UUID | None

    @property
    def place(self) -> tuple[int, UUID]:
        return self.at, self.ask_id


def report(
    book: Book,
    session: Session,
    by: Caller,
    *,
    limit: int,
    cursor: str | None = None,
    feature_id: Sequence[UUID] = (),
    product_id: Sequence[UUID] = (),
) -> tuple[list[dict[str, Any]], str | None]:
    """Standing answers that contradict an earlier one, newest first; where the next page begins.

    Each stands once, with the last answer to its own account and the last one to another account
    that it contradicts.

    Raises:
        NotPermitted: `by` may not read.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.ask_read)
    last = _place(cursor) if cursor is not None else None
    with book.opened(session):
        found = _pairs(book, session, limit, last, feature_id, product_id)
    shown, more = paging.cut(found, limit)
    sent = _sent(session, shown)
    end = shown[-1].place if more else None
    return sent, paging.encode(end) if end else None


def _place(cursor: str) -> tuple[int, UUID]:
    try:
        at, key = paging.decode(cursor, 2)
        if isinstance(at, bool) or not isinstance(at, int) or abs(at) >= 2**62:
            raise paging.not_ours()
        return at, UUID(key)
    except (ValueError, TypeError, AttributeError):
        raise paging.not_ours() from None


def _pairs(  # a list is filtered and sliced
    book: Book,
    session: Session,
    limit: int,
    last: tuple[int, UUID] | None,
    feature_id: Sequence[UUID],
    product_id: Sequence[UUID],
) -> list[_Pair]:
    """The newest pairs after a place, one more than the limit where there are as many."""
    columns, keys = book.columns, book.asks.places.values
    stands = (columns.ask_state == ANSWERED) & (columns.ask_feature >= 0)
    stands &= columns.ask_kind >= 0
    if feature_id:
        places = [book.feature_places.of.get(each) for each in feature_id]
        roots = [book.roots[place] for place in places if place is not None]
        stands &= np.isin(columns.ask_feature, roots)
    rows = np.flatnonzero(stands)
    answers = pairs.Answers(
        columns.ask_feature[rows],
        columns.ask_account[rows],
        columns.ask_kind[rows],
        book.asks["answered"][rows],
    )
    told, gone = _gone(book, session)
    same = pairs.same_account(pairs.joined(answers, gone))[: len(rows)]
    other = pairs.other_account(answers, WITHIN // MICROSECOND)
    wanted = (same >= 0) | (other >= 0)
    if product_id:
        own = [book.products.of.get(each, -1) for each in product_id]
        wanted &= np.isin(columns.ask_product[rows], own)

    def said(place: int) -> UUID:
        return keys[rows[place]] if place < len(rows) else told[place - len(rows)]

    chosen = _newest(answers.at, np.flatnonzero(wanted), limit, last)
    found = [
        _Pair(
            int(answers.at[each]),
            keys[rows[each]],
            book.features[answers.feature[each]],
            book.products.values[columns.ask_product[rows[each]]],
            said(same[each]) if same[each] >= 0 else None,
            said(other[each]) if other[each] >= 0 else None,
        )
        for each in chosen.tolist()
    ]
    found.sort(key=lambda pair: pair.place, reverse=True)
    return [pair for pair in found if last is None or pair.place < last]


def _gone(book: Book, session: Session) -> tuple[list[UUID], pairs.Answers]:
    """What was told last by asks whose answer does not stand: its ids, and as the book has it."""
    statement = (
        _answers(
            _TOLD, col(Ask.id), col(Response.id), _ABOUT, col(Account.id), col(Response.kind),
            col(Response.created_at),
        )
        .where(_ABOUT.is_not(None))
        .order_by(col(Response.created_at), col(Response.id))
    )  # fmt: skip
    last = {ask_id: row for ask_id, *row in session.execute(statement)}
    rows = [
        (
            book.roots[book.feature_places.of[feature_id]],
            book.accounts.places.of[account_id],
            KINDS[kind],
            (at - EPOCH) // MICROSECOND,
        )
        for _id, feature_id, account_id, kind, at in last.values()
    ]
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return [row[0] for row in last.values()], pairs.Answers(*columns)


def _newest(at: Ints, rows: Ints, limit: int, last: tuple[int, UUID] | None) -> Ints:
    """Rows enough for a page: the newest after a place, and all of the instants at both ends."""
    if last is None:
        edge = rows[:0]
    else:
        edge = rows[at[rows] == last[0]]
        rows = rows[at[rows] < last[0]]
    if len(rows) > limit:
        oldest = np.partition(at[rows], len(rows) - limit - 1)[len(rows) - limit - 1]
        rows = rows[at[rows] >= oldest]
    return np.concatenate((edge, rows))


def _sent(session: Session, shown: Sequence[_Pair]) -> list[dict[str, Any]]:
    ids = {key for pair in shown for key in (pair.ask_id, pair.same, pair.other) if key}
    said = {each.ask_id: each for each in _said(session, _STANDS, col(Ask.id).in_(ids))}
    told = _said(session, _TOLD, col(Response.id).in_(ids))
    said |= {each.response_id: each for each in told}
    sent = []
    for pair in shown:
        answer = said[pair.ask_id]
        earlier = [(Relation.same_account, pair.same), (Relation.other_account, pair.other)]
        sent.append(
            {
                "id": answer.response_id,
                "feature": {"id": pair.feature.id, "title": pair.feature.title},
                "product_id": pair.product_id,
                "answer": answer.sent(),
                "contradicts": [
                    {
                        **said[key].sent(),
                        "relation": relation,
                        "days": (answer.created_at - said[key].created_at).days,
                    }
                    for relation, key in earlier
                    if key is not None
                ],
            }
        )
    return sent


def _accounts(count: int, other: str = "") -> str:
    return f"{_many(count, other + 'account')} {'was' if count == 1 else 'were'}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
