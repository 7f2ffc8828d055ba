"""Bodies that something went wrong with: bits flipped, cut off, other types, nested too deep."""

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**53 + 1, 10**400, 1.5, -0.0, float("nan"), float("inf"), "", " ",
    "\x00", "\ud800", "é" * 300, "A" * 5000, "2026-02-30", "9999-12-31T23:59:59-23:59", [], {},
    [[]], {"": None}, ["a", 1, None], {"value": {"value": {}}}, "<b>&amp;</b>", "=1+1",
)  # fmt: skip
DEEP = 5000  # as deep as one is nested


def mutated(luck: Random, body: bytes) -> bytes:
    """The body, changed in one to three ways."""
    for _time in range(luck.randint(1, 3)):
        body = luck.choice(_WAYS)(luck, body)
    return body


def _flipped(luck: Random, body: bytes) -> bytes:
    found = bytearray(body)
    for _bit in range(luck.randint(1, 8) if found else 0):
        found[luck.randrange(len(found))] ^= 1 << luck.randrange(8)
    return bytes(found)


def _cut(luck: Random, body: bytes) -> bytes:
    start, end = sorted(luck.randrange(len(body) + 1) for _ in range(2))
    return luck.choice((body[:end], body[start:], body[:start] + body[end:]))


def _doubled(luck: Random, body: bytes) -> bytes:
    start, end = sorted(luck.randrange(len(body) + 1) for _ in range(2))
    return body[:end] + body[start:end] * luck.randint(1, 3) + body[end:]


def _spliced(luck: Random, body: bytes) -> bytes:
    at = luck.randrange(len(body) + 1)
    return body[:at] + luck.randbytes(luck.randint(1, 20)) + body[at:]


def _retyped(luck: Random, body: bytes) -> bytes:
    """Another value in place of one, or of one element's text."""
    return _changed(luck, body, lambda _old: luck.choice(ODD))


def _nested(luck: Random, body: bytes) -> bytes:
    depth = luck.choice((1, 2, 100, DEEP))
    if luck.random() < 0.5:
        return b"[" * depth + body + b"]" * depth
    return b'{"a":' * depth + body + b"}" * depth


def _wrapped(luck: Random, body: bytes) -> bytes:
    return _changed(luck, body, lambda old: luck.choice(([old], {"value": old}, [old, old])))


def _without(luck: Random, body: bytes) -> bytes:
    """Without one of its keys, or one of its elements."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        found = list(re.finditer(rb"<(\w[\w:]*)[^<>]*>[^<>]*</\1>|<\w[^<>]*>", body))
        if not found:
            return body
        one = luck.choice(found)
        return body[: one.start()] + body[one.end() :]
    places = [place for place in _places(content) if place]
    if places:
        *path, last = luck.choice(places)
        inner = content
        for each in path:
            inner = inner[each]
        del inner[last]
    return json.dumps(content).encode()


def _changed(luck: Random, body: bytes, change: Callable[[Any], Any]) -> bytes:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        found = list(re.finditer(rb">([^<>]*)<", body))
        if not found:
            return body
        one = luck.choice(found)
        new = str(change(one[1].decode("latin-1"))).encode("utf-8", "surrogatepass")
        return body[: one.start(1)] + new + body[one.end(1) :]
    *path, last = ["", *luck.choice(list(_places(content)))]
    whole = {"": content}
    inner: Any = whole
    for each in path:
        inner = inner[each]
    inner[last] = change(inner[last])
    return json.dumps(whole[""], ensure_ascii=luck.random() < 0.5).encode("utf-8", "surrogatepass")


def _places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside: list[Any] = []
    if isinstance(content, dict):
        inside = list(content.items())
    elif isinstance(content, list):
        inside = list(enumerate(content))
    found = [path]
    for key, value in inside:
        found += _places(value, (*path, key))
    return found


_WAYS = (_flipped, _cut, _doubled, _spliced, _retyped, _retyped, _nested, _wrapped, _without)
