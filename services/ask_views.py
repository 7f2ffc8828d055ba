"""Asks as they are sent: read as rows, in one query a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Integer, Select, Uuid, bindparam, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.account import Account, Contact
from models.ask import Ask, AskState, Importance, Source
from models.base import UtcDateTime, plain, utc_today
from models.response import Response, ResponseKind, Revisit, Told
from models.user import User
from services import families, paging, response_views
from services.errors import NotFound
from services.permissions import Caller, Permission


class AskOrder(StrEnum):
    """How a list of asks may be sorted; a minus sign means descending."""

    newest = "-created_at"
    oldest = "created_at"


class AnswerOrder(StrEnum):
    """How a list of answered asks may be sorted besides: by when the answer that stands was given.

    An ask that is owed an answer has no place in it, so it is no order for all asks.
    """

    newest = "-answered_at"


@dataclass(frozen=True)
class AskFilter:
    """Which asks are wanted; an empty filter lets all pass, and several values mean any of them."""

    account_id: Sequence[UUID] = ()
    feature_id: Sequence[UUID] = ()
    untriaged: bool | None = None
    state: Sequence[AskState] = ()
    overdue: bool | None = None
    response_kind: Sequence[ResponseKind] = ()
    importance: Sequence[Importance] = ()
    source: Sequence[Source] = ()
    logged_by: Sequence[str] = ()
    product_id: Sequence[UUID] = ()
    asked_since: date | None = None
    asked_until: date | None = None
    q: str | None = None
    to_revisit: bool | None = None
    not_told: bool | None = None
    due_until: date | None = None
    team: Sequence[str] = ()


_Author = aliased(User, name="author")
_OWN = (
    "id", "title", "verbatim", "why", "importance", "product_id", "feature_id", "opportunity_id",
    "asked_on", "source_url", "external_id", "state", "answer_due_on", "source", "created_at",
    "withdrawn_reason", "source_deleted_at",
)  # fmt: skip
_VERSION = len(_OWN)
_ANSWER = _VERSION + 9
_ANSWERED_AT = _ANSWER + response_views.NAMES.index("created_at")


@cache
def _statement(*, for_json: bool = False) -> Select[Any]:
    unanswered = col(Ask.state) == AskState.unanswered
    columns: list[Any] = [
        *(col(getattr(Ask, name)) for name in _OWN),
        col(Ask.version),
        col(Account.id),
        col(Account.name),
        col(Account.domain),
        col(Contact.name),
        col(Contact.email),
        col(User.email),
        unanswered & (col(Ask.answer_due_on) < bindparam("today", type_=Date())),
        (col(Ask.state) == AskState.answered) & col(Revisit.response_id).is_not(None),
        *response_views.COLUMNS,
        col(_Author.email),
    ]
    return (
        select(*(plain(column) if for_json else column for column in columns))
        .select_from(Ask)
        .join(Account, col(Account.id) == col(Ask.account_id))
        .outerjoin(Contact, col(Contact.id) == col(Ask.contact_id))
        .outerjoin(User, col(User.id) == col(Ask.logged_by))
        .outerjoin(Response, col(Response.id) == col(Ask.response_id))
        .outerjoin(_Author, col(_Author.id) == col(Response.author_id))
        .outerjoin(Revisit, col(Revisit.response_id) == col(Ask.response_id))
    )


@cache
def _by_ids() -> Select[Any]:
    return _statement().where(col(Ask.id).in_(bindparam("ids", expanding=True)))


@cache
def _unfiltered(order: AskOrder, *, after: bool, for_json: bool) -> Select[Any]:
    """The list that is asked for most, built once: building it anew doubles its cost."""
    return _ordered(_statement(for_json=for_json), order, after=after)


def _ordered(statement: Select[Any], order: AskOrder, *, after: bool) -> Select[Any]:
    key, last = col(Ask.id), bindparam("last", type_=Uuid())
    descending = order is AskOrder.newest
    if after:
        statement = statement.where(key < last if descending else key > last)
    statement = statement.order_by(key.desc() if descending else key.asc())
    return _cut(statement)


_LATEST = (col(Response.created_at).desc(), col(Ask.id).desc())


def _by_answer(statement: Select[Any], *, after: bool) -> Select[Any]:
    statement = statement.where(col(Ask.response_id).is_not(None))
    if after:
        at, last_at = col(Response.created_at), bindparam("last_at", type_=UtcDateTime())
        earlier = col(Ask.id) < bindparam("last", type_=Uuid())
        statement = statement.where((at < last_at) | ((at == last_at) & earlier))
    return _cut(statement.order_by(*_LATEST))


def _cut(statement: Select[Any]) -> Select[Any]:
    # As a number and not a parameter: PostgreSQL would plan seven joins anew for each request.
    return statement.limit(bindparam("most", type_=Integer(), literal_execute=True))


def list_asks(
    session: Session,
    by: Caller,
    wanted: AskFilter,
    *,
    limit: int,
    cursor: str | None = None,
    order: AskOrder | AnswerOrder = AskOrder.newest,
    for_json: bool = False,
) -> tuple[list[dict[str, Any]], str | None]:
    """List asks in the shape of `AskSeen`, and where the next page begins.

    Args:
        session: A reading session.
        by: Who reads.
        wanted: Which asks.
        limit: The most to return.
        cursor: Where to begin; None is at the beginning.
        order: Newest or oldest first; or the newest answer, which leaves out what has none.
        for_json: Leave values as the driver gives them where JSON is all they are for.

    Raises:
        NotPermitted: `by` may not read.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.ask_read)
    conditions = _conditions(wanted)
    bound: dict[str, Any] = {"most": limit + 1, "today": utc_today()}
    after = cursor is not None
    if isinstance(order, AnswerOrder):
        # Only what is shown is joined: all that is answered must be sorted for it.
        shown = _by_answer(_narrow(wanted, col(Ask.id)), after=after)
        statement = _statement(for_json=for_json).where(col(Ask.id).in_(shown))
        statement = statement.order_by(*_LATEST)
    elif conditions:
        filtered = _statement(for_json=for_json).where(*conditions)
        statement = _ordered(filtered, order, after=after)
    else:
        statement = _unfiltered(order, after=after, for_json=for_json)
    if cursor is not None:
        bound |= _place(cursor, order)
    # By the connection: the session would wrap each row once more, at a third of the cost.
    found = session.connection().execute(statement, bound).all()
    rows, more = paging.cut(found, limit)
    sent = _as_sent(session, rows)
    return sent, paging.encode(_values(rows[-1], order)) if more else None


def count_asks(session: Session, by: Caller, wanted: AskFilter) -> int:
    """How many asks a list has in all.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    count: int = session.execute(_narrow(wanted, func.count())).scalar_one()
    return count


def _narrow(wanted: AskFilter, what: Any) -> Select[Any]:
    """Something of the asks that are wanted, without the tables that only show more of them."""
    statement = (
        select(what)
        .select_from(Ask)
        .outerjoin(User, col(User.id) == col(Ask.logged_by))
        .outerjoin(Response, col(Response.id) == col(Ask.response_id))
        .outerjoin(Revisit, col(Revisit.response_id) == col(Ask.response_id))
    )
    if wanted.q:
        statement = statement.join(Account, col(Account.id) == col(Ask.account_id))
    return statement.where(*_conditions(wanted))


def _values(row: Any, order: AskOrder | AnswerOrder) -> list[Any]:
    """Where a row stands in a list, for a cursor."""
    answered = [row[_ANSWERED_AT].isoformat()] if isinstance(order, AnswerOrder) else []
    return [*answered, row[0]]


def _place(cursor: str, order: AskOrder | AnswerOrder) -> dict[str, Any]:
    """What `_ordered` begins after.

    Raises:
        Invalid: The cursor is none of ours, or of a list that is ordered otherwise.
    """
    if isinstance(order, AskOrder):
        return {"last": paging.last_id(cursor)}
    try:
        at, key = paging.decode(cursor, 2)
        return {"last": UUID(key), "last_at": datetime.fromisoformat(at).astimezone(UTC)}
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise paging.not_ours() from None


def get_ask(session: Session, by: Caller, ask_id: UUID) -> tuple[dict[str, Any], int]:
    """Read one ask in the shape of `AskSeen`, and its version.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is none.
    """
    by.require(Permission.ask_read)
    found = read(session, [ask_id])
    if not found:
        raise NotFound(f"There is no ask {ask_id}.")
    return found[0]


def read(session: Session, ids: Sequence[UUID]) -> list[tuple[dict[str, Any], int]]:
    """Asks in the shape of `AskSeen` with their versions, in the order of their ids given."""
    session.flush()
    rows = session.connection().execute(_by_ids(), {"ids": list(ids), "today": utc_today()}).all()
    found = dict(zip((row[0] for row in rows), _as_sent(session, rows), strict=True))
    versions = {row[0]: row[_VERSION] for row in rows}
    return [(found[key], versions[key]) for key in ids if key in found]


def _as_sent(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    answered = [row[_ANSWER:] for row in rows if row[_ANSWER] is not None]
    responses = response_views.as_sent(session, answered) if answered else {}
    sent = []
    for row in rows:
        ask = dict(zip(_OWN, row, strict=False))
        _version, account_id, name, domain, contact, email, logged_by, overdue, back = row[
            _VERSION:_ANSWER
        ]
        ask["account"] = {"id": account_id, "name": name, "domain": domain}
        ask["contact"] = None if contact is None else {"name": contact, "email": email}
        ask["logged_by"] = logged_by
        ask["overdue"] = overdue
        ask["to_revisit"] = back
        ask["response"] = responses.get(row[_ANSWER])
        ask["ballot"] = None
        sent.append(ask)
    return sent


def _conditions(wanted: AskFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    any_of: list[tuple[Any, Sequence[Any]]] = [
        (Ask.account_id, wanted.account_id),
        (Ask.state, wanted.state),
        (Response.kind, wanted.response_kind),
        (Ask.importance, wanted.importance),
        (Ask.source, wanted.source),
        (Ask.product_id, wanted.product_id),
        (User.email, [email.lower() for email in wanted.logged_by]),
        (User.team, wanted.team),
    ]
    found.extend(col(column).in_(values) for column, values in any_of if values)
    if wanted.feature_id:
        found.append(col(Ask.feature_id).in_(families.members(*wanted.feature_id)))
    if wanted.untriaged is not None:
        none = col(Ask.feature_id).is_(None)
        found.append(none if wanted.untriaged else ~none)
    if wanted.overdue is not None:
        late = (col(Ask.state) == AskState.unanswered) & (col(Ask.answer_due_on) < utc_today())
        found.append(late if wanted.overdue else ~late)
    if wanted.to_revisit is not None:
        back = col(Revisit.response_id).is_not(None) & (col(Ask.state) == AskState.answered)
        found.append(back if wanted.to_revisit else ~back)
    if wanted.not_told is not None:
        heard = exists().where(col(Told.response_id) == col(Ask.response_id))
        owed = (col(Ask.state) == AskState.answered) & ~heard
        found.append(owed if wanted.not_told else ~owed)
    if wanted.asked_since is not None:
        found.append(col(Ask.asked_on) >= wanted.asked_since)
    if wanted.asked_until is not None:
        found.append(col(Ask.asked_on) <= wanted.asked_until)
    if wanted.due_until is not None:
        found.append(col(Ask.answer_due_on) <= wanted.due_until)
    if wanted.q:
        word = wanted.q.lower()
        texts = (Ask.title, Ask.verbatim, Account.name)
        hit = [func.lower(func.coalesce(col(t), "")).contains(word, autoescape=True) for t in texts]
        found.append(hit[0] | hit[1] | hit[2])
    return found
