"""Canonical bytes of what is held fast in the chain, and their hashes: encodings 1 and 2.

A value is a tag of one byte, the length of its body in eight bytes, the highest first, and the
body. So nothing can be shifted from one value into the next, nothing is not the same as empty, and
neither the database nor a library of JSON has a say. The encoding never changes: another one gets
another number, which is kept in the link. Links of erasures have encoding 2, all others 1. They
differ in one thing: in 2, what stands for the words is followed by a seal.

===  ===================  =====================================================================
tag  value                body
===  ===================  =====================================================================
n    nothing (NULL)       empty
o    true or false        1 or 0
i    whole number         decimal digits; money is such a number of minor units
d    binary fraction      the shortest decimal that reads back as the same number
s    text                 UTF-8, as it is stored: what came in another normal form stays in it
b    bytes                themselves
u    id                   its 16 bytes
D    day                  2026-11-23
T    instant              2026-11-23T09:30:00.000000Z: in UTC, always with microseconds
l    list                 its items, encoded, one after the other
m    names with values    each name and its value, encoded, in the order of the names' code points
===  ===================  =====================================================================
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

ENCODING, SEALED = 1, 2
LENGTH = 32  # bytes of a hash, of a salt, of a seal
GENESIS = bytes(LENGTH)  # what the first link follows
_LINK, _PERSONAL = b"nomaybe chain link 1\n", b"nomaybe chain personal 1\n"
_ERASURE = b"nomaybe chain erasure 2\n"


def encode(value: Any) -> bytes:
    """The canonical bytes of a value, the same whichever database it came from.

    Raises:
        TypeError: There is no encoding for such a value.
    """
    found = _WAYS.get(type(value))
    if found is None:  # an enum is a text, for instance
        found = next((way for kind, way in _WAYS.items() if isinstance(value, kind)), None)
    if found is None:
        raise TypeError(f"a {type(value).__name__} has no canonical bytes")
    tag, body_of = found
    body = body_of(value)
    return tag + len(body).to_bytes(8, "big") + body


def _instant(value: datetime) -> bytes:
    at = value.astimezone(UTC).replace(tzinfo=None)
    return at.isoformat(timespec="microseconds").encode() + b"Z"


def _list(values: list[Any]) -> bytes:
    return b"".join(map(encode, values))


_name = lru_cache(maxsize=1024)(encode)  # the same ones for every record


def _names(values: dict[str, Any]) -> bytes:
    return b"".join([_name(name) + encode(values[name]) for name in sorted(values)])


def _nothing(_value: Any) -> bytes:
    return b""


_WAYS: dict[type, tuple[bytes, Callable[[Any], bytes]]] = {
    str: (b"s", str.encode),
    type(None): (b"n", _nothing),
    UUID: (b"u", lambda value: value.bytes),
    bool: (b"o", lambda value: b"%d" % value),
    int: (b"i", lambda value: b"%d" % value),
    datetime: (b"T", _instant),  # before the days, of which it is one to Python
    date: (b"D", lambda value: value.isoformat().encode()),
    dict: (b"m", _names),
    list: (b"l", _list),
    bytes: (b"b", bytes),
    float: (b"d", lambda value: repr(value).encode()),
}


def personal_digest(salt: bytes, values: dict[str, Any]) -> bytes:
    """What stands in the chain for texts and names. Source: HMAC-SHA-256 (RFC 2104)."""
    return hmac.digest(salt, _PERSONAL + encode(values), "sha256")


def link_digest(
    previous: bytes, seq: int, kind: str, record_id: UUID, plain: dict[str, Any], personal: bytes
) -> bytes:
    """The hash of a link. Source: SHA-256 (FIPS 180-4).

    Args:
        previous: The hash of the link before it, or `GENESIS`.
        seq: Its number in the chain, from 1.
        kind: What kind of record it holds fast.
        record_id: Which one.
        plain: What may never be erased of the record.
        personal: What stands for the rest of it.
    """
    said = encode([seq, kind, record_id, plain, personal])
    return hashlib.sha256(_LINK + previous + said).digest()


def erasure_bytes(
    previous: bytes, seq: int, record_id: UUID, plain: dict[str, Any], personal: bytes
) -> bytes:
    """What is sealed of an erasure: all that its link holds fast, and its place in the chain."""
    return _ERASURE + previous + encode([seq, record_id, plain, personal])
