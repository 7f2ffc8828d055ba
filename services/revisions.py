"""Reading and changing records that have a version: the ETag of the API."""

from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import inspect
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session

from models.base import Record, Revised, utc_now
from services.errors import NotFound, Stale, invalid
from services.permissions import Caller

Found = TypeVar("Found", bound=Record)


def load(session: Session, model: type[Found], key: UUID, *, lock: bool = False) -> Found:
    """The record with this id.

    Args:
        session: Any session; a writing one where `lock` is set.
        model: Which table.
        key: Which row.
        lock: Keep others from changing it until the transaction ends.

    Raises:
        NotFound: There is none.
    """
    found = session.get(model, key, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound(f"There is no {model.__name__.lower()} {key}.")
    return found


def named(session: Session, model: type[Found], key: UUID, field: str) -> Found:
    """The record that a body names.

    Raises:
        Invalid: There is none; the error names the field.
    """
    found = session.get(model, key)
    if found is None:
        raise invalid(field, f"there is no {model.__name__.lower()} {key}", kind="unknown_id")
    return found


def as_read(session: Session, model: type[Found], values: dict[str, Any]) -> Found:
    """A row that was just inserted by a plain statement, as if it had been read back.

    Args:
        session: The one that inserted it.
        model: Which table.
        values: Every column.
    """
    row: Found = inspect(model).class_manager.new_instance()
    for name, value in values.items():
        set_committed_value(row, name, value)
    make_transient_to_detached(row)
    session.add(row)
    return row


def check_version(record: Revised, expected: int | None) -> None:
    """Refuse a change of a version that no longer stands; None means any.

    Raises:
        Stale: It was changed meanwhile.
    """
    if expected is not None and record.version != expected:
        raise Stale(
            f"This is version {record.version} by now, and the change was made to"
            f" version {expected}."
        )


def revise(record: Revised, by: Caller, values: dict[str, Any]) -> bool:
    """Set columns, and count the version up if anything differs.

    Returns:
        Whether anything changed.
    """
    changed = {name: value for name, value in values.items() if getattr(record, name) != value}
    for name, value in changed.items():
        setattr(record, name, value)
    if changed:
        touch(record, by)
    return bool(changed)


def touch(record: Revised, by: Caller) -> None:
    """Count the version up and note who did it and when."""
    record.version += 1
    record.changed_at = max(utc_now(), record.changed_at)
    record.changed_by = by.id


def given(change: BaseModel, nullable: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields that a change names, refusing null where the field must have a value.

    Raises:
        Invalid: A field that needs a value was set to null.
    """
    values = {name: getattr(change, name) for name in change.model_fields_set}
    for name, value in values.items():
        if value is None and name not in nullable:
            raise invalid(name, "must have a value; leave it out to keep it as it is")
    return values
