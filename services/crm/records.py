"""What CRMs have in common: records with properties, some of which are told in our words."""

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import TypeAdapter, ValidationError

from models.base import Domain, Email, Text, clean_line
from models.connector import ConnectorSettings
from services.errors import Invalid, invalid

# Of an ask; what a CRM tells besides becomes an account, a contact or an opportunity.
ASK = ("title", "verbatim", "why", "importance", "source_url")
ACCOUNT = ("account.name", "account.domain")
CONTACT = ("contact.name", "contact.email")
OPPORTUNITY = (
    "opportunity.name",
    "opportunity.amount",
    "opportunity.currency",
    "opportunity.stage",
    "opportunity.probability",
    "opportunity.close_on",
    "opportunity.outcome",
    "opportunity.lost_reason",
)
FIELDS = frozenset((*ASK, *ACCOUNT, *CONTACT, *OPPORTUNITY))
GONE, MERGED_INTO = "gone", "merged_into"
YES, PRIMARY, OTHER = "yes", "primary", "other"
COMPANY, PERSON, DEAL = "company", "contact", "deal"

LONGEST_ID = 50  # with its kind it is the name of a field
MOST_LINKS = 20
TO = ">"
LONGEST_KEY = 300
SHOWN = 60
LONGEST_INSTANT = 40
MILLISECONDS_FROM = 10**11  # as seconds it is the year 5138, as milliseconds 1973

_TEXT, _DOMAIN, _EMAIL = TypeAdapter(Text), TypeAdapter(Domain), TypeAdapter(Email)

Named = Mapping[str, Mapping[str, str]]  # by kind of record: our field to theirs


def check_settings(settings: ConnectorSettings) -> None:
    """Refuse a mapping that names what is told of no record.

    Raises:
        Invalid: It names the field.
    """
    for name, theirs in settings.fields.items():
        if name not in FIELDS:
            known = ", ".join(sorted(FIELDS))
            said = f"{name[:SHOWN]!r} is nothing that a CRM tells us; these are: {known}"
            raise invalid("settings.fields", said, kind="unknown_field")
        if not theirs:
            said = f"{name!r} needs the name of the CRM's property"
            raise invalid("settings.fields", said)
    if settings.organization_id is not None:
        identity("settings.organization_id", settings.organization_id)


def theirs(kind: str, named: Named, settings: ConnectorSettings) -> dict[str, str]:
    """Our fields that a kind of record tells, and what the CRM calls them."""
    own = {COMPANY: ACCOUNT, PERSON: CONTACT, DEAL: OPPORTUNITY}.get(kind, ())
    names = {**named.get("", {}), **named.get(kind, {}), **settings.fields}
    return {name: names[name] for name in (*ASK, *own) if name in names}


def label(settings: ConnectorSettings, property_: str, value: str | None) -> str | None:
    """What an option of theirs is called, as the settings say; else the option itself."""
    return None if value is None else settings.labels.get(property_, {}).get(value, value)


def link(kind: str, key: str) -> str:
    """The field that links a record to another one."""
    return f"{kind}{TO}{key}"


def outcome(
    stage: str | None,
    settings: ConnectorSettings,
    won: Collection[str] = (),
    lost: Collection[str] = (),
) -> str:
    """How a deal in a stage ended, by what the CRM has itself and what the settings add."""
    if stage in {*won, *settings.won_stages}:
        return "won"
    return "lost" if stage in {*lost, *settings.lost_stages} else "open"


def text(field: str, value: Any) -> str | None:
    """A property as text; numbers as they are written, and nothing where it is empty.

    Raises:
        Invalid: It is a list or an object.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float | str):
        raise invalid(field, "must be text or a number")
    written = str(value).strip()
    try:
        return _TEXT.validate_python(written) if written else None
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise invalid(field, said) from None


def line(written: str | None, most: int) -> str | None:
    """A text in one line, cut where it is too long."""
    found = " ".join((written or "").split())
    return (found if len(found) <= most else found[: most - 1].rstrip() + "…") or None


def email(written: str | None) -> str | None:
    """An e-mail address, or nothing where it is none."""
    try:
        return _EMAIL.validate_python(written)
    except ValidationError:
        return None


def identity(field: str, value: Any) -> str:
    """An id as text, digit by digit.

    Raises:
        Invalid: It is none.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        found = str(value)
    elif isinstance(value, str):
        found = value.strip()
    else:
        raise invalid(field, "is needed: the id, as a whole number or as text", kind="missing")
    if not 0 < len(found) <= LONGEST_ID:
        raise invalid(field, f"must be an id of at most {LONGEST_ID} characters")
    try:
        return clean_line(found)
    except ValueError as error:
        raise invalid(field, str(error)) from None


def instant(value: Any) -> datetime | None:
    """An instant as CRMs write it: ISO 8601, or seconds or milliseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    written = str(value).strip()
    try:
        if written.isascii() and written.isdigit() and len(written) < LONGEST_INSTANT:
            count = int(written)
            return datetime.fromtimestamp(count / (1000 if count >= MILLISECONDS_FROM else 1), UTC)
        found = datetime.fromisoformat(written[:LONGEST_INSTANT])
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def day(value: str | None) -> str | None:
    """The day of an instant, or a day as it is; nothing where it is neither."""
    found = instant(value)
    return found.date().isoformat() if found else None


def domain(value: str | None) -> str | None:
    """The domain of a web address, or a domain as it is; nothing where it is neither."""
    found = re.sub(r"^[a-z]+://", "", (value or "").lower()).partition("/")[0]
    try:
        return _DOMAIN.validate_python(found.partition(":")[0].removeprefix("www."))
    except ValidationError:
        return None


def fraction(value: str | None, *, percent: bool = False) -> str | None:
    """A probability from 0 to 1 as decimal text; nothing where it is none."""
    found = number(value)
    if found is None:
        return None
    found = found / 100 if percent else found
    return format(round(found, 6), "f") if found <= 1 else None


def number(value: str | None) -> Decimal | None:
    """A number that is not negative, or nothing."""
    try:
        found = Decimal(value or "")
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 <= found < Decimal(10) ** 15 else None


def hashed(*parts: Any) -> str:
    """A key of any length for what is told apart by all of these."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode("utf-8", "replace")).hexdigest()


def key(*parts: str) -> str:
    """A key that can be read, unless it would be too long."""
    plain = " ".join(parts)
    return plain if len(plain) <= LONGEST_KEY else hashed(*parts)


def pinned(wanted: str | None, field: str, organization: str | None) -> None:
    """Refuse what another organization tells than the one wanted, if one is.

    Raises:
        Invalid: It names the field.
    """
    if wanted is not None and organization is not None and organization != wanted:
        said = f"{organization[:SHOWN]!r} is not {wanted!r}, whose records this connector takes"
        raise invalid(field, said)


def at(error: Invalid, *where: int) -> Invalid:
    """The same error of a record at a place in a list."""
    for each in error.errors:
        each["loc"][1:1] = where
    return error
