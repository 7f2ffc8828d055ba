"""What one may do with a deal."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.account import Account, ExternalRef
from models.feature import Feature
from models.opportunity import (
    Opportunity,
    OpportunityByRef,
    OpportunityChange,
    OpportunityFields,
    OpportunityNew,
    OpportunityRef,
    OpportunitySeen,
    Outcome,
)
from services import accounts, paging, references
from services.errors import invalid
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import check_version, given, load, named, revise, touch

NULLABLE = frozenset({"amount", "stage", "probability", "close_on", "lost_to_feature_id"})


def create_opportunity(
    session: Session, by: Caller, policy: Policy, new: OpportunityNew
) -> Opportunity:
    """Put a deal on file; one that is won makes a customer of a prospect.

    Raises:
        NotPermitted: `by` may not change deals.
        Invalid: The account or the feature is unknown, or it is lost to a feature without `lost`.
        ReferenceTaken: Another deal has one of the references.
    """
    by.require(Permission.account_write)
    return _create(session, by, policy, new.account_id, new.name, new)


def _create(
    session: Session,
    by: Caller,
    policy: Policy,
    account_id: UUID,
    name: str,
    fields: OpportunityFields,
) -> Opportunity:
    account = named(session, Account, account_id, "account_id")
    values = _columns(fields, OpportunityFields.model_fields.keys())
    opportunity = Opportunity(
        account_id=account.merged_into or account.id, name=name, changed_by=by.id, **values
    )
    _check(session, opportunity)
    session.add(opportunity)
    session.flush()
    references.add(session, OpportunityRef, opportunity.id, fields.external_refs)
    if opportunity.outcome is Outcome.won:
        accounts.win(session, by, policy, opportunity.account_id)
    return opportunity


def seen(session: Session, *opportunities: Opportunity) -> list[OpportunitySeen]:
    """Deals as they are sent."""
    refs = references.of(session, OpportunityRef, [deal.id for deal in opportunities])
    names = OpportunitySeen.model_fields.keys() - {"external_refs"}
    return [
        OpportunitySeen(
            **{name: getattr(deal, name) for name in names}, external_refs=refs[deal.id]
        )
        for deal in opportunities
    ]


def get_opportunity(session: Session, by: Caller, opportunity_id: UUID) -> Opportunity:
    """Read one deal.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is none.
    """
    by.require(Permission.ask_read)
    return load(session, Opportunity, opportunity_id)


def list_opportunities(  # a list is filtered and sliced
    session: Session,
    by: Caller,
    *,
    limit: int,
    cursor: str | None = None,
    account_id: Sequence[UUID] = (),
    outcome: Sequence[Outcome] = (),
) -> tuple[list[OpportunitySeen], str | None]:
    """List deals, oldest first, and where the next page begins.

    Raises:
        NotPermitted: `by` may not read.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.ask_read)
    statement = select(Opportunity)
    if account_id:
        statement = statement.where(col(Opportunity.account_id).in_(account_id))
    if outcome:
        statement = statement.where(col(Opportunity.outcome).in_(outcome))
    statement = paging.by_id(statement, col(Opportunity.id), cursor, descending=False)
    rows, more = paging.cut(session.exec(statement.limit(limit + 1)).all(), limit)
    return seen(session, *rows), paging.encode([rows[-1].id]) if more else None


def change_opportunity(
    session: Session,
    by: Caller,
    policy: Policy,
    opportunity_id: UUID,
    change: OpportunityChange,
    *,
    expected: int | None = None,
) -> Opportunity:
    """Change a deal; winning it makes a customer of a prospect.

    Raises:
        NotPermitted: `by` may not change deals.
        NotFound: There is none.
        Stale: It is no longer the version `expected`.
        Invalid: The feature is unknown, or it is lost to a feature without `lost`.
    """
    by.require(Permission.account_write)
    opportunity = load(session, Opportunity, opportunity_id, lock=True)
    check_version(opportunity, expected)
    _change(session, by, policy, opportunity, change)
    return opportunity


def put_opportunity(
    session: Session, by: Caller, policy: Policy, ref: ExternalRef, change: OpportunityByRef
) -> tuple[Opportunity, bool]:
    """Make or change the deal that another system names; winning it makes a customer.

    Returns:
        The deal, and whether it is new.

    Raises:
        NotPermitted: `by` may not change deals.
        Invalid: It is new and has no account or name, or it would move to another account.
    """
    by.require(Permission.account_write)
    found = references.find(session, OpportunityRef, ref.source, ref.id)
    if found is None:
        for field in ("account_id", "name"):
            if field not in change.model_fields_set:
                said = f"{ref.source} {ref.id!r} is new, so it needs `account_id` and `name`"
                raise invalid(field, said)
        if change.account_id is None:
            raise invalid("account_id", "must name an account")
        opportunity = _create(session, by, policy, change.account_id, change.name, change)
        references.name_new(session, OpportunityRef, opportunity.id, ref, change.external_refs)
        return opportunity, True
    opportunity = load(session, Opportunity, found, lock=True)
    if change.account_id is not None:
        account = named(session, Account, change.account_id, "account_id")
        if (account.merged_into or account.id) != opportunity.account_id:
            said = f"the deal belongs to account {opportunity.account_id} and stays there"
            raise invalid("account_id", said)
    _change(session, by, policy, opportunity, change)
    return opportunity, False


def _change(
    session: Session,
    by: Caller,
    policy: Policy,
    opportunity: Opportunity,
    change: OpportunityChange | OpportunityByRef,
) -> None:
    names = given(change, NULLABLE | {"account_id"}).keys() - {"external_refs", "account_id"}
    if references.add(session, OpportunityRef, opportunity.id, change.external_refs):
        touch(opportunity, by)
    before = opportunity.outcome
    revise(opportunity, by, _columns(change, names))
    _check(session, opportunity)
    session.flush()
    if opportunity.outcome is Outcome.won and before is not Outcome.won:
        accounts.win(session, by, policy, opportunity.account_id)


def _columns(fields: OpportunityFields, names: Any) -> dict[str, Any]:
    values = {name: getattr(fields, name) for name in names if name != "external_refs"}
    if "amount" in values:
        amount = values.pop("amount")
        values["amount_minor"] = amount.minor if amount else None
        values["amount_currency"] = amount.currency if amount else None
    if "probability" in values:
        values["probability_ppm"] = values.pop("probability")
    return values


def _check(session: Session, opportunity: Opportunity) -> None:
    if opportunity.lost_to_feature_id is None:
        return
    if opportunity.outcome is not Outcome.lost:
        raise invalid("lost_to_feature_id", "goes with the outcome `lost`, and with no other")
    named(session, Feature, opportunity.lost_to_feature_id, "lost_to_feature_id")
