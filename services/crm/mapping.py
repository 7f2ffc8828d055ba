"""From the fields of a sender to those of an ask."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from models.ask import AskNew
from models.connector import ConnectorSettings
from models.response import NO_MAYBE
from services.crm.dialect import Told
from services.errors import Invalid, invalid

FLAT = {
    "account_id": "account.id",
    "account_domain": "account.domain",
    "account_name": "account.name",
    "account_ref_source": "account.external_ref.source",
    "account_ref_id": "account.external_ref.id",
    "contact_name": "contact.name",
    "contact_email": "contact.email",
}
FIELDS = frozenset(AskNew.model_fields) | FLAT.keys() | set(FLAT.values())
# What somebody might send who takes a delivery for an answer.
ANSWERS = frozenset({"answer", "basis", "kind", "response", "responses", "state", "verdict"})
SHOWN = 60  # characters of a foreign name in a message
MOST_SHOWN = 5

_NOTHING = object()


def check_settings(settings: ConnectorSettings) -> None:
    """Refuse a mapping that names what is no field of an ask.

    Raises:
        Invalid: It names the field.
    """
    for name, path in settings.fields.items():
        if name not in FIELDS:
            known = ", ".join(sorted(FIELDS))
            said = f"{name[:SHOWN]!r} is no field of an ask; these are: {known}"
            raise invalid("settings.fields", said, kind="unknown_field")
        if not path:
            said = f"{name!r} needs the dotted path of the sender's field"
            raise invalid("settings.fields", said)


def asks_in(content: Any, settings: ConnectorSettings) -> list[Told | Invalid]:
    """The asks in what a sender sent; in place of each that cannot be read, what is wrong."""
    found = _at(content, settings.items) if settings.items else content
    if found is _NOTHING:
        said = "there is nothing in the body where the connector's settings say that the asks are"
        return [invalid(settings.items, said, kind="missing")]
    if isinstance(found, list):
        return [_told(item, settings, [index]) for index, item in enumerate(found)]
    return [_told(found, settings, [])]


def _told(item: Any, settings: ConnectorSettings, where: list[int]) -> Told | Invalid:
    try:
        if not isinstance(item, dict):
            raise invalid("", "is no ask; an ask is an object such as {'title': ..., ...}")
        return Told(_nested(_named(item, settings.fields)))
    except Invalid as error:
        for each in error.errors:
            each["loc"][1:1] = where
        return error


def _named(item: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """What an item says, by the names of our fields."""
    if not fields:
        unknown = [name for name in item if name not in FIELDS]
        if unknown:
            raise _unknown(unknown)
        return dict(item)
    own = {name: value for name, value in item.items() if name in FIELDS and name not in fields}
    mapped = {name: _at(item, path) for name, path in fields.items()}
    return own | {name: value for name, value in mapped.items() if value is not _NOTHING}


def _unknown(names: list[str]) -> Invalid:
    answers = [name[:SHOWN] for name in names if name.lower() in ANSWERS]
    others = [name[:SHOWN] for name in names if name.lower() not in ANSWERS]
    faults = [
        (answers, f"an ask brings no answer with it; {NO_MAYBE}"),
        (others, "no field of an ask; map it in the connector's settings, or leave it out"),
    ]
    return Invalid(
        "; ".join(f"{', '.join(some[:MOST_SHOWN])}: {said}" for some, said in faults if some),
        errors=[
            {"loc": ["body", name], "msg": said, "type": "unknown_field"}
            for some, said in faults
            for name in some[:MOST_SHOWN]
        ],
    )


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Flat and dotted names put where they belong, and what is empty left out."""
    ask: dict[str, Any] = {}
    for name, value in values.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        *path, last = FLAT.get(name, name).split(".")
        inner = ask
        for step in path:
            inner = inner.setdefault(step, {})
            if not isinstance(inner, dict):
                raise invalid(name, f"cannot be put into {step}, which is no object")
        if last in inner:
            raise invalid(name, "is given twice, under two names")
        inner[last] = _as_text(value)
    if isinstance(ask.get("asked_on"), str):
        ask["asked_on"] = _day(ask["asked_on"])
    return ask


def _as_text(value: Any) -> Any:
    """Numbers as text, as no field of an ask is a number but ids often look like one."""
    if isinstance(value, dict):
        return {name: _as_text(each) for name, each in value.items() if each is not None}
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and isfinite(value):
        return str(value)
    return value


def _day(text: str) -> str:
    """The day of an instant, in UTC; senders know when a form was sent, to the second."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return instant.date().isoformat()


def _at(content: Any, path: str) -> Any:
    """What is at a dotted path; numbers count the places of a list from 0."""
    if isinstance(content, dict) and path in content:
        return content[path]
    for step in path.split("."):
        if isinstance(content, dict) and step in content:
            content = content[step]
        elif isinstance(content, list) and step.isdecimal() and int(step[:9]) < len(content):
            content = content[int(step[:9])]
        else:
            return _NOTHING
    return content
