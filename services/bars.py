"""The demand bar: where live-customer demand stands against it, and what comes back when it is met.

A refusal for lack of demand was given against a bar. When live-customer demand reaches that bar
the refusal comes back to whoever gave it, once; and the feature's own event goes to its PM, again
only after demand fell well below the bar and some time passed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import Session, col

from models.account import Account, Lifecycle
from models.ask import Ask, AskState
from models.bar_event import BarArmed, BarReached
from models.base import utc_now
from models.feature import Feature
from models.money import Money, money
from models.product import BarSeen, Product
from models.response import Basis, EvidenceSeen, Response, Revisit
from services import families
from services.policy import Policy


@dataclass(frozen=True)
class Standing:
    """Where live-customer demand for a feature stands.

    `arr` is in minor units by currency; an account counts once, however often it asked.
    """

    accounts: int
    arr: dict[str, int]

    def reaches(self, bar: BarSeen | None, percent: int = 100) -> bool:
        """Whether every part of the bar that is set is reached; no bar is never reached.

        Args:
            bar: The bar, or None.
            percent: Of the bar.
        """
        if bar is None:
            return False
        enough_accounts = bar.accounts is None or 100 * self.accounts >= percent * bar.accounts
        if bar.arr is None:
            return enough_accounts
        needed = Money(amount=bar.arr.amount, currency=bar.arr.currency).minor
        return enough_accounts and 100 * self.arr.get(bar.arr.currency, 0) >= percent * needed


@dataclass(frozen=True)
class Measured:
    """The facts about a feature, and whether demand for it reaches its bar."""

    evidence: EvidenceSeen
    reached: bool


def live() -> ColumnElement[bool]:
    """The condition for an account to be a live customer."""
    return (col(Account.lifecycle) == Lifecycle.customer) & col(Account.merged_into).is_(None)


def standing(session: Session, feature: Feature) -> Standing:
    """Where live-customer demand for a feature stands now, merged features included."""
    return standings(session, [feature])[feature.id]


def standings(session: Session, features: Sequence[Feature]) -> dict[UUID, Standing]:
    """`standing` for several features at once, by their ids."""
    found = {each.id: Standing(0, {}) for each in features}
    if not found:
        return found
    family = families.roots(*found)
    asking = (
        select(family.c.root, col(Ask.account_id).label("account_id"))
        .join(Ask, col(Ask.feature_id) == family.c.id)
        .where(col(Ask.state) != AskState.withdrawn)
        .distinct()
        .subquery()
    )
    rows = session.execute(
        select(
            asking.c.root,
            col(Account.arr_currency),
            func.count(),
            func.sum(col(Account.arr_minor)),
        )
        .join(Account, col(Account.id) == asking.c.account_id)
        .where(live())
        .group_by(asking.c.root, col(Account.arr_currency))
    )
    for root, currency, count, arr in rows:
        so_far = found[root]
        more = {} if currency is None else {currency: int(arr)}
        found[root] = Standing(so_far.accounts + count, so_far.arr | more)
    return found


def bar_of(session: Session, feature: Feature) -> BarSeen | None:
    """The bar that applies to a feature: its own, else its product's."""
    if feature.demand_bar is not None:
        return feature.demand_bar
    product = session.get(Product, feature.product_id)
    return product.demand_bar if product else None


def evidence(session: Session, policy: Policy, feature: Feature | None) -> EvidenceSeen:
    """The facts that an answer rests on, as they are now."""
    if feature is not None:
        return measured(session, policy, [feature])[feature.id].evidence
    return EvidenceSeen(
        feature_status=None,
        target_on=None,
        live_accounts_asking=None,
        live_accounts=_live_accounts(session),
        arr_asking=None,
        bar=None,
    )


def measured(session: Session, policy: Policy, features: Sequence[Feature]) -> dict[UUID, Measured]:
    """The facts about several features at once, by their ids."""
    found, live_accounts = standings(session, features), _live_accounts(session)
    facts = {}
    for each in features:
        now, bar = found[each.id], bar_of(session, each)
        currency = bar.arr.currency if bar and bar.arr else policy.currency
        seen = EvidenceSeen(
            feature_status=each.status,
            target_on=each.target_on,
            live_accounts_asking=now.accounts,
            live_accounts=live_accounts,
            arr_asking=money(now.arr.get(currency, 0), currency),
            bar=bar,
        )
        facts[each.id] = Measured(seen, reached=now.reaches(bar))
    return facts


def _live_accounts(session: Session) -> int:
    found: int = session.execute(select(func.count()).where(live())).scalar_one()
    return found


def watch(session: Session, policy: Policy, feature_ids: Iterable[UUID]) -> None:
    """Look whether demand for these features reached a bar, and bring back what waits for that.

    Call it after anything that changes live-customer demand or a bar: an ask logged, triaged or
    withdrawn, an account's lifecycle or ARR, a merge, a bar.
    """
    session.flush()
    asked = [session.get_one(Feature, feature_id) for feature_id in feature_ids]
    standing_ones = {each.id: each for each in (families.survivor(session, one) for one in asked)}
    for _key, feature in sorted(standing_ones.items()):
        _watch_one(session, policy, feature)


def watch_account(session: Session, policy: Policy, account_id: UUID) -> None:
    """`watch` every feature that an account asks for."""
    session.flush()
    asked = select(col(Ask.feature_id)).where(
        col(Ask.account_id) == account_id,
        col(Ask.feature_id).is_not(None),
        col(Ask.state) != AskState.withdrawn,
    )
    watch(session, policy, set(session.execute(asked).scalars()))


def watch_product(session: Session, policy: Policy, product_id: UUID) -> None:
    """`watch` every feature of a product."""
    watch(session, policy, families.of_product(session, product_id))


def _watch_one(session: Session, policy: Policy, feature: Feature) -> None:
    bar = bar_of(session, feature)
    if bar is None and not _outstanding(session, feature):
        return
    # Two asks at once that lift it over the bar together: the second waits, and sees the first.
    session.execute(
        select(col(Feature.id)).where(col(Feature.id) == feature.id).with_for_update(key_share=True)
    )
    now, refusals = standing(session, feature), _outstanding(session, feature)
    for refusal in refusals:
        said = EvidenceSeen.model_validate(refusal.evidence)
        if now.reaches(said.bar):
            session.add(Revisit(response_id=refusal.id))
            # The ask has another ETag and stands elsewhere in the lists.
            session.execute(
                update(Ask)
                .where(col(Ask.id) == refusal.ask_id)
                .values(version=Ask.version + 1, changed_at=utc_now()),
            )
    if bar is not None:
        _fire(session, policy, feature, bar, now)


def _outstanding(session: Session, feature: Feature) -> list[Response]:
    """Refusals for lack of demand that stand and have not come back yet."""
    return list(
        session.execute(
            select(Response)
            .join(Ask, col(Ask.response_id) == col(Response.id))
            .outerjoin(Revisit, col(Revisit.response_id) == col(Response.id))
            .where(
                col(Ask.feature_id).in_(families.members(feature.id)),
                col(Ask.state) == AskState.answered,
                col(Response.basis) == Basis.insufficient_demand,
                col(Revisit.response_id).is_(None),
            )
        ).scalars()
    )


def _fire(session: Session, policy: Policy, feature: Feature, bar: BarSeen, now: Standing) -> None:
    reached = session.execute(
        select(func.max(col(BarReached.created_at))).where(col(BarReached.feature_id) == feature.id)
    ).scalar()
    armed = session.execute(
        select(func.max(col(BarArmed.created_at))).where(col(BarArmed.feature_id) == feature.id)
    ).scalar()
    ready = reached is None or (armed is not None and armed > reached)
    if now.reaches(bar):
        rested = reached is None or utc_now() - reached >= timedelta(days=policy.bar_rearm_days)
        if ready and rested:
            facts = evidence(session, policy, feature)
            session.add(BarReached(feature_id=feature.id, evidence=facts.model_dump(mode="json")))
    elif not ready and not now.reaches(bar, policy.bar_rearm_percent):
        session.add(BarArmed(feature_id=feature.id))
    session.flush()
