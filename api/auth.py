"""Who is asking: a bearer key, or the cookie of a page; and how often they may."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pydantic_core import from_json
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.problems import MOST_FAULTS
from services import sign_in
from services.errors import Forbidden, Invalid, TooFast, TooLarge, TooSlow
from services.permissions import Caller, Permission

COOKIE = "nomaybe_session"
BODY_SECONDS = 30
LARGEST_BODY = 1024 * 1024
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """A page of another site sent this with your cookie."""

    slug, title = "cross-site", "Sent by another site"
    cure = "Open the page here and send it from there; programs use an API key instead."


class Limiter:
    """Counts requests a minute for each key or person, in this process."""

    def __init__(self, a_minute: int) -> None:
        self.allowed = a_minute
        self._item = RateLimitItemPerMinute(a_minute or 1)
        self._counter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, request: Request, who: str) -> None:
        """Count one request, and leave the figures for the headers of its answer.

        Raises:
            TooFast: There were too many in this minute.
        """
        if not self.allowed:
            return
        within = self._counter.hit(self._item, who)
        reset_at, remaining = self._counter.get_window_stats(self._item, who)
        seconds = max(1, round(reset_at - time.time()))
        request.state.rate = (self.allowed, max(0, remaining), seconds)
        if not within:
            raise TooFast(f"More than {self.allowed} requests in a minute.", retry_after=seconds)


def same_origin(request: Request) -> bool:
    """Whether a page of ours, or no browser at all, sent the request.

    Source: Fetch Metadata Request Headers (W3C); browsers without them send `Origin`.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return origin.split("://", 1)[-1] == request.headers.get("host")


def identify(request: Request) -> Caller:
    """Who sends a request.

    Raises:
        NotSignedIn: Nobody we know.
        CrossSite: Another site uses somebody's cookie.
    """
    scheme, _space, key = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(COOKIE)
    with Session(request.app.state.glance) as session:
        if scheme.lower() == "bearer" and key:
            return sign_in.caller_of_key(session, key.strip())
        if scheme:
            raise sign_in.NotSignedIn("Only `Authorization: Bearer nmk_...` is understood.")
        if cookie is None:
            raise sign_in.NotSignedIn("No key and no session came with the request.")
        if request.method not in SAFE and not same_origin(request):
            raise CrossSite("The request came from a page of another site.")
        return sign_in.caller_of_session(session, cookie)


class StrictRequest(Request):
    """A request that is read strictly: in time, up to a size, and JSON by the letter.

    So there is no NaN, no lone surrogate and no bottomless depth in what endpoints get.
    """

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            TooSlow: It did not arrive in time.
            TooLarge: It is larger than we read.
        """
        if not hasattr(self, "_body"):
            self._body = await read_body(self, LARGEST_BODY)
        return self._body

    async def json(self) -> Any:
        """The body as JSON.

        Raises:
            JSONDecodeError: It is none.
        """
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


async def read_body(request: Request, largest: int) -> bytes:
    """The whole body of a request, at most `largest` bytes.

    Raises:
        TooSlow: It did not arrive in time.
        TooLarge: It is larger; nothing past the limit is read.
    """
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced[:19]) > largest:
        raise TooLarge(f"The body has {announced[:19]} bytes; at most {largest} are read.")
    parts, length = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                length += len(part)
                if length > largest:
                    raise TooLarge(f"The body has more than {largest} bytes.")
                parts.append(part)
    except TimeoutError:
        raise TooSlow(f"The body did not arrive within {BODY_SECONDS} seconds.") from None
    except ClientDisconnect:
        raise TooSlow("The sender hung up before the body was whole.") from None
    return b"".join(parts)


class KnownCallers(APIRoute):
    """A route that knows who is asking, and whether they may, before it reads what they send."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        wanted = [found for each in self.dependencies if (found := _permission(each.dependency))]
        # What is looked at here need not be solved again for each request.
        self.dependant.dependencies = [
            each for each in self.dependant.dependencies if _permission(each.call) is None
        ]
        handler = super().get_route_handler()
        takes_query = bool(self.dependant.query_params)

        async def authenticated(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            caller = await run_in_threadpool(identify, request)
            request.state.caller = caller
            request.app.state.limiter.count(request, str(caller.principal))
            for permission in wanted:
                caller.require(permission)
            _check_address(request)
            if request.scope["query_string"] and not takes_query:
                raise _no_query(request)
            await request.body()
            return await handler(request)

        return authenticated


def _check_address(request: Request) -> None:
    """Refuse what is no UTF-8: read leniently, two different addresses would become one."""
    for part in (request.scope["raw_path"], request.scope["query_string"]):
        try:
            (unquote_to_bytes(part) if b"%" in part else part).decode()
        except UnicodeDecodeError:
            raise Invalid("The address is not UTF-8; write it so, each byte as %XX.") from None


def _no_query(request: Request) -> Invalid:
    """That an address takes no query parameters; those that take some refuse unknown ones."""
    said = "is not known here; this address takes no query parameters"
    faults = [
        {"loc": ["query", name], "msg": said, "type": "extra_forbidden"}
        for name in [*dict.fromkeys(request.query_params)][:MOST_FAULTS]
    ]
    return Invalid(f"The query {said}.", errors=faults)


def _permission(dependency: Any) -> Permission | None:
    found: Permission | None = getattr(dependency, "permission", None)
    return found


def needs(permission: Permission) -> Any:
    """Refuse early whoever may not do this; the service asks again, so that no way in forgets."""

    async def check(request: Request) -> None:  # no thread for a set look-up
        caller: Caller = request.state.caller
        caller.require(permission)

    check.permission = permission  # type: ignore[attr-defined]  # for `KnownCallers` and the tests
    return Depends(check)
