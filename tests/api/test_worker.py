"""The worker: woken by what comes in, patient with what fails, quick to stop."""

import signal
from threading import Event, Thread
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from api import worker
from api.app import create_app
from services.settings import Settings
from tests.api.conftest import Hear
from tests.conftest import As
from tests.factories import Make
from tests.senders import ACME, Sender, sender

ASK = {"title": "SSO", "account": ACME}
PATIENCE = 30  # seconds after which a test that waits has failed


@pytest.fixture
def outside(boss: TestClient, make: Make) -> Sender:
    """A sender; nobody reads what it posts until the test does."""
    make.product()
    return sender(boss)


class TestStep:
    def test_reads_what_waits(self, outside: Sender, app: FastAPI) -> None:
        for number in range(worker.AT_ONCE + 3):
            outside.post(ASK | {"title": str(number)})

        assert app.state.worker.drain() == worker.AT_ONCE + 3
        assert app.state.worker.drain() == 0

    def test_an_error_that_nobody_foresaw_is_tried_again(
        self, outside: Sender, app: FastAPI, session: Session
    ) -> None:
        session.execute(text("ALTER TABLE last_said RENAME TO elsewhere"))
        session.commit()

        delivery = outside.deliver(ASK)

        assert (delivery["state"], delivery["attempts"]) == ("received", 1)
        assert delivery["reason"].startswith("Attempt 1 failed: ")
        assert app.state.worker.drain() == 0

    def test_one_that_fails_does_not_hold_up_the_others(
        self, outside: Sender, app: FastAPI, hear: Hear
    ) -> None:
        def fail(*given: Any) -> None:
            if given[2].startswith("INSERT INTO ask ") and "Bad" in str(given[3]):
                raise ZeroDivisionError

        hear(app.state.writer, "before_cursor_execute", fail)
        outside.post(ASK | {"title": "Bad"})
        outside.post(ASK)

        outside.read()

        assert [each["state"] for each in outside.inbox()] == ["processed", "received"]

    @pytest.mark.parametrize(
        ("times", "state"), [(1, "processed"), (3, "processed"), (4, "received")]
    )
    def test_where_two_transactions_met_it_is_done_again(
        self, outside: Sender, app: FastAPI, times: int, state: str, hear: Hear
    ) -> None:
        met: list[str] = []

        def meet(*given: Any) -> None:
            if given[2].startswith("INSERT INTO delivery_key") and len(met) < times:
                met.append(given[2])
                raise IntegrityError(given[2], None, Exception("taken"))

        hear(app.state.writer, "before_cursor_execute", meet)

        delivery = outside.deliver(ASK)

        assert (len(met), delivery["state"], delivery["attempts"]) == (times, state, 1)

    def test_told_to_stop_it_gives_back_what_it_did_not_try(
        self, outside: Sender, app: FastAPI, hear: Hear
    ) -> None:
        for number in range(3):
            outside.post(ASK | {"title": str(number)})
        hear(app.state.writer, "commit", lambda _connection: app.state.worker.stop())

        app.state.worker.step()

        assert [each["attempts"] for each in outside.inbox()] == [0, 0, 0]
        assert {each["state"] for each in outside.inbox()} == {"received"}


class TestBeside:
    """The worker of a server that runs."""

    @pytest.fixture
    def app(self, settings: Settings) -> FastAPI:
        return create_app(settings, worker=True)

    def test_what_comes_in_is_read(
        self, app: FastAPI, client_as: As, make: Make, boss: TestClient, hear: Hear
    ) -> None:
        make.product()
        read = Event()
        hear(
            app.state.writer,
            "before_cursor_execute",
            lambda *given: read.set() if given[2].startswith("INSERT INTO ask ") else None,
        )

        sender(boss).post(ASK)

        assert read.wait(PATIENCE)

    @pytest.mark.parametrize(
        "error", [ZeroDivisionError(), OperationalError("", None, Exception("away"))]
    )
    def test_it_outlives_every_error(
        self, app: FastAPI, boss: TestClient, make: Make, error: Exception, hear: Hear
    ) -> None:
        make.product()
        failed, read = Event(), Event()

        def away(*given: Any) -> None:
            if "delivery_status" in given[2] and not failed.is_set():
                failed.set()
                raise error
            if given[2].startswith("INSERT INTO ask "):
                read.set()

        hear(app.state.writer, "before_cursor_execute", away)
        assert failed.wait(PATIENCE)

        sender(boss).post(ASK)

        assert read.wait(PATIENCE)


class TestRun:
    def test_reads_until_it_is_stopped(
        self, outside: Sender, settings: Settings, session: Session
    ) -> None:
        outside.post(ASK)
        stop = Event()
        thread = Thread(target=worker.run, args=(settings, stop))
        thread.start()
        while not session.execute(text("SELECT count(*) FROM ask")).scalar_one():
            session.rollback()
        stop.set()
        thread.join(PATIENCE)

        assert not thread.is_alive()

    def test_a_signal_stops_it(self, settings: Settings) -> None:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        timer = Thread(target=signal.raise_signal, args=(signal.SIGTERM,))
        try:
            stop = worker._told_to_end()  # noqa: SLF001  # the signal would end the test run
            timer.start()
            timer.join()

            assert stop.wait(PATIENCE)
        finally:
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])
