"""The deals of CRMs, kept as opportunities."""

from decimal import Decimal
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from models.account import Account, ExternalRef
from models.ask import Ask, AskChange, AskState
from models.money import CURRENCIES, decimals
from models.opportunity import (
    Opportunity,
    OpportunityByRef,
    OpportunityChange,
    OpportunityRef,
    Outcome,
)
from services import asks, capture, finding, opportunities, references
from services.capture import Sender
from services.crm import records
from services.records import Record, survivor

LONGEST_NAME, LONGEST_STAGE = 200, 64
MERGED = "merged"  # the stage of a deal that became another one


def keep(
    session: Session, sender: Sender, record: Record, account: Account | None
) -> Opportunity | None:
    """Bring the opportunity of a deal up to date; a new one needs an account.

    Returns:
        The opportunity, that of the surviving deal where this one was merged away; None where
        there is none and no account for it.

    Raises:
        DomainError: What the CRM tells cannot be kept; the error names the field.
    """
    last = survivor(session, record)
    if last.key != record.key:
        _merge(session, sender, record, last)
    ref = ExternalRef(source=last.source, id=last.key)
    standing = by_ref(session, last)
    fields = _fields(sender, last)
    if standing is not None:
        if not fields:
            return standing
        change = capture.shaped(OpportunityChange, fields | {"external_refs": [ref]})
        return opportunities.change_opportunity(
            session, sender.by, sender.policy, standing.id, change
        )
    if account is None:
        return None
    new = {"name": last.label, "account_id": account.id} | fields
    made = capture.shaped(OpportunityByRef, new)
    return opportunities.put_opportunity(session, sender.by, sender.policy, ref, made)[0]


def lost_to_feature(sender: Sender, record: Record) -> bool:
    """Whether a deal was lost for a reason that stands for a feature."""
    return _fields(sender, record).get("lost_to_feature_id") is not None


def by_ref(session: Session, record: Record) -> Opportunity | None:
    """The opportunity that a CRM calls so; people who type references leave out whose it is."""
    found = finding.opportunity_by_ref(session, record.source, record.key)
    if found is None:
        system, name = record.source.partition(":")[0], record.key.rpartition(":")[2]
        found = finding.opportunity_by_ref(session, system, name)
    return found


def _merge(session: Session, sender: Sender, record: Record, last: Record) -> None:
    """Let the asks and the reference of a deal go over to the one that it was merged into."""
    lost = finding.opportunity_by_ref(session, record.source, record.key)
    if lost is None:
        return
    standing = by_ref(session, last)
    if standing is None:
        ref = ExternalRef(source=last.source, id=last.key)
        references.add(session, OpportunityRef, lost.id, [ref])
        return
    if standing.id == lost.id or standing.account_id != lost.account_id:
        return
    moving = select(Ask.id).where(Ask.opportunity_id == lost.id, Ask.state != AskState.withdrawn)
    for ask_id in session.exec(moving.order_by(col(Ask.id))).all():
        change = AskChange(opportunity_id=standing.id)
        asks.change_ask(session, sender.by, sender.policy, ask_id, change)
    session.execute(
        update(OpportunityRef)
        .where(col(OpportunityRef.opportunity_id) == lost.id)
        .values(opportunity_id=standing.id)
    )
    gone = OpportunityChange(stage=MERGED, amount=None)
    opportunities.change_opportunity(session, sender.by, sender.policy, lost.id, gone)


def _fields(sender: Sender, record: Record) -> dict[str, Any]:
    """What the CRM has told of a deal, and nothing else: the rest stays as it is on file."""
    found: dict[str, Any] = {}
    name = records.line(record.get("opportunity.name"), LONGEST_NAME)
    if name is not None:
        found["name"] = name
    if "opportunity.stage" in record.said:
        found["stage"] = records.line(record.get("opportunity.stage"), LONGEST_STAGE)
    if "opportunity.amount" in record.said:
        found["amount"] = _amount(sender, record)
    for field in ("probability", "close_on"):
        if f"opportunity.{field}" in record.said:
            found[field] = record.get(f"opportunity.{field}")
    outcome = record.get("opportunity.outcome")
    if outcome is not None:
        found["outcome"] = outcome
        reason = record.get("opportunity.lost_reason") if outcome == Outcome.lost else None
        lost_to = sender.settings.lost_reasons.get(reason) if reason else None
        found["lost_to_feature_id"] = lost_to
    return found


def _amount(sender: Sender, record: Record) -> dict[str, str] | None:
    """The amount in its currency, or in that of reports; nothing where it is no amount."""
    amount = records.number(record.get("opportunity.amount"))
    currency = (record.get("opportunity.currency") or sender.policy.currency).upper()
    if amount is None or currency not in CURRENCIES:
        return None
    exact = amount.quantize(Decimal(1).scaleb(-decimals(currency)))
    return {"amount": format(exact, "f"), "currency": currency}
