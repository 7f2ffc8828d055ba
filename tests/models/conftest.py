"""A database with rows in every table, shared by tests that change nothing in it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine
from sqlmodel import Session

from models.database import connect
from services.policy import Policy
from tests.databases import database
from tests.everything import fill
from tests.factories import Make


@pytest.fixture(scope="session")
def full_url(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with rows in every table; make a copy to change it."""
    folder = tmp_path_factory.mktemp("full")
    with database(folder, template) as url:
        engine = connect(url)
        with Session(engine, expire_on_commit=False) as session:
            fill(Make(session, Policy()))
        engine.dispose()
        yield url


@pytest.fixture(scope="module")
def full_engine(full_url: str) -> Iterator[Engine]:
    """The shared database, connected."""
    engine = connect(full_url)
    yield engine
    engine.dispose()


@pytest.fixture
def full(full_engine: Engine) -> Iterator[Connection]:
    """A connection to the shared database, rolled back after the test."""
    with full_engine.connect() as connection:
        yield connection
        connection.rollback()
