"""Where deliveries wait to be written: a bounded queue, and one thread that writes it in batches.

Whatever arrived while the last commit ran goes into the next one, so that a disk flush is shared
by many; and nobody is answered before the commit that holds their delivery has returned.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Condition, Lock, Thread
from typing import Any

import structlog

from api.observing import Figures
from api.work import Session
from models.database import unavailable
from models.delivery import DeliveryState
from services import receiving
from services.errors import Unavailable
from services.receiving import Posted
from services.vault import Vault

MOST_BYTES = 64 * 1024 * 1024  # of bodies that are being read or wait
MOST_WAITING = 10_000
BATCH, BATCH_BYTES = 500, 16 * 1024 * 1024
ANSWER_SECONDS = 20  # SQLite waits 10 s for a lock; a database that hangs must not hang us
STOP_SECONDS = 20
SOON = 1  # seconds until a sender may try again

log = structlog.get_logger("nomaybe")
Result = DeliveryState | None | Exception


@dataclass(frozen=True)
class _Waiting:
    posted: Posted
    result: "asyncio.Future[Result]"


class Inlet:
    """Takes deliveries in, and answers once they are kept.

    Args:
        engine: Where they are written.
        turn: Held while writing, where the database has one writer at a time.
        vault: Opens the secrets by which they are verified.
        figures: Where they are counted.
        received: Called after some were kept, so that they are read soon.
    """

    def __init__(
        self,
        engine: Any,
        turn: AbstractContextManager[Any],
        vault: Vault,
        figures: Figures,
        received: Callable[[], None],
    ) -> None:
        self._engine, self._turn, self._vault = engine, turn, vault
        self._figures, self._received = figures, received
        self._queue: deque[_Waiting] = deque()
        self._changed = Condition()
        self._open = False
        self._held = 0  # bytes
        self._counting = Lock()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Open, and begin to write."""
        self._open = True
        self._thread = Thread(target=self._write_all, name="inlet", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more in, and return when all that waits is written; at most 20 seconds."""
        with self._changed:
            self._open = False
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def hold(self, size: int) -> None:
        """Count bytes of a body that has begun to arrive.

        Raises:
            Unavailable: There is no room for them.
        """
        with self._counting:
            if self._held + size > MOST_BYTES or len(self._queue) >= MOST_WAITING:
                raise Unavailable("More deliveries wait than can be held.", retry_after=SOON)
            self._held += size

    def release(self, size: int) -> None:
        """Count bytes no more."""
        with self._counting:
            self._held -= size

    async def keep(self, posted: Posted) -> DeliveryState | None:
        """Have a delivery verified and written.

        Returns:
            What it is: received, refused, or None where no enabled connector is meant.

        Raises:
            Unavailable: It could not be stored, or not in time; it is not acknowledged.
        """
        waiting = _Waiting(posted, asyncio.get_running_loop().create_future())
        with self._changed:
            if not self._open:
                raise Unavailable("The service is stopping.", retry_after=SOON)
            self._queue.append(waiting)
            self._changed.notify()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                result = await waiting.result
        except TimeoutError:
            raise Unavailable(f"It was not stored within {ANSWER_SECONDS} seconds.") from None
        if isinstance(result, Exception):
            raise Unavailable("It could not be stored.") from result
        return result

    def _write_all(self) -> None:
        while batch := self._next():
            results = self._store(batch)
            self._count(batch, results)
            answers: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Result]]] = {}
            for each, result in zip(batch, results, strict=True):
                answers.setdefault(each.result.get_loop(), []).append((each, result))
            for loop, some in answers.items():  # it is one, except in tests
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_answer, some)

    def _next(self) -> list[_Waiting]:
        """What waits, as much as one transaction should hold; nothing when it is over."""
        with self._changed:
            while self._open and not self._queue:
                self._changed.wait()
            batch: list[_Waiting] = []
            size = 0
            while self._queue and len(batch) < BATCH and size < BATCH_BYTES:
                batch.append(self._queue.popleft())
                size += len(batch[-1].posted.arrival.body)
            return batch

    def _store(self, batch: Sequence[_Waiting]) -> list[Result]:
        try:
            with self._turn, Session(self._engine) as session, session.begin():
                found = receiving.receive(session, self._vault, [each.posted for each in batch])
        except Exception as error:  # the writer must outlive every error
            if unavailable(error):
                why = str(getattr(error, "orig", error))
                log.warning("deliveries_not_stored", count=len(batch), error=why)
                return [error] * len(batch)
            if len(batch) == 1:
                log.exception("delivery_not_stored", connector=str(batch[0].posted.connector_id))
                return [error]
        else:
            return list(found)
        # One of them may be at fault: the others must not suffer for it.
        return [self._store([each])[0] for each in batch]

    def _count(self, batch: Sequence[_Waiting], results: Sequence[Result]) -> None:
        for each, result in zip(batch, results, strict=True):
            if isinstance(result, DeliveryState):
                self._figures.deliveries.labels(each.posted.kind, result).inc()
        if DeliveryState.received in results:
            self._received()


def _answer(answers: Sequence[tuple[_Waiting, Result]]) -> None:
    for each, result in answers:
        if not each.result.done():  # the sender may have gone
            each.result.set_result(result)
