"""Units of work: one request, one transaction, ended before the answer leaves."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from pydantic_core import to_json
from sqlmodel import Session
from starlette.datastructures import State

from models.database import Engines, collided
from services import idempotency
from services.errors import Conflict, Stale, Unconditional
from services.permissions import Caller
from services.policy import Policy
from services.vault import CannotUnseal, Vault

__all__ = [
    "Caller",
    "Expected",
    "Post",
    "Read",
    "Reply",
    "Session",
    "Write",
    "created",
    "etag",
    "page",
    "transaction",
]

Done = TypeVar("Done")

JSON = "application/json"
TRIES = 4


class Busy(Conflict):
    """Others changed the same things at the same moment, again and again."""

    slug, title = "busy", "Others were faster"
    cure = "Send it again."


class AnswerSealed(Conflict):
    """The request was done before; its answer was erased, or sealed with a key that is gone."""

    slug, title = "answer-sealed", "Done before, but the answer cannot be read"
    cure = "Look whether the effect is there; if you need another one, send it with a new key."


@dataclass(frozen=True)
class Reply:
    """What a request is answered with: a shape, rows, or bytes that are JSON already."""

    content: Any = None
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The content as JSON."""
        if isinstance(self.content, bytes):
            return self.content
        return b"" if self.status == HTTPStatus.NO_CONTENT else to_json(self.content)


def etag(version: int) -> dict[str, str]:
    """The header that names a version of a resource."""
    return {"ETag": f'"{version}"'}


def created(content: Any, path: str, key: UUID, version: int | None = None) -> Reply:
    """The answer to a POST that made something at `/api/v1/{path}/{key}`."""
    headers = {"Location": f"/api/v1/{path}/{key}"}
    return Reply(content, HTTPStatus.CREATED, headers | (etag(version) if version else {}))


def page(items: Any, next_cursor: str | None) -> Reply:
    """A page of a list."""
    return Reply({"items": items, "next_cursor": next_cursor})


def transaction(state: State, deed: Callable[[Session], Done]) -> Done:
    """Write in one transaction; again where two met, kept whole or not at all.

    Args:
        state: The application's, as `api.app.furnish` fills it.
        deed: What to do; it may be done several times.

    Raises:
        Busy: They met again and again.
    """
    for _try in range(TRIES):
        try:
            with (
                state.turn,
                Session(state.writer, expire_on_commit=False) as session,
                session.begin(),
            ):
                return deed(session)
        except Exception as error:
            if not collided(error):
                raise
    raise Busy("Others changed the same things at the same moment; nothing was kept.")


class Reading:
    """Reads in one snapshot, in which the database itself refuses every write."""

    def __init__(self, request: Request) -> None:
        self._engines: Engines = request.app.state.engines
        self.policy: Policy = request.app.state.policy
        self._by: Caller = request.state.caller

    def __call__(self, deed: Callable[[Session, Caller], Reply]) -> Response:
        """Do it and answer with what it gives."""
        return self._in(Session(self._engines.reader), deed)

    def glance(self, deed: Callable[[Session, Caller], Reply]) -> Response:
        """Likewise, where one statement reads all that can change: it is a snapshot by itself."""
        return self._in(Session(self._engines.glance), deed)

    def _in(self, reading: Session, deed: Callable[[Session, Caller], Reply]) -> Response:
        with reading as session:
            reply = deed(session, self._by)
            body = reply.body()
        return Response(body, reply.status, reply.headers, JSON)


class Writing:
    """Writes in one transaction: kept whole before the answer leaves, or not at all.

    With an `Idempotency-Key` the answer is written in the same transaction, and given again to
    whoever repeats the request. It is sealed, because it may show a secret for the only time.
    """

    def __init__(self, request: Request, body: bytes, key: str | None) -> None:
        self._state = request.app.state
        self._vault: Vault = request.app.state.vault
        self.policy: Policy = request.app.state.policy
        self._by: Caller = request.state.caller
        self._key = key
        self._fingerprint = ""
        if key is not None:
            parts = (request.method, request.url.path, request.url.query)
            said = "\n".join(parts).encode() + b"\n" + body
            self._fingerprint = hashlib.sha256(said).hexdigest()

    def __call__(self, deed: Callable[[Session, Caller], Reply]) -> Response:
        """Do it and answer with what it gives; do it again where two transactions met.

        Raises:
            Busy: They met again and again.
            KeyReused: The key came with another request before.
            AnswerSealed: It came with this one, and the first answer cannot be opened.
        """
        return transaction(self._state, lambda session: self._once(session, deed))

    def _once(self, session: Session, deed: Callable[[Session, Caller], Reply]) -> Response:
        if self._key is None:
            reply = deed(session, self._by)
            session.flush()
            return Response(reply.body(), reply.status, reply.headers, JSON)
        principal = self._by.principal or self._by.id
        first = idempotency.begin(session, principal, self._key, self._fingerprint)
        if first is not None:
            again = {**(first.headers or {}), "Idempotency-Replayed": "true"}
            return Response(self._opened(first.body), first.status or 200, again, JSON)
        reply = deed(session, self._by)
        session.flush()
        body = reply.body()
        sealed = self._vault.seal(body)
        idempotency.keep(session, principal, self._key, reply.status, reply.headers, sealed)
        return Response(body, reply.status, reply.headers, JSON)

    def _opened(self, sealed: bytes | None) -> bytes:
        if sealed is None:
            raise AnswerSealed("This was done before, and a person was erased since.")
        try:
            return self._vault.open(sealed)
        except CannotUnseal as error:
            raise AnswerSealed(f"This was done before. {error}") from None


async def _writing(request: Request) -> Writing:  # no thread for a constructor
    return Writing(request, b"", None)


async def _posting(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern="^[ -~]+$",
            description="The same key and body give the first answer again.",
        ),
    ] = None,
) -> Writing:
    return Writing(request, await request.body(), idempotency_key)


async def _reading(request: Request) -> Reading:  # no thread for a constructor
    return Reading(request)


async def _expected(
    if_match: Annotated[
        str | None, Header(description="The `ETag` that the change is made to.")
    ] = None,
) -> int | None:
    """The version that a change is made to; None for `*`, any.

    Raises:
        Unconditional: The header is missing.
        Stale: It names no version of ours.
    """
    if if_match is None:
        raise Unconditional("Send the `ETag` of what you read back as `If-Match`.")
    tag = if_match.strip()
    if tag == "*":
        return None
    if tag.startswith('"') and tag.endswith('"') and tag[1:-1].isascii() and tag[1:-1].isdigit():
        return int(tag[1:-1][:18])
    raise Stale(f'{tag[:40]!r} is no ETag of ours; it looks like "3".')


Read = Annotated[Reading, Depends(_reading)]
Write = Annotated[Writing, Depends(_writing)]
Post = Annotated[Writing, Depends(_posting)]
Expected = Annotated[int | None, Depends(_expected)]
