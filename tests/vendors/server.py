"""A server of one's own in a thread, which can be told to fail."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

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


@contextmanager
def served(vendor: Vendor) -> Iterator[None]:
    """Serve a CRM on a free port."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        response = await vendor.answer(Request(scope, receive))
        await response(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0))
    vendor.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(application, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
