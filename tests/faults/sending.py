"""Senders: they deliver until they are acknowledged, and keep a ledger of what they were told."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter

from tests.faults.deliveries import Targets

WRITERS = 16
TWICE = 10  # each tenth delivery is sent twice at once
PAUSE = 0.02  # seconds that a sender waits after a 503, or where nobody listens
Broken = (OSError, asyncio.IncompleteReadError)


@dataclass
class Answer:
    """What a server said to one call, and the seconds that it took."""

    status: int
    head: str
    body: bytes
    seconds: float


class Line:
    """A connection to a server, made when it is first used."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: bytes) -> Answer:
        """Send a call, and read its answer whole.

        Raises:
            OSError: Nobody listens, or the server went away.
            asyncio.IncompleteReadError: It went away while it answered.
        """
        started = perf_counter()
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._ends
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        body = await reader.readexactly(length)
        if "connection: close" in head:
            self.close()
        return Answer(int(head.split()[1]), head, body, perf_counter() - started)

    def close(self) -> None:
        """Hang up."""
        if self._ends is not None:
            self._ends[1].close()
        self._ends = None


def _numbers() -> Iterator[int]:
    for number in count():
        yield number
        if number % TWICE == 0:
            yield number


@dataclass
class Load:
    """Deliveries of many senders, and what they were answered.

    Attributes:
        acknowledged: How often each number was answered with 200.
        other: Answers that were no acknowledgement, by status.
        unkind: Those of them that say nothing of when to come again.
        times: Seconds that each acknowledgement took.
        again: Numbers that were not acknowledged, to be delivered once more.
    """

    targets: Targets
    acknowledged: Counter[int] = field(default_factory=Counter)
    other: Counter[int] = field(default_factory=Counter)
    unkind: int = 0
    times: list[float] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=_numbers)

    @property
    def put_off(self) -> bool:
        """Whether some were told to come again later, and nobody was told anything else."""
        return self.other.keys() == {503} and not self.unkind

    async def write(self, port: int, wanted: Callable[[], bool]) -> None:
        """One sender: deliver while it is wanted, until the server goes away."""
        line = Line(port)
        try:
            while wanted():
                number = self.again.pop(0) if self.again else next(self.numbers)
                await self._deliver(line, number)
        except Broken:
            return
        finally:
            line.close()

    async def writers(self, port: int, wanted: Callable[[], bool]) -> None:
        """Many senders."""
        await asyncio.gather(*(self.write(port, wanted) for _ in range(WRITERS)))

    async def until(self, acknowledged: int, sending: "asyncio.Task[None]") -> None:
        """Return when so many are acknowledged, while they are sent."""
        while self.acknowledged.total() < acknowledged:
            assert not sending.done()
            await asyncio.sleep(0.01)

    async def finish(self, port: int) -> None:
        """Deliver once more what was not acknowledged, as every sender does."""
        line = Line(port)
        while self.again:
            await self._deliver(line, self.again.pop(0))
        line.close()

    async def _deliver(self, line: Line, number: int) -> None:
        try:
            answer = await line.post(self.targets.request(number))
        except Broken:
            self.again.append(number)
            raise
        if answer.status == 200:
            self.acknowledged[number] += 1
            self.times.append(answer.seconds)
            return
        self.again.append(number)
        self.other[answer.status] += 1
        self.unkind += "retry-after:" not in answer.head
        await asyncio.sleep(PAUSE)


def part(times: list[float], share: float) -> float:
    """The time that this share of them did not exceed."""
    return sorted(times)[int(share * (len(times) - 1))]
