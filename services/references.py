"""Names that other systems give to accounts and deals."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from models.account import AccountRef, ExternalRef
from models.opportunity import OpportunityRef
from services.errors import Conflict


class ReferenceTaken(Conflict):
    """Another one has that external reference, and it can name only one."""

    slug, title = "reference-taken", "The reference names another one"
    cure = "Use the one that has the reference, or merge the two."


Table = type[AccountRef] | type[OpportunityRef]


def _owner(table: Table) -> Any:
    return col(AccountRef.account_id) if table is AccountRef else col(OpportunityRef.opportunity_id)


@cache
def _called(table: Table) -> Any:
    return select(_owner(table)).where(
        col(table.source) == bindparam("source"), col(table.external_id) == bindparam("name")
    )


def find(session: Session, table: Table, source: str, external_id: str) -> UUID | None:
    """The id of what another system calls `external_id`, or None."""
    session.flush()
    # By the connection: CRMs ask thousands of times, and the session would treble the cost.
    names = {"source": source, "name": external_id}
    found: UUID | None = session.connection().execute(_called(table), names).scalar()
    return found


def of(
    session: Session, table: Table, owner_ids: Sequence[UUID]
) -> dict[UUID, list[dict[str, str]]]:
    """The external references of each of these records, as they are sent."""
    rows = session.execute(
        select(_owner(table), col(table.source), col(table.external_id))
        .where(_owner(table).in_(owner_ids))
        .order_by(col(table.source), col(table.external_id))
    )
    found: dict[UUID, list[dict[str, str]]] = {owner_id: [] for owner_id in owner_ids}
    for owner_id, source, external_id in rows:
        found[owner_id].append({"source": source, "id": external_id})
    return found


def name_new(
    session: Session, table: Table, owner_id: UUID, ref: ExternalRef, others: Sequence[ExternalRef]
) -> None:
    """Give a new record the reference that it was looked up by in vain, unless `others` has it.

    Whoever makes one of that name at this moment collides with it, tries again, and finds it. To
    look once more would refuse the second one instead.
    """
    if ref not in others:
        _insert(session, table, owner_id, ref)


def add(session: Session, table: Table, owner_id: UUID, refs: Sequence[ExternalRef]) -> bool:
    """Give a record more external references; those that it has stay.

    Returns:
        Whether any was new.

    Raises:
        ReferenceTaken: One of them names another record.
    """
    added = False
    for ref in refs:
        owner = find(session, table, ref.source, ref.id)
        if owner is not None and owner != owner_id:
            raise ReferenceTaken(f"{ref.source} {ref.id!r} names {owner} already.")
        if owner is None:
            _insert(session, table, owner_id, ref)
            added = True
    return added


def _insert(session: Session, table: Table, owner_id: UUID, ref: ExternalRef) -> None:
    key = "account_id" if table is AccountRef else "opportunity_id"
    session.add(table(source=ref.source, external_id=ref.id, **{key: owner_id}))
    session.flush()
