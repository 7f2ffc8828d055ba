"""Triage of many asks at once: good ones are kept, each bad one has its error told."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from models.ask import Ask, AskChange
from models.feature import Feature
from services import asks, families
from services.errors import DomainError, invalid
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import load


def triage_asks(
    session: Session, by: Caller, policy: Policy, ask_ids: Sequence[UUID], feature_id: UUID | None
) -> dict[UUID, DomainError | None]:
    """Say for many asks which feature they are for, in one transaction.

    Args:
        session: A writing session; the caller of this function commits.
        by: Who triages.
        policy: What the operator decided of bars.
        ask_ids: The asks; a feature of another product than an ask's is refused.
        feature_id: The feature; None takes the asks back to those that are not triaged.

    Returns:
        For each ask None where it was changed, or why it was not.

    Raises:
        NotPermitted: `by` may not triage asks.
        Invalid: There is no such feature.
    """
    by.require(Permission.ask_triage)
    feature = None
    if feature_id is not None:
        feature = families.standing_feature(session, feature_id, "feature_id")
    # In the order of their ids, so that two who triage the same asks never wait for each other.
    return {each: _one(session, by, policy, each, feature) for each in sorted(set(ask_ids))}


def _one(
    session: Session, by: Caller, policy: Policy, ask_id: UUID, feature: Feature | None
) -> DomainError | None:
    try:
        with session.begin_nested():
            ask = load(session, Ask, ask_id)
            # A feature would bring its product along, which could not be taken back.
            if feature is not None and feature.product_id != ask.product_id:
                raise invalid("feature_id", "is of another product than the ask")
            change = AskChange(feature_id=feature.id if feature else None)
            asks.change_ask(session, by, policy, ask_id, change)
    except DomainError as error:
        return error
    return None
