"""Which answer the facts support, with the figures behind it and words to say. The SE decides."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from models.ask import Ask, AskState
from models.base import utc_today
from models.feature import COMMITABLE, Feature, FeatureStatus
from models.product import BarSeen, Maturity, Product
from models.response import Basis, EvidenceSeen, Response, ResponseKind
from services import bars, contradictions, families, wording
from services.contradictions import Before
from services.orders import OTHERS
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import load

_MARKS = re.compile('["\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033]')  # would end the quotation


@dataclass(frozen=True)
class Proposal:
    """An answer that can be said, and the words for it."""

    kind: ResponseKind
    basis: Basis | None
    wording: str

    def sent(self) -> dict[str, Any]:
        """The answer without its words."""
        return {"kind": self.kind, "basis": self.basis}


@dataclass(frozen=True)
class Facts:
    """What a proposal rests on, all of it already read."""

    name: str  # quoted
    status: FeatureStatus | None
    target_on: date | None
    decline_reason: str | None
    maturity: Maturity
    evidence: EvidenceSeen
    bar_reached: bool
    others: int  # shareable features to order it among

    @property
    def committed(self) -> bool:
        """Whether a PM has committed it with a date, be that past by now."""
        return self.status in COMMITABLE and self.target_on is not None

    @property
    def late(self) -> bool:
        """Whether that date has passed, so that nobody can be told it any more."""
        return self.committed and self.target_on is not None and self.target_on < utc_today()


def guide(session: Session, by: Caller, policy: Policy, ask_id: UUID) -> dict[str, Any]:
    """The answer that the facts support for an ask, in the shape of `GuideSeen`.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is no such ask.
    """
    by.require(Permission.ask_read)
    ask = load(session, Ask, ask_id)
    how = None
    if ask.feature_id is None:
        facts = _untriaged(session, policy, ask)
    else:
        feature = families.survivor(session, session.get_one(Feature, ask.feature_id))
        facts = _facts(session, policy, [feature])[feature.id]
        how = _how(session, feature)
    said = contradictions.before(session, by, ask_id)
    proposals = [owning_up(each, said) for each in propose(facts)]
    because = reasons(facts) + said.reasons()
    if ask.state is AskState.answered:
        because.append("The ask has an answer already; a new one must say why it supersedes it.")
    return {
        "proposal": proposals[0].sent(),
        "because": because,
        "wording": proposals[0].wording,
        "figures": facts.evidence,
        "alternatives": [{**each.sent(), "wording": each.wording} for each in proposals[1:]],
        "wordings": {
            each.basis: owning_up(each, said).wording for each in truths(facts) if each.basis
        },
        "how": how,
        "before": said.sent(),
    }


def known(evidence: EvidenceSeen) -> wording.Facts:
    """The facts that a straight wording names: the day of what is planned, demand and its bar."""
    day = evidence.target_on if evidence.feature_status in COMMITABLE else None
    return wording.Facts(
        date=_day(day) if day is not None and day >= utc_today() else None,
        asking=evidence.live_accounts_asking,
        live=evidence.live_accounts,
        bar=evidence.bar.accounts if evidence.bar else None,
    )


def known_of(session: Session, by: Caller, policy: Policy, ask_id: UUID) -> wording.Facts:
    """Likewise for an ask.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is no such ask.
    """
    by.require(Permission.ask_read)
    ask = load(session, Ask, ask_id)
    feature = None
    if ask.feature_id is not None:
        feature = families.survivor(session, session.get_one(Feature, ask.feature_id))
    return known(bars.evidence(session, policy, feature))


def to_say(
    session: Session, by: Caller, policy: Policy, features: Sequence[Feature]
) -> dict[UUID, Proposal]:
    """What to say of features before anybody asks, by their ids: what the facts support best.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    facts = _facts(session, policy, features)
    return {key: propose(found)[0] for key, found in facts.items()}


def _facts(session: Session, policy: Policy, features: Sequence[Feature]) -> dict[UUID, Facts]:
    known = bars.measured(session, policy, features)
    shareable = _shareable(session, {each.product_id for each in features})
    return {
        each.id: Facts(
            name=quoted(each.public_title or each.title),
            status=each.status,
            target_on=each.target_on,
            decline_reason=each.decline_reason,
            maturity=session.get_one(Product, each.product_id).maturity,
            evidence=known[each.id].evidence,
            bar_reached=known[each.id].reached,
            others=len(shareable.get(each.product_id, set()) - {each.id}),
        )
        for each in features
    }


def _shareable(session: Session, product_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The features of each product that customers may see."""
    found: dict[UUID, set[UUID]] = {}
    rows = session.execute(
        select(col(Feature.product_id), col(Feature.id)).where(
            col(Feature.product_id).in_(product_ids),
            col(Feature.merged_into).is_(None),
            col(Feature.shareable).is_(True),
        )
    )
    for product_id, feature_id in rows:
        found.setdefault(product_id, set()).add(feature_id)
    return found


def _untriaged(session: Session, policy: Policy, ask: Ask) -> Facts:
    return Facts(
        name=quoted(ask.title),
        status=None,
        target_on=None,
        decline_reason=None,
        maturity=session.get_one(Product, ask.product_id).maturity,
        evidence=bars.evidence(session, policy, None),
        bar_reached=False,
        others=0,
    )


def quoted(name: str) -> str:
    """A name in quotation marks: whatever it says, it is not us who say it."""
    return f"\u201c{_MARKS.sub('', name)}\u201d"


def propose(facts: Facts) -> list[Proposal]:
    """The answers that the facts support, the best first; there is always at least one.

    Shipped is a yes today; planned with a date is a yes by then, unless that has passed; declined
    is a no. What is only a candidate is ranked for an early product, which learns by it, and
    measured against the bar for an established one.
    """
    if facts.status is FeatureStatus.shipped:
        return [_available(facts)]
    if facts.late:
        return [*_ranked(facts), _overdue(facts)]
    if facts.committed:
        return [_committed(facts), *_ranked(facts)]
    if facts.status in {FeatureStatus.declined, None}:
        return [_not_planned(facts), _out_of_scope(facts)]
    short = facts.evidence.bar is not None and not facts.bar_reached
    demand = [_insufficient(facts)] if short else []
    if facts.maturity is Maturity.early or facts.bar_reached:
        return [*_ranked(facts), *demand, _not_planned(facts)]
    return [*demand, *_ranked(facts), _not_planned(facts)]


def truths(facts: Facts) -> list[Proposal]:
    """Every answer with a basis that is true of the facts, proposed or not.

    What is shipped or committed is neither out of the plan nor out of scope.
    """
    if facts.status is FeatureStatus.shipped:
        return [_available(facts)]
    if facts.committed:
        return [_overdue(facts) if facts.late else _committed(facts)]
    short = facts.evidence.bar is not None and not facts.bar_reached
    demand = [_insufficient(facts)] if short and facts.status is not None else []
    return [*demand, _not_planned(facts), _out_of_scope(facts)]


def _how(session: Session, feature: Feature) -> str | None:
    """Where a shipped feature is, as the last customer was told who got it as a yes."""
    if feature.status is not FeatureStatus.shipped:
        return None
    given = (
        select(Response)
        .where(
            col(Response.feature_id) == feature.id,
            col(Response.basis) == Basis.available,
            col(Response.workaround).is_(False),
        )
        .order_by(col(Response.id).desc())
        .limit(1)
    )
    last = session.execute(given).scalar_one_or_none()
    return last.how if last else None


def owning_up(proposal: Proposal, before: Before) -> Proposal:
    """The proposal in words that own up to what the account was told otherwise, if it was."""
    told = [said.told_on for said in before.standing(proposal.kind) if said.told_on is not None]
    if not told:
        return proposal
    words = f"On {_day(max(told))} we told you something else; this answer takes its place."
    return replace(proposal, wording=f"{proposal.wording} {words}")


def reasons(facts: Facts) -> list[str]:
    """Why, as sentences with the figures in them."""
    figures = facts.evidence
    if facts.status is None:
        return [
            "The ask names no feature yet, so only a no can be said about it.",
            "Triage it to measure its demand.",
        ]
    said = []
    if facts.status is FeatureStatus.shipped:
        said.append(f"{facts.name} is shipped.")
    elif facts.status in COMMITABLE:
        state = "in progress" if facts.status is FeatureStatus.in_progress else "planned"
        said.append(f"{facts.name} is {state} for {_day(facts.target_on) or 'no day yet'}.")
        if facts.late:
            said.append("That day has passed: ask the PM for another one before you say yes.")
    elif facts.status is FeatureStatus.declined:
        said.append(f"{facts.name} is declined: {facts.decline_reason}")
    else:
        said.append(f"{facts.name} is a candidate; no PM has committed it.")
    said.append(
        f"{figures.live_accounts_asking} of {figures.live_accounts} live customers ask for it."
    )
    if figures.bar is None:
        said.append("No demand bar is set.")
    else:
        stands = "is reached" if facts.bar_reached else "is not reached"
        said.append(f"The bar is {_bar_text(figures.bar)}; it {stands}.")
    if facts.status is FeatureStatus.candidate:
        kind = "early: rankings teach most" if facts.maturity is Maturity.early else "established"
        said.append(f"The product is {kind}.")
        if facts.others < OTHERS:
            said.append(
                f"A ranking needs at least {OTHERS} other shareable features;"
                f" there {_are(facts.others)}."
            )
    return said


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


def _available(facts: Facts) -> Proposal:
    words = f"Yes: {facts.name} is in the product today."
    return Proposal(ResponseKind.yes, Basis.available, words)


def _committed(facts: Facts) -> Proposal:
    words = f"Yes: {facts.name} ships on {_day(facts.target_on)}."
    return Proposal(ResponseKind.yes, Basis.committed, words)


def _overdue(facts: Facts) -> Proposal:
    words = (
        f"No: {facts.name} was planned for {_day(facts.target_on)}. That day has passed and no"
        " other is set, so we promise none."
    )
    return Proposal(ResponseKind.no, Basis.not_planned, words)


def _not_planned(facts: Facts) -> Proposal:
    words = f"No: {facts.name} is not in our plan, and we are not building it."
    return Proposal(ResponseKind.no, Basis.not_planned, words)


def _out_of_scope(facts: Facts) -> Proposal:
    words = f"No: {facts.name} is outside what this product does."
    return Proposal(ResponseKind.no, Basis.out_of_scope, words)


def _insufficient(facts: Facts) -> Proposal:
    figures = facts.evidence
    bar = _bar_text(figures.bar) if figures.bar else ""
    asking = figures.live_accounts_asking or 0
    words = (
        f"No: we have looked at {facts.name}, and too few live customers need it."
        f" {asking} of {figures.live_accounts} ask for it today; our bar is {bar}."
    )
    return Proposal(ResponseKind.no, Basis.insufficient_demand, words)


def _ranked(facts: Facts) -> list[Proposal]:
    if facts.others < OTHERS:
        return []
    words = (
        f"{facts.name} competes with other plans. You put them in order, and your order is the"
        " place it gets from you."
    )
    return [Proposal(ResponseKind.ranked, None, words)]


def _bar_text(bar: BarSeen) -> str:
    parts = []
    if bar.accounts is not None:
        parts.append(f"{bar.accounts} live customer{'s' if bar.accounts != 1 else ''}")
    if bar.arr is not None:
        parts.append(f"{bar.arr.currency} {bar.arr.grouped} of their ARR")
    return " and ".join(parts)


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else ""
