"""What is on file about a feature besides its demand: answers given, its bar, a merge to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlmodel import Session, col

from models.account import Account, Lifecycle
from models.ask import Ask, AskState
from models.bar_event import BarReached
from models.commitment import Commitment, CommitmentRelease
from models.feature import Feature
from models.product import Product
from models.response import Basis, EvidenceSeen, Response, ResponseKind, Told
from models.user import User
from services import families
from services.permissions import Caller, Permission
from services.revisions import load


@dataclass(frozen=True)
class Answered:
    """An answer that stands, and whom it was given to."""

    ask_id: UUID
    account_id: UUID
    account_name: str
    kind: ResponseKind
    basis: Basis | None
    message: str | None
    author: str
    created_at: datetime
    told: bool


@dataclass(frozen=True)
class Reached:
    """That demand reached the bar, with the facts of then."""

    created_at: datetime
    facts: EvidenceSeen


@dataclass(frozen=True)
class Asking:
    """Who asks: asks that stand, and distinct accounts, customers and prospects apart."""

    asks: int
    customers: int
    prospects: int


@dataclass(frozen=True)
class Promised:
    """How many accounts that ask for a feature were promised it, customers and prospects apart."""

    customers: int
    prospects: int


@dataclass(frozen=True)
class Together:
    """What a merge would bring together: an account that asked for both counts once."""

    moving: Asking
    there: Asking
    both: Asking


def answers(session: Session, by: Caller, feature_id: UUID, *, limit: int) -> list[Answered]:
    """The answers that stand on a feature's asks, newest first.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is no such feature.
    """
    by.require(Permission.ask_read)
    told = exists().where(col(Told.response_id) == col(Response.id))
    rows = session.execute(
        select(
            col(Ask.id), col(Account.id), col(Account.name), col(Response.kind),
            col(Response.basis), col(Response.message), col(User.name), col(Response.created_at),
            told,
        )
        .select_from(Ask)
        .join(Response, col(Response.id) == col(Ask.response_id))
        .join(Account, col(Account.id) == col(Ask.account_id))
        .join(User, col(User.id) == col(Response.author_id))
        .where(*_counting(_family(session, feature_id)))
        .order_by(col(Response.created_at).desc(), col(Response.id).desc())
        .limit(limit)
    )  # fmt: skip
    return [Answered(*row) for row in rows]


def times_reached(session: Session, by: Caller, feature_id: UUID, *, limit: int) -> list[Reached]:
    """When demand for a feature reached its bar, newest first.

    Raises:
        NotPermitted: `by` may not read demand.
        NotFound: There is no such feature.
    """
    by.require(Permission.demand_read)
    root = _root(session, feature_id)
    rows = session.execute(
        select(col(BarReached.created_at), col(BarReached.evidence))
        .where(col(BarReached.feature_id) == root)
        .order_by(col(BarReached.created_at).desc(), col(BarReached.id).desc())
        .limit(limit)
    )
    return [Reached(at, EvidenceSeen.model_validate(facts)) for at, facts in rows]


def together(session: Session, by: Caller, feature_id: UUID, into_id: UUID) -> Together:
    """What merging a feature into another one would bring together.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: One of them is not there.
    """
    by.require(Permission.ask_read)
    moving = load(session, Feature, feature_id).id
    there = _root(session, into_id)
    return Together(
        moving=_asking(session, families.members(moving)),
        there=_asking(session, families.members(there)),
        both=_asking(session, families.members(moving, there)),
    )


def promised(session: Session, by: Caller) -> dict[UUID, Promised]:
    """For each feature that is promised how many of the accounts that ask were promised it.

    The rest of its demand is free: nobody was told a day.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    roots = families.roots()
    rows = session.execute(
        select(roots.c.root, col(Account.lifecycle), func.count(col(Ask.account_id).distinct()))
        .select_from(Commitment)
        .join(roots, roots.c.id == col(Commitment.feature_id))
        .join(Ask, col(Ask.id) == col(Commitment.ask_id))
        .join(Account, col(Account.id) == col(Ask.account_id))
        .outerjoin(CommitmentRelease, col(CommitmentRelease.commitment_id) == col(Commitment.id))
        .where(col(CommitmentRelease.commitment_id).is_(None), col(Ask.state) != AskState.withdrawn)
        .group_by(roots.c.root, col(Account.lifecycle))
    )
    counts: dict[UUID, dict[Lifecycle, int]] = {}
    for root, lifecycle, count in rows:
        counts.setdefault(root, {})[lifecycle] = count
    return {
        root: Promised(each.get(Lifecycle.customer, 0), each.get(Lifecycle.prospect, 0))
        for root, each in counts.items()
    }


def product_names(session: Session, by: Caller) -> dict[UUID, str]:
    """For each feature that stands the name of its product.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    rows = session.execute(
        select(col(Feature.id), col(Product.name))
        .join(Product, col(Product.id) == col(Feature.product_id))
        .where(col(Feature.merged_into).is_(None))
    )
    return {key: name for key, name in rows}  # noqa: C416  # rows are no tuples to mypy


def _root(session: Session, feature_id: UUID) -> UUID:
    return families.survivor(session, load(session, Feature, feature_id)).id


def _family(session: Session, feature_id: UUID) -> Select[tuple[UUID]]:
    return families.members(_root(session, feature_id))


def _counting(family: Select[tuple[UUID]]) -> Sequence[ColumnElement[bool]]:
    """The conditions for an ask to count for a family of features."""
    return col(Ask.feature_id).in_(family), col(Ask.state) != AskState.withdrawn


def _asking(session: Session, family: Select[tuple[UUID]]) -> Asking:
    rows: Any = session.execute(
        select(
            col(Account.lifecycle),
            func.count(col(Ask.id)),
            func.count(col(Ask.account_id).distinct()),
        )
        .select_from(Ask)
        .join(Account, col(Account.id) == col(Ask.account_id))
        .where(*_counting(family))
        .group_by(col(Account.lifecycle))
    ).all()
    accounts = {lifecycle: count for lifecycle, _asks, count in rows}
    return Asking(
        asks=sum(asks for _lifecycle, asks, _count in rows),
        customers=accounts.get(Lifecycle.customer, 0),
        prospects=accounts.get(Lifecycle.prospect, 0),
    )
