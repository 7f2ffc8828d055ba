"""Outbound messages of Salesforce: XML from outside, read within bounds.

Source: Salesforce, SOAP API Developer Guide, "Outbound Messaging". No DTD is let in, nothing is
fetched, and neither depth nor size nor the length of a tag is left to the sender.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder  # only the tree

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from services.errors import Invalid, invalid

ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"

LARGEST = 8 * 1024 * 1024  # a hundred notifications of usual size are 52 KB
DEEPEST = 12
PART = 16 * 1024
LONGEST_TAG = 64 * 1024
HEAD = 64 * 1024  # in which the organization stands
MOST_SHOWN = 80

ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv='
    b'"http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns='
    b'"http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)
# With whatever prefix, also where the end is cut off.
_SESSION = r"(<((?:[\w.-]+:)?SessionId)\b[^<>]*(?<!/)>).*?(</\2\s*>|\Z)"
_IN_BYTES = re.compile(_SESSION.encode(), re.DOTALL | re.IGNORECASE)
_IN_TEXT = re.compile(_SESSION, re.DOTALL | re.IGNORECASE)
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")


@dataclass(frozen=True)
class Notification:
    """One record in a message: its type, and its fields; None where a field is nil."""

    id: str
    type: str
    fields: Mapping[str, str | None]


@dataclass(frozen=True)
class Message:
    """A message with up to a hundred notifications; in place of one that is none, its fault."""

    organization: str
    notifications: list[Notification | Invalid]


class _Found(Exception):
    """The organization was read, and nothing further is wanted."""


class _Bounded(TreeBuilder):
    """Builds no deeper than messages are."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[Any, Any], /) -> Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise invalid("", f"is nested deeper than {DEEPEST} elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


class _Head(_Bounded):
    """Stops at the organization."""

    def end(self, tag: str, /) -> Element:
        element = super().end(tag)
        if tag == f"{OUTBOUND}OrganizationId":
            raise _Found((element.text or "").strip())
        return element


def read(body: bytes) -> Message:
    """The message in a body.

    Raises:
        Invalid: It is none, or past the bounds.
    """
    if len(body) > LARGEST:
        raise invalid("", f"has {len(body)} bytes; messages are read up to {LARGEST}")
    root = _parsed(body, _Bounded())
    bodies = root.findall(f"{ENVELOPE}Body") if root.tag == f"{ENVELOPE}Envelope" else []
    if len(bodies) != 1:
        raise invalid("Envelope", "must be a SOAP envelope with one body")
    messages = bodies[0].findall(f"{OUTBOUND}notifications")
    if len(messages) != 1 or len(bodies[0]) != 1:
        raise invalid("notifications", "is needed once in the body: this is no outbound message")
    organizations = messages[0].findall(f"{OUTBOUND}OrganizationId")
    if len(organizations) != 1:
        raise invalid("OrganizationId", "is needed once", kind="missing")
    found = messages[0].findall(f"{OUTBOUND}Notification")
    if not found:
        raise invalid("Notification", "is needed; there is none", kind="missing")
    return Message((organizations[0].text or "").strip(), [_notification(each) for each in found])


def organization(body: bytes) -> str | None:
    """The organization at the beginning of a body, or None where none can be read."""
    try:
        _parsed(body[:HEAD], _Head())
    except _Found as found:
        return str(found)
    except Invalid:
        return None
    return None


def without_session(body: bytes) -> bytes:
    """A body without the session that organizations sent until February 2026."""
    if not body.startswith(_WIDE):
        return _IN_BYTES.sub(rb"\1\3", body)
    encoding = "utf-16-be" if body.startswith((b"\xfe\xff", b"\x00")) else "utf-16-le"
    text = body.decode(encoding, "replace")
    stripped = _IN_TEXT.sub(r"\1\3", text)
    return body if stripped == text else stripped.encode(encoding)


def _parsed(body: bytes, target: TreeBuilder) -> Element:
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        for start in range(0, len(body), PART):
            parser.feed(body[start : start + PART])
            if start + PART - parser.parser.CurrentByteIndex > LONGEST_TAG + 2 * PART:
                raise invalid("", f"has a tag of more than {LONGEST_TAG} bytes")
        root = parser.close()
    except DefusedXmlException:
        raise invalid("", "has a DTD or entities, which no message needs") from None
    except (ParseError, ValueError, LookupError) as error:
        said = str(error)[:MOST_SHOWN]
        raise invalid("", f"is no XML that we read: {said}", kind="xml_invalid") from None
    if not isinstance(root, Element):
        raise invalid("", "is no XML that we read: there is nothing in it", kind="xml_invalid")
    return root


def _notification(element: Element) -> Notification | Invalid:
    key = (element.findtext(f"{OUTBOUND}Id") or "").strip()
    records = element.findall(f"{OUTBOUND}sObject")
    if not key:
        return invalid("Notification.Id", "is needed", kind="missing")
    if len(records) != 1:
        return invalid("Notification.sObject", "is needed once", kind="missing")
    fields: dict[str, str | None] = {}
    for each in records[0]:
        name = each.tag.rpartition("}")[2]
        is_nil = each.get(f"{INSTANCE}nil") in {"true", "1"}
        fields[name] = None if is_nil else (each.text or "")
    kind = records[0].get(f"{INSTANCE}type", "").rpartition(":")[2]
    return Notification(key, kind, fields)
