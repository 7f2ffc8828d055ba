"""A server in a thread, which can be told to fail."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Thread
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.serving import address_of, listen

TOKEN = "pat-eu1-a-token-of-invention"  # noqa: S105  # invented


@dataclass
class Fault:
    """What is answered in place of the truth."""

    status: int
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The answer."""
        return JSONResponse(self.content or {}, self.status, self.headers)


async def _broken() -> AsyncIterator[bytes]:
    yield b'{"results": ['
    raise ConnectionResetError


@dataclass
class Cut(Fault):
    """A connection that ends within the answer."""

    status: int = 200

    def response(self) -> Response:
        return StreamingResponse(_broken(), media_type="application/json")


@dataclass
class Vendor:
    """A CRM: its records, who may ask, what was asked, and what goes wrong next."""

    page: int  # records in one; less than the documented most, so that few make many
    faults: list[Fault | None] = field(default_factory=list)  # None: the truth
    asked: list[tuple[str, Any]] = field(default_factory=list)
    meanwhile: list[Callable[[], None] | None] = field(default_factory=list)  # after each answer
    url: str = ""

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        body = await request.body()
        query = dict(request.query_params)
        self.asked.append((request.url.path, body or query))
        if self.faults and (fault := self.faults.pop(0)) is not None:
            return fault.response()
        content, status = self.truth(request, body)
        if self.meanwhile and (deed := self.meanwhile.pop(0)) is not None:
            deed()
        return JSONResponse(content, status)

    def truth(self, request: Request, body: bytes) -> tuple[Any, int]:
        """What the documentation says is answered, and its status."""
        raise NotImplementedError

    def paths(self) -> list[str]:
        """What was asked for, by the last part of its address."""
        return [path for path, _sent in self.asked]


class _Place:
    """A server on a free port; whose records it serves changes from test to test."""

    def __init__(self) -> None:
        self.vendor: Vendor | None = None
        listening = listen("127.0.0.1", 0)
        self.url = address_of(listening)
        config = uvicorn.Config(self, log_config=None, lifespan="off", access_log=False)
        run = uvicorn.Server(config).run
        Thread(target=run, kwargs={"sockets": [listening]}, daemon=True).start()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        vendor = self.vendor
        response = Response(status_code=503) if vendor is None else await vendor.answer(request)
        await response(scope, receive, send)


_place = cache(_Place)  # to start and stop one takes longer than most tests


@contextmanager
def served(vendor: Vendor) -> Iterator[None]:
    """Serve a CRM on a free port."""
    place = _place()
    vendor.url, place.vendor = place.url, vendor
    try:
        yield
    finally:
        place.vendor = None
