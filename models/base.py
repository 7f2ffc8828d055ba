"""What every table shares: metadata, constraint names, UTC time, identity, kinds of text."""

import re
import unicodedata
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StringConstraints,
)
from sqlalchemy import (
    Date,
    DateTime,
    Dialect,
    Enum,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
    type_coerce,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from uuid_utils.compat import uuid7

Choice = TypeVar("Choice", bound=StrEnum)

LARGEST_INT = 2_147_483_647  # PostgreSQL's `integer`; SQLite would take more and differ


class Model(
    SQLModel,
    registry=registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_N_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        )
    ),
):
    """Base of every table; gives each constraint a predictable name.

    Assignments are validated: without it a table takes any word for an enum, and one such row
    breaks every later read of its table.
    """

    model_config = {"validate_assignment": True}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC, to the microsecond, on SQLite as on PostgreSQL.

    SQLite stores no offset: we store UTC and give the offset back on reading.
    Binding a naive datetime is an error, never a guess.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: say which time zone it is in")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainId(TypeDecorator[Any]):
    """An id as the driver gives it, written as JSON has it; for reading only."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, str):
            return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"
        return value


class PlainInstant(TypeDecorator[Any]):
    """An instant as the driver gives it, written as JSON has it; for reading only."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, str):
            return f"{value[:10]}T{value[11:]}Z"
        return value


def plain(column: Any) -> Any:
    """A column whose values come as the driver gives them: fit for JSON, at half the cost."""
    kind = column.type
    if isinstance(kind, Uuid):
        return type_coerce(column, PlainId())
    if isinstance(kind, UtcDateTime):
        return type_coerce(column, PlainInstant())
    if isinstance(kind, Enum | Date):
        return type_coerce(column, String())
    return column


def utc_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # the one place that asks the clock


def utc_today() -> date:
    """The present day, in UTC."""
    return utc_now().date()


def new_id() -> UUID:
    """A new UUIDv7: later ids sort after earlier ones."""
    return uuid7()


def choice(words: type[Choice]) -> Enum:
    """The column type of an enum: its values as text, held to them by a CHECK constraint."""
    return Enum(
        words,
        name=words.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def instant(**options: Any) -> Any:
    """A required column that holds an instant."""
    return Field(sa_type=UtcDateTime, **options)


class Record(Model):
    """A row with an identity and a birthday."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = instant(default_factory=utc_now)


class Revised(Record):
    """A record that changes: its version is its ETag, its earlier values are kept by a trigger."""

    version: int = Field(default=1, ge=1, le=LARGEST_INT)
    changed_at: datetime = instant(default_factory=utc_now)
    changed_by: UUID | None = Field(default=None, foreign_key="app_user.id")


_FORBIDDEN_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN_IN_LINE = re.compile(
    "[\x00-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def clean_line(value: str) -> str:
    """A line of text as it is, or a ValueError that names the character in the way."""
    found = _FORBIDDEN_IN_LINE.search(value)
    if found:
        raise ValueError(
            f"holds the character U+{ord(found[0]):04X} at position {found.start()};"
            " a line of text has no control characters and no line breaks"
        )
    if value and not any(unicodedata.category(letter)[0] not in "CZ" for letter in value):
        raise ValueError("holds nothing that can be seen; say it in words")
    return value


def _clean_text(value: str) -> str:
    found = _FORBIDDEN_IN_TEXT.search(value)
    if found:
        raise ValueError(
            f"holds the character U+{ord(found[0]):04X} at position {found.start()};"
            " a text may hold line breaks and tabs, but no other control characters"
        )
    return value


def _clean_email(value: str) -> str:
    value = value.lower()  # first: some letters become two
    if not re.fullmatch(r"[^@\s<>\"(),:;\\\[\]]{1,64}@[^@\s<>\"(),:;\\\[\]]{1,189}", value):
        raise ValueError(f"{value!r} is no e-mail address; write it like kim@acme.example")
    return value


def _clean_domain(value: str) -> str:
    value = value.lower().removesuffix(".")
    label = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
    if not re.fullmatch(rf"{label}(?:\.{label})+", value):
        raise ValueError(f"{value!r} is no domain; write it like acme.example, without https://")
    return value


def _clean_url(value: str) -> str:
    if not re.match(r"https?://[^\s/]", value):
        raise ValueError("must be a web address that starts with https:// or http://")
    return value


def _written_day(value: Any) -> Any:
    if isinstance(value, date) or (
        isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
    ):
        return value
    raise ValueError("is no date; write it like 2026-11-23")


def _no_text(value: Any) -> Any:
    if isinstance(value, str | bool):
        raise ValueError("must be a number, not text and not true or false")  # noqa: TRY004
    return value


_STRIPPED = {"strip_whitespace": True}
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, **_STRIPPED),
    AfterValidator(clean_line),
]
Word = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, **_STRIPPED),
    AfterValidator(clean_line),
]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000, **_STRIPPED),
    AfterValidator(_clean_text),
]
Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254, **_STRIPPED),
    AfterValidator(clean_line),
    AfterValidator(_clean_email),
]
Domain = Annotated[
    str,
    StringConstraints(min_length=3, max_length=253, **_STRIPPED),
    AfterValidator(clean_line),
    AfterValidator(_clean_domain),
]
WebAddress = Annotated[
    str,
    StringConstraints(min_length=8, max_length=2_000, **_STRIPPED),
    AfterValidator(clean_line),
    AfterValidator(_clean_url),
]


Day = Annotated[date, BeforeValidator(_written_day)]  # else numbers count as seconds since 1970
Flag = StrictBool  # else "off" and 1 count too
Count = Annotated[int, BeforeValidator(_no_text)]


class Shape(BaseModel):
    """What comes in: an unknown field is refused, never ignored."""

    model_config = ConfigDict(extra="forbid")


class Seen(BaseModel):
    """What goes out: every field is always sent, so none has a default."""

    model_config = ConfigDict(from_attributes=True)
