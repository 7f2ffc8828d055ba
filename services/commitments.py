"""What was promised: the ledger of commitments, and what it takes to break one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlmodel import Session, col

from models.account import Account
from models.ask import Ask, AskState
from models.base import utc_today
from models.commitment import Commitment, CommitmentRelease, CommitmentSeen, CommitmentState
from models.feature import COMMITABLE, Feature, FeatureStatus
from models.money import MoneySeen, money
from models.opportunity import Opportunity, Outcome
from models.response import Basis, Response
from services import asks, families, paging
from services.errors import Conflict, NotFound
from services.permissions import Caller, Permission
from services.policy import Policy

BINDING = (CommitmentState.open, CommitmentState.overdue)


@dataclass(frozen=True)
class Bound:
    """Promises that bind: the oldest of them, and what is true of all."""

    promises: Sequence[CommitmentSeen]
    count: int
    contracts: int  # of them that stand in contracts
    held: Sequence[MoneySeen]  # by those, by currency; a deal or an account counts once

    @property
    def more(self) -> int:
        """How many are not listed."""
        return self.count - len(self.promises)


class HasCommitments(Conflict):
    """Customers were promised the feature; to go back on it takes a reason."""

    slug, title = "has-commitments", "Promised to customers"
    cure = "Keep the feature planned, release the commitments, or send an `override_reason`."


class NotOpen(Conflict):
    """The commitment is kept or released already."""

    slug, title = "not-open", "Not open any more"
    cure = "Only an open or overdue commitment can be released."


def list_commitments(  # noqa: PLR0913  # a list is filtered and sliced
    session: Session,
    by: Caller,
    *,
    limit: int,
    cursor: str | None = None,
    state: Sequence[CommitmentState] = (),
    contractual: bool | None = None,
    due_before: date | None = None,
    account_id: Sequence[UUID] = (),
    feature_id: Sequence[UUID] = (),
) -> tuple[list[CommitmentSeen], str | None]:
    """List commitments, oldest first, and where the next page begins.

    Raises:
        NotPermitted: `by` may not read.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.ask_read)
    statement = _chosen(state, contractual, due_before, account_id, feature_id)
    statement = paging.by_id(statement, col(Commitment.id), cursor, descending=False)
    rows, more = paging.cut(session.execute(statement.limit(limit + 1)).all(), limit)
    last = rows[-1].Commitment.id if more else None
    return [_seen(row) for row in rows], paging.encode([last]) if more else None


def _chosen(
    state: Sequence[CommitmentState],
    contractual: bool | None,
    due_before: date | None,
    account_id: Sequence[UUID],
    feature_id: Sequence[UUID],
) -> Any:
    roots = families.roots()
    statement = _ledger(roots)
    if state:
        statement = statement.where(_state().in_([each.value for each in state]))
    if contractual is not None:
        statement = statement.where(col(Commitment.contractual).is_(contractual))
    if due_before is not None:
        statement = statement.where(col(Commitment.due_on) < due_before)
    if account_id:
        statement = statement.where(col(Ask.account_id).in_(account_id))
    if feature_id:
        statement = statement.where(roots.c.root.in_(feature_id))
    return statement


def held(
    session: Session,
    by: Caller,
    *,
    state: Sequence[CommitmentState] = (),
    contractual: bool | None = None,
    account_id: Sequence[UUID] = (),
    feature_id: Sequence[UUID] = (),
) -> tuple[int, list[MoneySeen]]:
    """What contracts hold among the commitments that the same filters list, on all pages.

    Returns:
        How many commitments of contracts bind, and the money they hold by currency; a deal or an
        account that is held by several counts once.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    binding = [each for each in BINDING if not state or each in state]
    if contractual is False or not binding:
        return 0, []
    statement = _chosen(binding, True, None, account_id, feature_id)
    found = session.execute(statement).all()
    return len(found), _sums(found)


def get_commitment(session: Session, by: Caller, commitment_id: UUID) -> CommitmentSeen:
    """Read one commitment.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is none.
    """
    by.require(Permission.ask_read)
    return _seen(_one(session, commitment_id))


def bound(
    session: Session, by: Caller, feature_id: UUID, *, limit: int, due_before: date | None = None
) -> Bound:
    """What a feature is promised to whom.

    Args:
        session: Any session.
        by: Who reads.
        feature_id: The feature.
        limit: The most promises to list; the numbers are over all of them.
        due_before: Only what is due before this day: with a later target that would be late.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    statement = _chosen(BINDING, None, due_before, (), [feature_id])
    found = session.execute(statement.order_by(col(Commitment.id))).all()
    return Bound(
        promises=[_seen(row) for row in found[:limit]],
        count=len(found),
        contracts=sum(row.Commitment.contractual for row in found),
        held=_sums(found),
    )


def _sums(rows: Iterable[Any]) -> list[MoneySeen]:
    amounts = {
        row.opportunity_id or row.account_id: held
        for row in rows
        if (held := _held(row)) is not None
    }
    sums = Counter[str]()
    for minor, currency in amounts.values():
        sums[currency] += minor
    return [each for key in sorted(sums) if (each := money(sums[key], key)) is not None]


def messages(session: Session, by: Caller, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the customers were told, in the words of the answers that promised.

    Returns:
        The message by commitment; of an id that is none there is nothing.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    rows = session.execute(
        select(col(Commitment.id), col(Response.message))
        .join(Response, col(Response.id) == col(Commitment.response_id))
        .where(col(Commitment.id).in_(ids))
    )
    return {key: message for key, message in rows if message}


def release_commitment(
    session: Session, by: Caller, commitment_id: UUID, reason: str
) -> CommitmentSeen:
    """Let a promise bind no longer; that it was made stays on file.

    Raises:
        NotPermitted: `by` may not release commitments.
        NotFound: There is none.
        NotOpen: It was delivered or released before.
    """
    by.require(Permission.commitment_release)
    session.get(Commitment, commitment_id, with_for_update=True)
    row = _one(session, commitment_id)
    if row.state not in BINDING:
        raise NotOpen(f"Commitment {commitment_id} is {row.state}.")
    session.add(CommitmentRelease(commitment_id=commitment_id, reason=reason, author_id=by.id))
    session.flush()
    return _seen(_one(session, commitment_id))


def _binding(session: Session, feature: Feature) -> list[CommitmentSeen]:
    """The promises of a feature that were not released, oldest first.

    A delivered one is among them: taken out of the product again, the feature is owed again.
    """
    session.flush()
    roots = families.roots()
    statement = _ledger(roots).where(
        roots.c.root == feature.id, _state() != CommitmentState.released
    )
    return [_seen(row) for row in session.execute(statement.order_by(col(Commitment.id)))]


def refuse_to_break(session: Session, feature: Feature) -> None:
    """Keep a feature from being taken away while customers were promised it.

    Raises:
        HasCommitments: Something binds; the list is in the error.
    """
    binding = _binding(session, feature)
    if binding:
        raise HasCommitments(
            f"{len(binding)} commitment(s) promise {feature.title!r}. Give an `override_reason` as"
            " you decline or un-plan it, and every ask concerned is owed an answer again.",
            commitments=[each.model_dump(mode="json") for each in binding],
        )


def break_promises(
    session: Session, by: Caller, policy: Policy, feature: Feature, override_reason: str | None
) -> None:
    """Release what was promised of a feature that will not come, and reopen every ask concerned.

    Raises:
        HasCommitments: Something binds, and no reason is given; the list is in the error.
    """
    if override_reason is None:
        refuse_to_break(session, feature)
        return
    for promise in _binding(session, feature):
        session.add(
            CommitmentRelease(commitment_id=promise.id, reason=override_reason, author_id=by.id)
        )
        ask = session.get_one(Ask, promise.ask_id, with_for_update=True)
        if ask.state is AskState.answered and ask.response_id == promise.response_id:
            asks.reopen(ask, by, policy)
    session.flush()


def reopen_groundless(session: Session, by: Caller, policy: Policy, feature: Feature) -> None:
    """Reopen every ask that was answered yes by what is so no longer, promised still or not.

    A committed yes rests on a plan, an available one on what is shipped; a way around stays one.
    """
    groundless = [and_(col(Response.basis) == Basis.available, col(Response.workaround).is_(False))]
    if feature.status is FeatureStatus.shipped:
        return
    if feature.status not in COMMITABLE:
        groundless.append(col(Response.basis) == Basis.committed)
    told_yes = (
        select(Ask)
        .join(Response, col(Response.id) == col(Ask.response_id))
        .where(
            col(Ask.state) == AskState.answered,
            col(Ask.feature_id).in_(families.members(feature.id)),
            or_(*groundless),
        )
    )
    for ask in session.execute(told_yes.order_by(col(Ask.id)).with_for_update(of=Ask)).scalars():
        asks.reopen(ask, by, policy)
    session.flush()


def _state() -> ColumnElement[str]:
    return case(
        (col(CommitmentRelease.commitment_id).is_not(None), CommitmentState.released.value),
        (FeatureStatus.shipped == _ROOT_STATUS, CommitmentState.delivered.value),
        (col(Commitment.due_on) < utc_today(), CommitmentState.overdue.value),
        else_=CommitmentState.open.value,
    )


_ROOT = Feature.__table__.alias("root_feature")  # type: ignore[attr-defined]
_ROOT_STATUS = _ROOT.c.status


def _ledger(roots: Any = None) -> Any:
    roots = families.roots() if roots is None else roots
    # A promise names the deal of its day; where there was none yet, the ask may have got one since.
    deal = func.coalesce(col(Commitment.opportunity_id), col(Ask.opportunity_id))
    return (
        select(
            Commitment,
            Account.id.label("account_id"),  # type: ignore[attr-defined]
            col(Account.name).label("account_name"),
            col(Account.arr_minor),
            col(Account.arr_currency),
            _ROOT.c.id.label("feature_id"),
            _ROOT.c.title.label("feature_title"),
            col(Opportunity.id).label("opportunity_id"),
            col(Opportunity.name).label("opportunity_name"),
            col(Opportunity.outcome),
            col(Opportunity.amount_minor),
            col(Opportunity.amount_currency),
            col(CommitmentRelease.reason).label("released_reason"),
            _state().label("state"),
        )
        .join(Ask, col(Ask.id) == col(Commitment.ask_id))
        .join(Account, col(Account.id) == col(Ask.account_id))
        .join(roots, roots.c.id == col(Commitment.feature_id))
        .join(_ROOT, _ROOT.c.id == roots.c.root)
        .outerjoin(Opportunity, col(Opportunity.id) == deal)
        .outerjoin(CommitmentRelease, col(CommitmentRelease.commitment_id) == col(Commitment.id))
    )


def _one(session: Session, commitment_id: UUID) -> Any:
    row = session.execute(_ledger().where(col(Commitment.id) == commitment_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no commitment {commitment_id}.")
    return row


def _held(row: Any) -> tuple[int, str] | None:
    """What a promise in a contract keeps waiting: its deal unless that is lost, or a renewal."""
    if not row.Commitment.contractual or row.state not in BINDING or row.outcome is Outcome.lost:
        return None
    minor, currency = row.arr_minor, row.arr_currency
    if row.opportunity_id is not None:
        minor, currency = row.amount_minor, row.amount_currency
    return None if minor is None else (minor, currency)


def _seen(row: Any) -> CommitmentSeen:
    made: Commitment = row.Commitment
    opportunity = None
    if row.opportunity_id is not None:
        opportunity = {
            "id": row.opportunity_id, "name": row.opportunity_name, "outcome": row.outcome,
        }  # fmt: skip
    held = _held(row)
    return CommitmentSeen(
        id=made.id,
        ask_id=made.ask_id,
        response_id=made.response_id,
        account={"id": row.account_id, "name": row.account_name},
        feature={"id": row.feature_id, "title": row.feature_title},
        opportunity=opportunity,
        due_on=made.due_on,
        contractual=made.contractual,
        contract_reference=made.contract_reference,
        owner_email=made.owner_email,
        state=CommitmentState(row.state),
        amount_held=money(*held) if held else None,
        released_reason=row.released_reason,
        created_at=made.created_at,
    )
