"""What may come up in a call: what shipped, what others like them ask for, what not to promise."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.account import Account, Lifecycle
from models.ask import Ask, AskState
from models.feature import COMMITABLE, Feature, FeatureStatus
from models.history import VERSIONS
from services import demand, families, guide
from services.book import Book
from services.demand import DemandFilter, DemandOrder
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import load

LIKELY = 5
MOST = 50
_FIRM = {FeatureStatus.shipped, *COMMITABLE}


def outlook(
    session: Session, by: Caller, book: Book, policy: Policy, account_id: UUID, since: date
) -> dict[str, Any]:
    """What may come up in a call with an account.

    Args:
        session: A reading session.
        by: Who reads.
        book: The figures of demand.
        policy: The operator's decisions.
        account_id: With whom the call is.
        since: The day of the last call.

    Returns:
        `shipped`: the features it asked for that shipped since then. `likely`: what most live
        customers of its segment ask for and it has not, each with the answer to give.
        `not_to_promise`: the features it asked for that are neither there nor planned, each with
        the straight words for that.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is no such account.
    """
    by.require(Permission.ask_read)
    account = load(session, Account, account_id)
    asked = _asked_for(session, account.id)
    own = {feature.id for feature in asked}
    shipped = [feature for feature in asked if feature.status is FeatureStatus.shipped]
    days = _shipped_on(session, shipped)
    open_ended = [feature for feature in asked if feature.status not in _FIRM]
    words = guide.to_say(session, by, policy, open_ended)
    return {
        "shipped": [
            (feature, days[feature.id]) for feature in shipped if days[feature.id] >= since
        ],
        "likely": _likely(session, by, book, policy, account, own),
        "not_to_promise": [(feature, words[feature.id]) for feature in open_ended],
    }


def _asked_for(session: Session, account_id: UUID) -> list[Feature]:
    roots = families.roots()
    standing = (
        select(roots.c.root)
        .join(Ask, col(Ask.feature_id) == roots.c.id)
        .where(Ask.account_id == account_id, Ask.state != AskState.withdrawn)
    )
    statement = select(Feature).where(col(Feature.id).in_(standing)).order_by(col(Feature.id))
    return list(session.exec(statement.limit(MOST)))


def _shipped_on(session: Session, features: Sequence[Feature]) -> dict[UUID, date]:
    """The day on which each became shipped: the end of what it last was before, or its making."""
    before = VERSIONS[Feature].c
    ends = session.execute(
        select(before.feature_id, func.max(before.valid_to))
        .where(
            before.feature_id.in_([feature.id for feature in features]),
            before.status != FeatureStatus.shipped.value,
        )
        .group_by(before.feature_id)
    )
    known: dict[UUID, datetime] = {key: ended for key, ended in ends}  # noqa: C416  # rows
    return {each.id: known.get(each.id, each.created_at).date() for each in features}


def _likely(
    session: Session, by: Caller, book: Book, policy: Policy, account: Account, own: set[UUID]
) -> list[tuple[dict[str, Any], Any]]:
    if account.segment is None:
        return []
    wanted = DemandFilter(segment=[account.segment], lifecycle=[Lifecycle.customer])
    found = demand.report(
        book, session, by, policy, wanted, sort=DemandOrder.customers, limit=LIKELY + len(own)
    )
    others = [item for item in found["items"] if item["feature"]["id"] not in own][:LIKELY]
    features = [session.get_one(Feature, item["feature"]["id"]) for item in others]
    words = guide.to_say(session, by, policy, features)
    return [(item, words[each.id]) for item, each in zip(others, features, strict=True)]
