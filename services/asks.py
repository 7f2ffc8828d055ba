"""What one may do with an ask: log it, triage it, withdraw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import bindparam, insert
from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from models.account import Account, Lifecycle
from models.ask import Ask, AskChange, AskNew, AskState, Source
from models.base import new_id, utc_now, utc_today
from models.feature import Feature
from models.opportunity import Opportunity
from models.product import Product
from models.response import Response
from services import accounts, bars, families
from services.errors import Conflict, DomainError, Invalid, invalid
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import as_read, check_version, given, load, named, revise
from services.workdays import after_workdays

NULLABLE = frozenset(
    {"verbatim", "why", "feature_id", "opportunity_id", "contact", "source_url", "product_id"}
)


class Withdrawn(Conflict):
    """It was withdrawn: it counts nowhere and cannot be answered or changed."""

    slug, title = "withdrawn", "Withdrawn"
    cure = "If the customer asks again, log a new ask."


class AnswerNamesFeature(Conflict):
    """The ask's answer is about its feature, so the ask cannot move to another one."""

    slug, title = "answer-names-feature", "The answer is about this feature"
    cure = "Supersede the answer first, or withdraw the ask and log it anew on the right feature."


@dataclass(frozen=True)
class Origin:
    """How an ask reached us. `name` tells sources of external ids apart, one from another."""

    source: Source
    name: str


FROM_API = Origin(Source.api, "api")
FROM_FORM = Origin(Source.form, "form")
FROM_IMPORT = Origin(Source.import_, "import")


def due_on(policy: Policy, start: date | None = None) -> date:
    """The day by which an ask that is owed an answer since `start` (today) must have one."""
    return after_workdays(start or utc_today(), policy.answer_days, policy.holidays)


def log_ask(
    session: Session,
    by: Caller,
    policy: Policy,
    new: AskNew,
    origin: Origin = FROM_API,
    *,
    logged_at: datetime | None = None,
) -> tuple[Ask, bool]:
    """Put a new ask on file: a debt from now on, due in some working days.

    Args:
        session: A writing session; the caller of this function commits.
        by: Who logs it.
        policy: In how many working days asks are answered.
        new: The ask.
        origin: How it reached us.
        logged_at: When it was logged, where that was not now; it is due counted from then.

    Returns:
        The ask, and whether it is new: the same `external_id` again gives the ask that stands.

    Raises:
        NotPermitted: `by` may not log asks.
        Invalid: The account, product, feature or deal is unknown, or they do not fit each other.
    """
    by.require(Permission.ask_log)
    if new.external_id is not None:
        names = {"source": origin.name, "name": new.external_id}
        standing = session.connection().execute(_same(), names).scalar()
        if standing is not None:
            return session.get_one(Ask, standing), False
    account = accounts.find_or_create(session, by, new.account)
    feature = _named_feature(session, new.feature_id)
    asked_on = _not_later(new.asked_on)
    first = feature is not None and _first_of_pair(session, feature.id, account.id)
    made, logged_at = _made(logged_at)
    values = {
        "id": made,
        "created_at": logged_at,
        "version": 1,
        "changed_at": logged_at,
        "changed_by": by.id,
        "account_id": account.id,
        "product_id": _product(session, new.product_id, feature),
        "feature_id": feature.id if feature else None,
        "opportunity_id": _opportunity(session, new.opportunity_id, account),
        "contact_id": accounts.find_or_add_contact(session, account, new.contact),
        "title": new.title,
        "verbatim": new.verbatim,
        "why": new.why,
        "importance": new.importance,
        "asked_on": asked_on,
        "source": origin.source,
        "source_url": new.source_url,
        "external_source": origin.name if new.external_id else None,
        "external_id": new.external_id,
        "logged_by": by.id,
        "state": AskState.unanswered,
        "response_id": None,
        "answer_due_on": due_on(policy, logged_at.date()),
        "owed_since": logged_at.date(),
        "withdrawn_reason": None,
        "withdrawn_at": None,
        "source_deleted_at": None,
    }
    # One plain statement instead of the unit of work: this is the busiest path of all.
    session.connection().execute(_insert(), values)
    ask = as_read(session, Ask, values)
    if first and feature is not None and account.lifecycle is Lifecycle.customer:
        bars.watch(session, policy, [feature.id])
    return ask, True


@cache
def _same() -> Any:
    return select(col(Ask.id)).where(
        col(Ask.external_source) == bindparam("source"),
        col(Ask.external_id) == bindparam("name"),
    )


@cache
def _insert() -> Any:
    return insert(Ask)


class _Named(NamedTuple):
    id: UUID
    product_id: UUID


@cache
def _standing() -> Any:
    return select(col(Feature.id), col(Feature.product_id)).where(
        col(Feature.id) == bindparam("wanted"), col(Feature.merged_into).is_(None)
    )


def _named_feature(session: Session, feature_id: UUID | None) -> _Named | None:
    """The feature that a new ask names, or the one that it was merged into."""
    if feature_id is None:
        return None
    found = session.connection().execute(_standing(), {"wanted": feature_id}).one_or_none()
    if found is not None:
        return _Named(*found)
    feature = families.standing_feature(session, feature_id, "feature_id")
    return _Named(feature.id, feature.product_id)


@cache
def _pair() -> Any:
    return (
        select(col(Ask.id))
        .where(
            col(Ask.feature_id) == bindparam("feature"),
            col(Ask.account_id) == bindparam("account"),
            col(Ask.state) != AskState.withdrawn,
        )
        .limit(1)
    )


def _first_of_pair(session: Session, feature_id: UUID, account_id: UUID) -> bool:
    """Whether the account asks for the feature for the first time: only then demand grows."""
    pair = {"feature": feature_id, "account": account_id}
    return session.connection().execute(_pair(), pair).first() is None


def _made(logged_at: datetime | None) -> tuple[UUID, datetime]:
    """The id of a new ask, and when it was logged.

    Lists are in the order of ids, so the id is of that time too.
    """
    if logged_at is None:
        return new_id(), utc_now()
    return uuid7(nanoseconds=int(logged_at.timestamp() * 1_000_000) * 1000), logged_at


def log_batch(
    session: Session, by: Caller, policy: Policy, items: Sequence[Any], origin: Origin = FROM_API
) -> list[tuple[Ask, bool] | DomainError]:
    """Log many asks: good ones go in, for each bad one its error stands in its place.

    Returns:
        For each item what `log_ask` gives, or the error.

    Raises:
        NotPermitted: `by` may not log asks.
    """
    by.require(Permission.ask_log)
    return [_log_one(session, by, policy, item, origin) for item in items]


def _log_one(
    session: Session, by: Caller, policy: Policy, item: Any, origin: Origin
) -> tuple[Ask, bool] | DomainError:
    try:
        new = read_ask(item)
        with session.begin_nested():
            return log_ask(session, by, policy, new, origin)
    except DomainError as error:
        return error


_NEW = TypeAdapter(AskNew)


def read_ask(item: Any) -> AskNew:
    """An ask from what JSON holds.

    Raises:
        Invalid: It is none; the errors name the fields.
    """
    try:
        return _NEW.validate_python(item)
    except ValidationError as error:
        raise not_valid(error) from None


def not_valid(error: ValidationError, *, within: Sequence[str] = ("body",)) -> Invalid:
    """A validation error as the problem that we send: where, what and why."""
    errors = [
        {"loc": [*within, *each["loc"]], "msg": _said(each["msg"]), "type": each["type"]}
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = errors[0]
    where = ".".join(str(part) for part in first["loc"][len(within) :]) or "The body"
    return Invalid(f"{where}: {first['msg']}", errors=errors)


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")


def change_ask(
    session: Session,
    by: Caller,
    policy: Policy,
    ask_id: UUID,
    change: AskChange,
    *,
    expected: int | None = None,
) -> Ask:
    """Change an ask; setting `feature_id` triages it.

    Raises:
        NotPermitted: `by` may not triage asks.
        NotFound: There is none.
        Stale: It is no longer the version `expected`.
        Withdrawn: It was withdrawn.
        AnswerNamesFeature: Its answer is about the feature that it has.
        Invalid: The feature, product or deal is unknown, or they do not fit each other.
    """
    by.require(Permission.ask_triage)
    ask = load(session, Ask, ask_id, lock=True)
    check_version(ask, expected)
    if ask.state is AskState.withdrawn:
        raise Withdrawn(f"Ask {ask.id} was withdrawn: {ask.withdrawn_reason}")
    values = given(change, NULLABLE)
    account = session.get_one(Account, ask.account_id)
    if "contact" in values:
        contact = values.pop("contact")
        values["contact_id"] = accounts.find_or_add_contact(session, account, contact)
    if values.get("opportunity_id") is not None:
        values["opportunity_id"] = _opportunity(session, values["opportunity_id"], account)
    if "feature_id" in values or "product_id" in values:
        _triage(session, ask, values)
    moved = {ask.feature_id, values.get("feature_id", ask.feature_id)} - {None}
    if revise(ask, by, values):
        bars.watch(session, policy, [each for each in moved if each is not None])
    return ask


def _triage(session: Session, ask: Ask, values: dict[str, Any]) -> None:
    wanted = values.get("feature_id", ask.feature_id)
    feature = _feature(session, wanted)
    if feature is not None and wanted != ask.feature_id:
        values["feature_id"] = feature.id
    if values.get("feature_id", ask.feature_id) != ask.feature_id and ask.response_id is not None:
        response = session.get_one(Response, ask.response_id)
        if response.feature_id not in {None, feature.id if feature else None}:
            raise AnswerNamesFeature(
                f"Ask {ask.id} was answered {response.kind!r} about feature {response.feature_id}."
            )
    product_id = values.pop("product_id", None)
    if feature is not None or product_id is not None:
        values["product_id"] = _product(session, product_id, feature)


def withdraw_ask(session: Session, by: Caller, policy: Policy, ask_id: UUID, reason: str) -> Ask:
    """Take an ask back: it stays on file with its answers, and counts nowhere.

    Raises:
        NotPermitted: `by` may not triage asks.
        NotFound: There is none.
        Withdrawn: It was withdrawn before.
    """
    by.require(Permission.ask_triage)
    ask = load(session, Ask, ask_id, lock=True)
    if ask.state is AskState.withdrawn:
        raise Withdrawn(f"Ask {ask.id} was withdrawn before: {ask.withdrawn_reason}")
    values = {"withdrawn_reason": reason, "withdrawn_at": utc_now(), "state": AskState.withdrawn}
    revise(ask, by, values)
    session.flush()
    if ask.feature_id is not None:
        bars.watch(session, policy, [ask.feature_id])
    return ask


def reopen(ask: Ask, by: Caller, policy: Policy) -> None:
    """Put an answered ask back among the debts, due anew from today."""
    values = {
        "response_id": None, "state": AskState.unanswered, "answer_due_on": due_on(policy),
        "owed_since": utc_today(),
    }  # fmt: skip
    revise(ask, by, values)


def _feature(session: Session, feature_id: UUID | None) -> Feature | None:
    if feature_id is None:
        return None
    return families.standing_feature(session, feature_id, "feature_id")


def _product(session: Session, product_id: UUID | None, feature: Feature | _Named | None) -> UUID:
    if feature is not None:
        if product_id not in {None, feature.product_id}:
            said = f"is not the product of the feature, which is {feature.product_id}"
            raise invalid("product_id", said)
        return feature.product_id
    if product_id is not None:
        return named(session, Product, product_id, "product_id").id
    known = session.exec(select(Product.id).order_by(col(Product.id)).limit(2)).all()
    if len(known) == 1:
        return known[0]
    said = "is needed, since there are several products" if known else "is needed: make one first"
    raise invalid("product_id", said, kind="missing")


def _opportunity(
    session: Session, opportunity_id: UUID | None, account: Account | accounts.Asking
) -> UUID | None:
    if opportunity_id is None:
        return None
    opportunity = named(session, Opportunity, opportunity_id, "opportunity_id")
    if opportunity.account_id != account.id:
        said = f"is a deal of another account ({opportunity.account_id})"
        raise invalid("opportunity_id", said)
    return opportunity.id


def _not_later(asked_on: date | None) -> date:
    today = utc_today()
    if asked_on is None:
        return today
    # Half the world is a day ahead of UTC for some hours.
    if (asked_on - today).days > 1:
        raise invalid("asked_on", f"{asked_on} is in the future; give the day the customer asked")
    return asked_on
