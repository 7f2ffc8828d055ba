"""The inlet: bounded, patient for a while, and closed when the service stops."""

import asyncio
from collections.abc import Iterator
from threading import Lock
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from api import inlet
from api.inlet import Inlet
from api.observing import Figures
from models.base import utc_now
from models.connector import ConnectorKind
from models.database import connect
from services.crm.dialect import Arrival
from services.errors import Unavailable
from services.receiving import Posted
from services.vault import Vault


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The database, connected."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def turn() -> "Lock":
    """Whose turn it is to write; a test that holds it keeps the inlet waiting."""
    return Lock()


@pytest.fixture
def taking_in(engine: Engine, turn: "Lock") -> Iterator[Inlet]:
    """An inlet that has begun."""
    taking_in = Inlet(engine, turn, Vault("v" * 40), Figures(), lambda: None)
    taking_in.start()
    yield taking_in
    taking_in.stop()


def posted() -> Posted:
    """A call to a connector that does not exist."""
    return Posted(ConnectorKind.generic, uuid4(), Arrival("https://x", {}, b"{}", utc_now()))


def test_what_no_connector_expects_is_told(taking_in: Inlet) -> None:
    assert asyncio.run(taking_in.keep(posted())) is None


def test_what_is_not_stored_in_time_is_not_acknowledged(
    taking_in: Inlet, turn: "Lock", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inlet, "ANSWER_SECONDS", 0.01)

    with turn, pytest.raises(Unavailable, match="not stored within"):
        asyncio.run(taking_in.keep(posted()))


def test_a_sender_that_has_gone_holds_up_nobody(
    taking_in: Inlet, turn: "Lock", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two() -> list[object]:
        monkeypatch.setattr(inlet, "ANSWER_SECONDS", 0.01)
        with turn:
            (gone,) = await asyncio.gather(taking_in.keep(posted()), return_exceptions=True)
            monkeypatch.setattr(inlet, "ANSWER_SECONDS", 30)
            staying = asyncio.create_task(taking_in.keep(posted()))
            await asyncio.sleep(0)
        return [type(gone), await staying]

    assert asyncio.run(two()) == [Unavailable, None]


def test_nothing_is_taken_in_once_it_stopped(taking_in: Inlet) -> None:
    taking_in.stop()

    with pytest.raises(Unavailable, match="is stopping"):
        asyncio.run(taking_in.keep(posted()))


def test_nothing_is_taken_in_before_it_began(engine: Engine, turn: "Lock") -> None:
    early = Inlet(engine, turn, Vault("v" * 40), Figures(), lambda: None)

    with pytest.raises(Unavailable):
        asyncio.run(early.keep(posted()))
    early.stop()


def test_more_bytes_than_can_be_held_are_refused(taking_in: Inlet) -> None:
    taking_in.hold(inlet.MOST_BYTES)

    with pytest.raises(Unavailable, match="More deliveries wait"):
        taking_in.hold(1)


def test_what_is_released_makes_room(taking_in: Inlet) -> None:
    taking_in.hold(inlet.MOST_BYTES)
    taking_in.release(1)

    taking_in.hold(1)

    with pytest.raises(Unavailable):
        taking_in.hold(1)
