"""How a request is read and worked on: in time, up to a size, again where two met."""

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api import auth
from api.auth import read_body
from api.observing import Observed
from api.problems import translate
from api.work import TRIES, Busy, Reply, Session, Writing
from services.errors import Invalid, TooLarge, TooSlow
from services.permissions import Caller


def arriving(parts: Iterable[Message]) -> Request:
    """A request whose body arrives in parts, and then no more."""
    waiting = iter(parts)

    async def receive() -> Message:
        message = next(waiting, None)
        return message if message is not None else await asyncio.Future[Message]()

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def part(body: bytes, *, more: bool = True) -> Message:
    """A part of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


class TestBody:
    def test_arrives_in_parts(self) -> None:
        request = arriving([part(b"a"), part(b""), part(b"b", more=False)])

        assert asyncio.run(read_body(request, 2)) == b"ab"

    def test_nothing_past_the_limit_is_read(self) -> None:
        read = 0

        def endless() -> Iterator[Message]:
            nonlocal read
            while True:
                read += 1
                yield part(b"xx")

        with pytest.raises(TooLarge, match="more than 5 bytes"):
            asyncio.run(read_body(arriving(endless()), 5))
        assert read == 3

    def test_that_does_not_end_is_not_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(auth, "BODY_SECONDS", 0.01)

        with pytest.raises(TooSlow, match="did not arrive"):
            asyncio.run(read_body(arriving([part(b"a")]), 5))

    def test_whose_sender_hangs_up_is_not_worked_on(self) -> None:
        with pytest.raises(TooSlow, match="hung up"):
            asyncio.run(read_body(arriving([part(b"a"), {"type": "http.disconnect"}]), 5))

    def test_without_a_length_is_counted(self, pm: TestClient) -> None:
        parts = (b" " * 1000 for _each in range(1100))

        assert pm.post("/api/v1/products", content=parts).status_code == 413


def test_an_answer_that_has_begun_is_cut_off(app: FastAPI) -> None:
    sent: list[Message] = []

    async def breaks(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half-way")

    async def receive() -> Message:
        return part(b"", more=False)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "app": app, "method": "GET", "path": "/", "headers": []}
    with pytest.raises(RuntimeError, match="half-way"):
        asyncio.run(Observed(breaks)(scope, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start"]


def test_what_the_framework_cannot_read_is_not_valid() -> None:
    error = translate(HTTPException(400, "There was an error parsing the body"))

    assert isinstance(error, Invalid)
    assert "parsing the body" in error.detail


def test_what_collides_again_and_again_is_given_up(app: FastAPI, admin: Caller) -> None:
    scope = {"type": "http", "app": app, "headers": [], "state": {"caller": admin}}
    write, tried = Writing(Request(scope), b"", None), 0

    def collide(_session: Session, _by: Caller) -> Reply:
        nonlocal tried
        tried += 1
        raise IntegrityError("INSERT", None, Exception("taken"))

    with pytest.raises(Busy, match="nothing was kept"):
        write(collide)
    assert tried == TRIES


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_our_own_fault_is_not_told_as_one_of_storage(
    anybody: TestClient, app: FastAPI, path: str
) -> None:
    reader = app.state.reader
    app.state.reader = None  # what no storage does

    status = anybody.get(path).status_code
    app.state.reader = reader
    assert status == 500
