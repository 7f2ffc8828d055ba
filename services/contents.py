"""What the chain holds fast of each kind of record, read in the same way on either database."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Enum, Select, String, select, type_coerce
from sqlalchemy.orm import Session  # the chain is kept in whatever session writes
from sqlmodel import col

from models.account import Contact
from models.base import Model
from models.chain import ErasedKind, Erasure, LinkKind
from models.commitment import Commitment, CommitmentRelease
from models.response import Response, ResponseChoice, Told
from services.storage import as_ours


@dataclass(frozen=True)
class Fields:
    """Which columns of a table are in the chain: `plain` for good, `personal` until erased.

    A column that a table gains later goes into `later`: it is plain, and in a link only where it
    holds something, so that the links of older rows stay right.
    """

    table: type[Model]
    plain: tuple[str, ...]
    personal: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    key: str = "id"


@dataclass(frozen=True)
class Content:
    """What a link holds fast."""

    plain: dict[str, Any]
    personal: dict[str, Any]


# Encoding 1. Free text is personal, since it may name somebody.
FIELDS: dict[LinkKind, Fields] = {
    LinkKind.response: Fields(
        Response,
        (
            "created_at", "ask_id", "feature_id", "kind", "basis", "workaround", "contractual",
            "evidence", "author_id", "supersedes",
        ),
        (
            "how", "message", "contract_reference", "hedge_override", "hedges",
            "supersedes_reason",
        ),
    ),
    LinkKind.commitment: Fields(
        Commitment,
        (
            "created_at", "response_id", "ask_id", "feature_id", "opportunity_id", "due_on",
            "contractual",
        ),
        ("contract_reference", "owner_email"),
    ),
    LinkKind.release: Fields(
        CommitmentRelease, ("created_at", "author_id"), ("reason",), key="commitment_id"
    ),
    LinkKind.told: Fields(
        Told, ("created_at", "response_id", "contact_id", "channel", "told_on", "author_id")
    ),
    LinkKind.erasure: Fields(Erasure, ("created_at", "kind", "record_id")),
}  # fmt: skip
PERSON = ("name", "email")  # of a contact: what is personal about having told somebody
KINDS: dict[type[Model], LinkKind] = {each.table: kind for kind, each in FIELDS.items()}


def column(table: type[Model], name: str) -> Any:
    """A column; a word that its enum does not know is read too, for it may have been tampered."""
    found = table.__table__.columns[name]  # type: ignore[attr-defined]
    return type_coerce(found, String()).label(name) if isinstance(found.type, Enum) else found


def content_of(
    kind: LinkKind, record: Any, order: Sequence[tuple[int, UUID]], personal: dict[str, Any] | None
) -> Content:
    """What is held fast of a record, whether it is an object or a row.

    Args:
        kind: What it is.
        record: Where its columns are attributes.
        order: The places of a ranked answer, and what stands there.
        personal: What of other records is personal about this one; None: nothing.
    """
    fields = FIELDS[kind]
    plain = {name: getattr(record, name) for name in fields.plain}
    if fields.later:
        gained = {name: getattr(record, name) for name in fields.later}
        plain |= {name: value for name, value in gained.items() if value is not None}
    if kind is LinkKind.response:
        plain["order"] = [[position, feature] for position, feature in order]
    own = {name: getattr(record, name) for name in fields.personal}
    return Content(plain, own | (personal or {}))


def read(session: Session, kind: LinkKind, ids: Collection[UUID]) -> dict[UUID, Content | None]:
    """What is on file of these records; of those that are not there, nothing.

    None stands for one that is not stored as the service stores it, though it reads the same.
    """
    fields = FIELDS[kind]
    names = (*fields.plain, *fields.personal, *fields.later)
    statement, key = _columns(fields, names)
    ours = as_ours(session, fields.table, names).label("ours")
    statement = statement.add_columns(ours).where(key.in_(ids))
    rows = {row[0]: row for row in session.execute(statement).all()}
    places: dict[UUID, list[tuple[int, UUID] | None]] = defaultdict(list)
    others: Mapping[UUID, dict[str, Any]] = {}
    if kind is LinkKind.response:
        places = _orders(session, ids)
    elif kind is LinkKind.told:
        others = _people_told(session, ids)
    elif kind is LinkKind.erasure:
        others = targets(session, [(row.kind, row.record_id, row[0]) for row in rows.values()])
    found: dict[UUID, Content | None] = {}
    for each, row in rows.items():
        order = places[each]
        right = row.ours and None not in order
        chosen = [place for place in order if place]
        found[each] = content_of(kind, row, chosen, others.get(each)) if right else None
    return found


def targets(
    session: Session, erased: Collection[tuple[str, UUID, UUID]]
) -> dict[UUID, dict[str, Any]]:
    """What is personal, and left, in the records that persons were taken out of.

    Args:
        session: Any session.
        erased: The kind and the id of each record, and the id to give what was found under.
    """
    found: dict[UUID, dict[str, Any]] = {}
    for kind in {each[0] for each in erased}:
        ids = {record for one, record, _key in erased if one == kind}
        left = _left(session, kind, ids)
        found |= {
            key: left[record] for one, record, key in erased if one == kind and record in left
        }
    return found


def _left(session: Session, kind: str, ids: Collection[UUID]) -> Mapping[UUID, dict[str, Any]]:
    if kind == ErasedKind.contact:
        return _rows(session, Fields(Contact, (), PERSON), ids)
    if kind == ErasedKind.told:
        return _people_told(session, ids)
    if kind in {ErasedKind.response, ErasedKind.commitment, ErasedKind.release}:
        return _rows(session, FIELDS[LinkKind(kind)], ids)
    return {}


def _rows(session: Session, fields: Fields, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    statement, key = _columns(fields, fields.personal)
    return {
        row[0]: {name: getattr(row, name) for name in fields.personal}
        for row in session.execute(statement.where(key.in_(ids)))
    }


def _people_told(session: Session, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    statement = (
        select(col(Told.id), col(Contact.name), col(Contact.email))
        .join(Contact, col(Contact.id) == col(Told.contact_id))
        .where(col(Told.id).in_(ids))
    )
    return {key: {"name": name, "email": email} for key, name, email in session.execute(statement)}


def _orders(session: Session, ids: Collection[UUID]) -> dict[UUID, list[tuple[int, UUID] | None]]:
    of, place = col(ResponseChoice.response_id), col(ResponseChoice.position)
    ours = as_ours(session, ResponseChoice, ("feature_id",))
    statement = select(of, place, col(ResponseChoice.feature_id), ours)
    found: dict[UUID, list[tuple[int, UUID] | None]] = defaultdict(list)
    rows = session.execute(statement.where(of.in_(ids)).order_by(of, place)).all()
    for response, position, feature, right in rows:
        found[response].append((position, feature) if right else None)
    return found


def _columns(fields: Fields, names: Sequence[str]) -> tuple[Select[Any], Any]:
    key = column(fields.table, fields.key)
    return select(key.label("key"), *(column(fields.table, name) for name in names)), key
