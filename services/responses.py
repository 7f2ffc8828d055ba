"""The rules of yes, no and ranked. What was said stays said."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.account import Account
from models.ask import Ask, AskState
from models.base import utc_now
from models.commitment import Commitment, CommitmentRelease
from models.feature import COMMITABLE, Feature, FeatureStatus
from models.product import BarSeen
from models.response import (
    Basis,
    EvidenceSeen,
    NoNew,
    RankedNew,
    Response,
    ResponseKind,
    Told,
    ToldNew,
    YesNew,
)
from services import accounts, bars, families, guide, messages, orders
from services.asks import Withdrawn
from services.errors import Conflict, invalid
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import load, revise, touch


class AlreadyAnswered(Conflict):
    """The ask has an answer; another one must say why it supersedes it."""

    slug, title = "already-answered", "Already answered"
    cure = "Read the answer that stands; if the mind changed, send a `supersedes_reason`."


class Untriaged(Conflict):
    """The answer is about a feature, and the ask names none yet."""

    slug, title = "untriaged", "Not triaged yet"
    cure = "Set the ask's `feature_id` first; without one it can only be told `no`."


class NotCommitted(Conflict):
    """No PM has committed the feature with a date that is to come, so nobody can promise it."""

    slug, title = "not-committed", "Nobody has committed it"
    cure = "Say no or ranked instead, or ask the PM to plan the feature with a date."


class NotAvailable(Conflict):
    """The feature is not shipped, and no workaround is named."""

    slug, title = "not-available", "Not available today"
    cure = "If there is a way to do it today, describe it in `how` and set `workaround`."


class NoBar(Conflict):
    """There is no demand bar, so demand cannot be short of it."""

    slug, title = "no-bar", "There is no demand bar"
    cure = "Ask the PM to set a bar, or say no for another reason."


class DemandBarReached(Conflict):
    """Enough live customers ask for it already, so lack of demand is no reason."""

    slug, title = "demand-bar-reached", "The demand bar is reached"
    cure = "Take it to the PM, or answer otherwise."


def give_response(
    session: Session,
    by: Caller,
    policy: Policy,
    ask_id: UUID,
    given: YesNew | NoNew | RankedNew,
    *,
    given_at: datetime | None = None,
) -> Response:
    """Answer an ask: yes, no or ranked.

    Args:
        session: A writing session; the caller of this function commits.
        by: Who answers.
        policy: The report currency, for the evidence.
        ask_id: Which ask.
        given: The answer.
        given_at: When it was given, where that was not now; the facts are those of now, but whether
            a committed day had passed goes by it.

    Returns:
        The response, now the current one of the ask.

    Raises:
        NotPermitted: `by` may not answer asks.
        NotFound: There is no such ask.
        Withdrawn: It was withdrawn.
        AlreadyAnswered: It has an answer, and no `supersedes_reason` is given.
        Untriaged: It names no feature, and the answer needs one.
        NotAvailable, NotCommitted: The facts do not support the yes.
        NoBar, DemandBarReached: The facts do not support the no for lack of demand.
        NotAStrictOrder: The order is none.
        HedgedMessage, ContradictingMessage: The words or the directions do not say it straight.
    """
    by.require(Permission.ask_answer)
    ask = load(session, Ask, ask_id, lock=True)  # two answers at once: one waits
    if ask.state is AskState.withdrawn:
        raise Withdrawn(f"Ask {ask.id} was withdrawn: {ask.withdrawn_reason}")
    if ask.response_id is not None and given.supersedes_reason is None:
        raise AlreadyAnswered(
            f"Ask {ask.id} has an answer, {ask.response_id}. Another one needs a"
            " `supersedes_reason`."
        )
    feature = _feature(session, ask)
    kind = ResponseKind(given.kind)
    basis = None if isinstance(given, RankedNew) else Basis(given.basis)
    if feature is None and basis not in {Basis.not_planned, Basis.out_of_scope}:
        said = kind.value if basis is None else f"{kind.value} ({basis.value})"
        raise Untriaged(f"Ask {ask.id} names no feature, and {said} is an answer about one.")
    facts = bars.evidence(session, policy, feature)
    if feature is not None:
        _check_facts(session, given, feature, facts.bar, (given_at or utc_now()).date())
    hedges = messages.check(given, kind, guide.known(facts), messages.awaited(given, feature))
    previous = _latest(session, ask)
    if previous is None and given.supersedes_reason is not None:
        raise invalid("supersedes_reason", "there is no answer to supersede; leave it out")
    response = Response(
        created_at=given_at or utc_now(),
        ask_id=ask.id,
        feature_id=feature.id if feature else None,
        kind=kind,
        basis=basis,
        how=given.how if isinstance(given, YesNew) else None,
        workaround=isinstance(given, YesNew) and given.workaround,
        message=given.message,
        contractual=isinstance(given, YesNew) and given.contractual,
        contract_reference=given.contract_reference if isinstance(given, YesNew) else None,
        evidence=facts.model_dump(mode="json"),
        hedge_override=given.hedge_override if hedges else None,
        hedges=hedges,
        author_id=by.id,
        supersedes=previous.id if previous else None,
        supersedes_reason=given.supersedes_reason or _reopened(session, previous),
    )
    session.add(response)
    session.flush()
    if isinstance(given, RankedNew):
        orders.keep_order(session, response, given.order)
    if basis is Basis.committed and feature is not None and feature.target_on is not None:
        _promise(session, by, ask, response, feature, feature.target_on)
    revise(ask, by, {"response_id": response.id, "state": AskState.answered})
    if given.told is not None:
        _tell(session, by, ask, response, given.told)
    session.flush()
    return response


def list_responses(session: Session, by: Caller, ask_id: UUID) -> list[Response]:
    """All answers to an ask, oldest first.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is no such ask.
    """
    by.require(Permission.ask_read)
    load(session, Ask, ask_id)
    statement = select(Response).where(col(Response.ask_id) == ask_id)
    following = {each.supersedes: each for each in session.execute(statement).scalars()}
    line: list[Response] = []
    while (answer := following.get(line[-1].id if line else None)) is not None:
        line.append(answer)
    return line


def get_response(session: Session, by: Caller, response_id: UUID) -> Response:
    """Read one answer.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is none.
    """
    by.require(Permission.ask_read)
    return load(session, Response, response_id)


def tell(session: Session, by: Caller, response_id: UUID, told: ToldNew) -> Response:
    """Record that the customer was told an answer.

    Raises:
        NotPermitted: `by` may not answer asks.
        NotFound: There is no such response.
    """
    by.require(Permission.ask_answer)
    response = load(session, Response, response_id)
    ask = load(session, Ask, response.ask_id, lock=True)
    _tell(session, by, ask, response, told)
    touch(ask, by)
    session.flush()
    return response


def _feature(session: Session, ask: Ask) -> Feature | None:
    if ask.feature_id is None:
        return None
    own = session.get_one(Feature, ask.feature_id)
    # A PM who is just now declining it must be waited for, or the yes would outlive the plan.
    return load(session, Feature, families.survivor(session, own).id, lock=True)


def _check_facts(
    session: Session,
    given: YesNew | NoNew | RankedNew,
    feature: Feature,
    bar: BarSeen | None,
    on: date,
) -> None:
    if isinstance(given, RankedNew):
        orders.check_order(session, feature, given.order)
        return
    standing = bars.standing(session, feature)
    today = feature.status is FeatureStatus.shipped or (
        isinstance(given, YesNew) and given.workaround
    )
    if given.basis == "available" and not today:
        raise NotAvailable(
            f"{feature.title!r} is {feature.status}, not shipped, and `how` is not marked as a"
            " workaround."
        )
    if given.basis == "committed":
        short = bar is not None and not standing.reaches(bar)
        _check_committed(feature, on, demand_is_short=short)
    if given.basis == "insufficient_demand":
        if bar is None:
            raise NoBar(f"No demand bar is set for {feature.title!r} or its product.")
        if standing.reaches(bar):
            raise DemandBarReached(
                f"{standing.accounts} live customers ask for {feature.title!r}, and the bar is"
                f" reached with that; lack of demand is no reason any more."
            )


def _check_committed(feature: Feature, on: date, *, demand_is_short: bool) -> None:
    target = feature.target_on
    if feature.status not in COMMITABLE or target is None:
        raise NotCommitted(
            f"{feature.title!r} is {feature.status} and no PM has committed it with a date. What"
            " can be said: no (not_planned"
            + (", insufficient_demand" if demand_is_short else "")
            + "), or ranked: ask the customer to order it among other features."
        )
    if target < on:  # a promise of it would be overdue as it is made
        raise NotCommitted(
            f"{feature.title!r} is {feature.status} for {target}, and that day has passed. Ask the"
            " PM for another one. What can be said until then: no (not_planned), or ranked: ask"
            " the customer to order it among other features."
        )


def _latest(session: Session, ask: Ask) -> Response | None:
    """The last answer given, also where the ask was reopened since: the one not superseded.

    It is not the one with the largest id: the clocks of two servers may differ.
    """
    later = aliased(Response)
    statement = (
        select(Response)
        .outerjoin(later, col(later.supersedes) == col(Response.id))
        .where(col(Response.ask_id) == ask.id, col(later.id).is_(None))
    )
    return session.execute(statement).scalar_one_or_none()


def _reopened(session: Session, previous: Response | None) -> str | None:
    """Why an answer stands no more though none took its place: the PM has said it already."""
    if previous is None:
        return None
    released = (
        select(col(CommitmentRelease.reason))
        .join(Commitment, col(Commitment.id) == col(CommitmentRelease.commitment_id))
        .where(col(Commitment.response_id) == previous.id)
    )
    reason = session.execute(released).scalar_one_or_none()
    if reason is not None or previous.feature_id is None:
        return reason
    feature = families.survivor(session, session.get_one(Feature, previous.feature_id))
    why = f": {feature.decline_reason}" if feature.status is FeatureStatus.declined else "."
    return f"{feature.title!r} is {feature.status}{why}"


def _promise(  # all six are different things
    session: Session, by: Caller, ask: Ask, response: Response, feature: Feature, due_on: date
) -> None:
    """Enter the commitment; a promise renewed for the same ask replaces the earlier one."""
    released = select(CommitmentRelease.commitment_id)  # type: ignore[call-overload]
    earlier = select(Commitment).where(
        col(Commitment.ask_id) == ask.id, col(Commitment.id).not_in(released)
    )
    for commitment in session.execute(earlier).scalars():
        reason = f"Renewed by response {response.id}."
        session.add(CommitmentRelease(commitment_id=commitment.id, reason=reason, author_id=by.id))
    account = session.get_one(Account, ask.account_id)
    session.add(
        Commitment(
            created_at=response.created_at,  # a promise is as old as the answer that makes it
            response_id=response.id,
            ask_id=ask.id,
            feature_id=feature.id,
            opportunity_id=ask.opportunity_id,
            due_on=due_on,
            contractual=response.contractual,
            contract_reference=response.contract_reference,
            owner_email=feature.owner_email or account.owner_email,
        )
    )


def _tell(session: Session, by: Caller, ask: Ask, response: Response, told: ToldNew) -> None:
    account = session.get_one(Account, ask.account_id)
    session.add(
        Told(
            response_id=response.id,
            contact_id=accounts.find_or_add_contact(session, account, told.contact),
            channel=told.channel,
            told_on=told.on,
            author_id=by.id,
        )
    )


def facts_of(response: Response) -> EvidenceSeen:
    """What a response was based on when it was given."""
    return EvidenceSeen.model_validate(response.evidence)
