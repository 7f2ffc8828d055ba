"""The worker: reads deliveries soon after they came, some of them in one transaction."""

import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Protocol

import structlog
from starlette.datastructures import State

from api.mailing import Postman
from api.observing import Figures
from api.work import TRIES, Session
from models.database import collided, connect, read_only, unavailable
from models.delivery import DeliveryState
from services import reading
from services.mail import Relay
from services.policy import Policy
from services.reading import Claim

AT_ONCE = 10  # claimed; on a stop those that were not tried are given back
TOGETHER_SECONDS = 0.05  # for which others who write wait at most, and one delivery longer
IDLE_SECONDS = 1.0  # between looks for what other processes took in
STOP_SECONDS = 20.0

log = structlog.get_logger("nomaybe")


class Worker:
    """Reads what waits, then sleeps until it is woken or a second has passed.

    Args:
        engine: Where deliveries are.
        turn: Held while writing, where the database has one writer at a time.
        policy: What asks are logged under.
        figures: Where deliveries are counted by what became of them.
    """

    def __init__(
        self, engine: Any, turn: AbstractContextManager[Any], policy: Policy, figures: Figures
    ) -> None:
        self._engine, self._reader, self._turn = engine, read_only(engine), turn
        self._policy, self._figures = policy, figures
        self._woken, self._stopping = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to work, in a thread of its own."""
        self._thread = Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something came in."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the delivery at hand, give back the others, and return; at most 20 seconds."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def run(self) -> None:
        """Work until told to stop; a database that cannot be reached is waited for."""
        while not self._stopping.is_set():
            try:
                busy = self.step()
            except Exception as error:  # the worker must outlive every error
                if unavailable(error):
                    log.warning("worker_waits", error=str(getattr(error, "orig", error)))
                else:
                    log.exception("worker_failed")
                busy = False
            if not busy:
                self._woken.wait(IDLE_SECONDS)
                self._woken.clear()

    def drain(self) -> int:
        """Read all that is due; returns how many deliveries that were."""
        count = 0
        while done := self.step():
            count += done
        return count

    def step(self) -> int:
        """Read some of what is due; returns how many deliveries were tried."""
        with Session(self._reader) as session:
            if not reading.waiting(session):
                return 0
        left = self._in_transaction(lambda session: reading.claim(session, AT_ONCE))
        count = 0
        try:
            while left and not self._stopping.is_set():
                done = self._read_together(left)
                if not done:
                    self._read(left[0])
                    done = 1
                del left[:done]
                count += done
        finally:
            if left:
                self._in_transaction(lambda session: reading.give_back(session, left))
        return count

    def _read_together(self, held: Sequence[Claim]) -> int:
        """Read some of them in one transaction, which costs a fraction of one for each.

        Returns:
            How many were read; none where it is one alone, or where anything went wrong with any of
            them: then nothing of it is kept, and each is read by itself.
        """
        if len(held) == 1:
            return 0

        def deed(session: Session) -> list[DeliveryState | None]:
            ends, states = monotonic() + TOGETHER_SECONDS, list[DeliveryState | None]()
            for each in held:
                session.expire_all()  # as others may have left it meanwhile
                states.append(reading.process(session, self._policy, each))
                if monotonic() > ends or self._stopping.is_set():
                    break
            return states

        try:
            states = self._once(deed)
        except Exception as error:  # noqa: BLE001  # who is at fault tells it when read alone
            log.info("deliveries_read_singly", error=type(error).__name__)
            return 0
        for each, state in zip(held, states, strict=False):
            self._count(each, state)
        return len(states)

    def _read(self, held: Claim) -> None:
        try:
            state = self._in_transaction(
                lambda session: reading.process(session, self._policy, held)
            )
        except Exception as error:
            log.exception("delivery_failed", delivery=str(held.delivery_id))
            failure = error
            state = self._in_transaction(lambda session: reading.fail(session, held, failure))
        self._count(held, state)

    def _count(self, held: Claim, state: DeliveryState | None) -> None:
        if state is not None and state is not DeliveryState.received:
            self._figures.deliveries.labels(held.kind, state).inc()
            log.info("delivery_read", delivery=str(held.delivery_id), state=state)

    def _in_transaction(self, deed: Callable[[Session], Any]) -> Any:
        """Do it in one transaction; again where two transactions met."""
        for _try in range(TRIES - 1):
            try:
                return self._once(deed)
            except Exception as error:
                if not collided(error):
                    raise
        return self._once(deed)

    def _once(self, deed: Callable[[Session], Any]) -> Any:
        with self._turn, Session(self._engine) as session, session.begin():
            return deed(session)


class Running(Protocol):
    """Of the settings, what the worker needs."""

    @property
    def database(self) -> str:
        """The URL of the database."""

    @property
    def policy(self) -> Policy:
        """What asks are logged under."""

    @property
    def mail(self) -> Relay | None:
        """The mail server, if one is set."""

    @property
    def digest_hour(self) -> int:
        """From which hour on digests are sent."""


def run(settings: Running, stop: Event | None = None) -> None:
    """Work in a process of its own until `stop` is set, or until the process is told to end.

    Args:
        settings: Where the database is, and the policy.
        stop: Set it to end; without it SIGTERM and SIGINT end it.
    """
    engine = connect(settings.database)
    turn = Lock() if engine.dialect.name == "sqlite" else nullcontext()
    figures = Figures()
    worker = Worker(engine, turn, settings.policy, figures)
    stop = stop or _told_to_end()
    worker.start()
    postman = None
    if settings.mail is not None:
        state = State(
            {"writer": engine, "reader": read_only(engine), "turn": turn, "figures": figures}
        )
        postman = Postman(state, settings.policy, settings.mail, settings.digest_hour)
        postman.start()
    stop.wait()
    worker.stop()
    if postman is not None:
        postman.stop()
    engine.dispose()


def _told_to_end() -> Event:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
