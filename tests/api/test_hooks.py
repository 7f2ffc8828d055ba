"""Where senders post to: stored and acknowledged, or neither."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text
from sqlmodel import Session
from starlette.types import Message

from api import hooks, inlet
from models.base import utc_now
from tests.api.conftest import Hear
from tests.databases import ON_SQLITE
from tests.factories import Make
from tests.senders import ACME, BEARER, SAMPLES, Sender, sender, signed

ASK = {"title": "SSO", "account": ACME}
HOSTILE = sorted((SAMPLES / "hostile").iterdir())
HUGE = {
    "a title of 1 MB": b'{"title": "' + b"A" * 1_000_000 + b'"}',
    "100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "10,000 asks": json.dumps([ASK] * 10_000).encode(),
    "a field name of 1 MB": b'{"' + b"x" * 1_000_000 + b'": 1}',
}


@pytest.fixture
def outside(boss: TestClient, make: Make) -> Sender:
    """A sender with the generic dialect."""
    make.product()
    return sender(boss)


class TestReceived:
    def test_an_authentic_call_is_acknowledged(self, outside: Sender) -> None:
        answer = outside.post(ASK)

        assert (answer.status_code, answer.json()) == (200, {"received": True})
        assert answer.headers["Content-Type"] == "application/json"

    def test_it_is_kept_before_it_is_read(self, outside: Sender) -> None:
        outside.post(ASK)

        assert [each["state"] for each in outside.inbox()] == ["received"]
        assert outside.asks() == []

    def test_read_it_is_an_ask(self, outside: Sender) -> None:
        delivery = outside.deliver(ASK)

        (ask,) = outside.asks()
        assert delivery["asks"] == [ask["id"]]
        assert (ask["title"], ask["source"], ask["state"]) == ("SSO", "webhook", "unanswered")

    def test_a_signed_one_too(self, boss: TestClient, make: Make) -> None:
        make.product()
        outside = sender(boss, "standard_webhooks")
        body = json.dumps({"type": "ask.created", "data": ASK}).encode()

        delivery = outside.deliver(body, **signed("msg_1", body))

        assert (delivery["state"], len(outside.asks())) == ("processed", 1)

    def test_a_form_too(self, outside: Sender) -> None:
        body = b"title=SSO&account_domain=acme.example&account_name=Acme"

        delivery = outside.deliver(body, **{"Content-Type": "application/x-www-form-urlencoded"})

        assert delivery["state"] == "processed"

    def test_the_same_event_again_is_acknowledged_and_a_duplicate(self, outside: Sender) -> None:
        outside.post(ASK)

        assert outside.post(ASK).status_code == 200
        outside.read()
        assert [each["state"] for each in outside.inbox()] == ["duplicate", "processed"]
        assert len(outside.asks()) == 1

    def test_equal_ones_at_once_are_one_ask(self, outside: Sender) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _each: outside.post(ASK), range(24)))

        outside.read()
        assert {answer.status_code for answer in answers} == {200}
        assert (len(outside.inbox()), len(outside.asks())) == (24, 1)

    def test_different_ones_at_once_are_all_there(self, outside: Sender) -> None:
        bodies = [ASK | {"title": f"Wish {number}"} for number in range(40)]

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(outside.post, bodies))

        outside.read()
        assert {ask["title"] for ask in outside.asks()} == {body["title"] for body in bodies}

    def test_no_rate_limit_is_counted(self, outside: Sender) -> None:
        assert "RateLimit" not in outside.post(ASK).headers

    def test_it_is_counted_by_state(self, outside: Sender) -> None:
        outside.deliver(ASK)
        outside.post(ASK, "a-wrong-secret-16")

        figures = outside.boss.get("/metrics").text
        for state in ("received", "processed", "refused"):
            assert f'nomaybe_deliveries_total{{kind="generic",state="{state}"}} 1.0' in figures


class TestRefused:
    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer nope", f"Basic {BEARER}", f"Bearer {BEARER} "]
    )
    def test_a_wrong_secret_is_not_authentic(self, outside: Sender, header: str) -> None:
        answer = outside.post(ASK, Authorization=header)

        assert answer.status_code == (200 if header.strip() == f"Bearer {BEARER}" else 401)

    def test_the_problem_says_what_to_do(self, outside: Sender) -> None:
        answer = outside.post(ASK, "a-wrong-secret-16")

        assert answer.json()["type"] == "/problems/not-authentic"
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_it_is_kept_apart(self, outside: Sender) -> None:
        outside.post(ASK, "a-wrong-secret-16")
        outside.read()

        assert [each["state"] for each in outside.inbox()] == ["refused"]
        assert outside.asks() == []

    def test_an_old_signature_is_refused(self, boss: TestClient) -> None:
        outside = sender(boss, "standard_webhooks")
        headers = signed("msg_1", b"{}", utc_now() - timedelta(seconds=302))

        assert outside.post(b"{}", **headers).status_code == 401

    def test_nothing_stored_holds_a_secret(self, outside: Sender, session: Session) -> None:
        outside.post(ASK)
        outside.post(ASK, "a-mistyped-secret", Cookie="sid=a-cookie", **{"X-Token": "a-token"})

        stored = ""
        for table in ("delivery", "delivery_status", "delivery_event", "connector"):
            stored += str(session.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608  # fixed names
        for planted in (BEARER, "a-mistyped-secret", "a-cookie", "a-token"):
            assert planted not in stored


class TestNotThere:
    def test_looks_the_same_whatever_is_wrong(self, outside: Sender) -> None:
        key = outside.connector["id"]
        paths = [
            f"/hooks/generic/{uuid4()}",
            f"/hooks/standard_webhooks/{key}",
            f"/hooks/hubspot/{key}",
            f"/hooks/generic/{key}x",
            "/hooks/nothing/at-all",
            "/nothing/at/all",
        ]

        answers = [outside.boss.post(path, json=ASK) for path in paths]

        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.text for answer in answers}) == 1

    def test_a_disabled_connector_is_not_there(self, outside: Sender) -> None:
        outside.change(enabled=False)

        assert outside.post(ASK).status_code == 404

    def test_only_posting_is_possible(self, outside: Sender) -> None:
        assert outside.boss.get(outside.path).status_code == 405


class TestTooLarge:
    def test_a_body_at_the_limit_is_taken(self, outside: Sender) -> None:
        assert outside.post(b" " * hooks.LARGEST).status_code == 200

    def test_one_past_it_is_not(self, outside: Sender) -> None:
        answer = outside.post(b" " * (hooks.LARGEST + 1))

        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")

    def test_one_that_does_not_say_its_length_neither(self, outside: Sender) -> None:
        def parts() -> Iterator[bytes]:
            for _part in range(11):
                yield b" " * 1024 * 1024

        assert outside.boss.post(outside.path, content=parts()).status_code == 413

    def test_it_is_counted(self, outside: Sender) -> None:
        outside.post(b" " * (hooks.LARGEST + 1))

        counted = 'nomaybe_deliveries_total{kind="generic",state="too_large"} 1.0'
        assert counted in outside.boss.get("/metrics").text

    def test_afterwards_nothing_is_held(self, outside: Sender, app: FastAPI) -> None:
        outside.post(b" " * (hooks.LARGEST + 1))
        outside.post(ASK)

        app.state.inlet.hold(inlet.MOST_BYTES)  # all of it is free


class TestHostile:
    @pytest.mark.parametrize("sample", HOSTILE, ids=lambda sample: str(sample.stem))
    def test_is_stored_and_parked_with_a_reason(self, outside: Sender, sample: Path) -> None:
        body = sample.read_bytes()

        delivery = outside.deliver(body)

        assert delivery["state"] == "parked"
        assert ": " in delivery["reason"]
        assert delivery["bytes"] == len(body)

    @pytest.mark.parametrize("body", HUGE.values(), ids=HUGE)
    def test_huge_ones_too(self, outside: Sender, body: bytes) -> None:
        delivery = outside.deliver(body)

        assert delivery["state"] == "parked"
        assert len(delivery["reason"]) < 1000

    @pytest.mark.parametrize("name", ["Idempotency-Key", "User-Agent", "Content-Type"])
    def test_a_header_of_any_letters_is_stored(self, outside: Sender, name: str) -> None:
        value = "x" * 5000 + "\xff"

        answer = outside.boss.post(
            outside.path,
            content=b"{}",
            headers=[
                (b"authorization", f"Bearer {BEARER}".encode()),
                (name.encode(), value.encode("latin-1")),
            ],
        )

        assert answer.status_code == 200
        assert outside.last()["headers"][name.lower()].startswith("x" * 5000)


class TestUnavailable:
    def test_no_room_is_503_and_says_when_to_come_again(
        self, outside: Sender, app: FastAPI
    ) -> None:
        app.state.inlet.hold(inlet.MOST_BYTES - 10)

        answer = outside.post(ASK)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json()["type"] == "/problems/storage-unavailable"

    def test_a_table_that_is_gone_is_503_and_nothing_is_acknowledged(
        self, outside: Sender, session: Session
    ) -> None:
        session.execute(text("ALTER TABLE delivery RENAME TO elsewhere"))
        session.commit()

        answer = outside.post(ASK)

        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)

    def test_a_sender_that_hangs_up_leaves_nothing(self, outside: Sender, app: FastAPI) -> None:
        parts = iter([{"type": "http.request", "body": b"{", "more_body": True}])
        sent: list[Message] = []

        async def receive() -> Message:
            return next(parts, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": outside.path,
            "headers": [],
            "query_string": b"",
        }
        asyncio.run(app(scope, receive, send))

        assert sent[0]["status"] == 408
        assert outside.inbox() == []

    def test_it_works_again_after(self, outside: Sender, session: Session) -> None:
        for old, new in (("delivery", "elsewhere"), ("elsewhere", "delivery")):
            session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
            session.commit()
            outside.post(ASK)

        assert len(outside.inbox()) == 1

    def test_a_connector_whose_secret_does_not_open_fails_alone(
        self, outside: Sender, session: Session
    ) -> None:
        other = sender(outside.boss)
        session.execute(
            text("UPDATE connector SET sealed_secret = 'spoiled' WHERE name = :name"),
            {"name": other.change(name="Spoiled").json()["name"]},
        )
        session.commit()

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda place: (other, outside)[place % 2].post(ASK), range(16)))

        assert [answer.status_code for answer in answers] == [503, 200] * 8

    @pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL has no limit on pages")
    def test_a_full_disk_is_never_acknowledged_and_it_recovers(
        self, outside: Sender, app: FastAPI, hear: Hear
    ) -> None:
        pages = 1  # which means: no more than there are

        def limit(connection: Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        hear(app.state.writer, "begin", limit)
        full = [outside.post({"title": "x" * 100_000}).status_code for _each in range(3)]
        pages = 1_000_000
        after = outside.post(ASK).status_code

        assert (full, after) == ([503] * 3, 200)
        assert len(outside.inbox()) == 1


def test_what_is_queued_is_written_when_the_service_stops(
    app: FastAPI, outside: Sender, session: Session
) -> None:
    with ThreadPoolExecutor(8) as pool:
        coming = [pool.submit(outside.post, ASK | {"title": str(n)}) for n in range(30)]
        app.state.inlet.stop()
        answers = [each.result().status_code for each in coming]

    stored = session.execute(text("SELECT count(*) FROM delivery")).scalar_one()
    assert set(answers) <= {200, 503}
    assert stored == answers.count(200)
