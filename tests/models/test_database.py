"""Connections: what must hold of each, and what their errors mean."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event, func, literal, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.database import (
    UnsafeDatabase,
    check_settings,
    collided,
    connect,
    connect_to_read,
    read_only,
    unavailable,
)
from tests.databases import ON_SQLITE

only_sqlite = pytest.mark.skipif(not ON_SQLITE, reason="about SQLite's settings")


class TestSettings:
    def test_are_what_durability_rests_on(self, full_engine: Engine) -> None:
        check_settings(full_engine)

        assert full_engine.dialect.name in {"sqlite", "postgresql"}

    def test_a_wrong_one_is_named(self, database_url: str) -> None:
        engine = connect(database_url)
        wrong = "PRAGMA synchronous = 1" if ON_SQLITE else "SET synchronous_commit = off"

        @event.listens_for(engine, "connect")
        def weaken(connection: object, _record: object) -> None:
            cursor = connection.cursor()  # type: ignore[attr-defined]  # any driver's connection
            cursor.execute(wrong)
            cursor.close()
            if not ON_SQLITE:
                connection.commit()  # type: ignore[attr-defined]

        with pytest.raises(UnsafeDatabase, match="synchronous"):
            check_settings(engine)
        engine.dispose()

    @only_sqlite
    @pytest.mark.parametrize("word", ["\u00c9lan", "\u00dcBER", "ACME", ""])
    def test_lower_case_is_that_of_all_letters(self, word: str, full_engine: Engine) -> None:
        with full_engine.connect() as connection:
            assert connection.execute(select(func.lower(literal(word)))).scalar() == word.lower()

    @only_sqlite
    def test_lower_case_of_nothing_is_nothing(self, full_engine: Engine) -> None:
        with full_engine.connect() as connection:
            assert connection.execute(text("SELECT lower(NULL)")).scalar() is None


@pytest.fixture(params=[read_only, connect_to_read])
def reader(request: pytest.FixtureRequest, full_engine: Engine) -> Iterator[Engine]:
    """Another way to the same database, for reading."""
    engine: Engine = request.param(full_engine)
    yield engine
    engine.dispose()


class TestReadOnly:
    def test_refuses_to_write(self, reader: Engine) -> None:
        with reader.connect() as connection, pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            connection.execute(text("UPDATE account SET name = 'x'"))

    def test_leaves_the_others_writing(self, reader: Engine, full_engine: Engine) -> None:
        with reader.connect() as connection:
            connection.execute(text("SELECT 1"))

        with full_engine.connect() as connection:
            assert connection.execute(text("UPDATE account SET name = 'x'")).rowcount > 0
            connection.rollback()

    def test_sees_one_state_of_things(self, reader: Engine, full_engine: Engine) -> None:
        name = text("SELECT name FROM account ORDER BY id LIMIT 1")
        change = text("UPDATE account SET name = name || ' & Co.'")
        with reader.connect() as connection:
            before = connection.execute(name).scalar_one()
            with full_engine.begin() as other:
                other.execute(change)

            assert connection.execute(name).scalar_one() == before
        with reader.connect() as connection:
            assert connection.execute(name).scalar_one() == f"{before} & Co."


class Deadlock(Exception):
    """What psycopg raises when two transactions wait for each other."""

    sqlstate = "40P01"


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (PoolTimeout(), True),
            (OperationalError("SELECT 1", {}, Exception("disk I/O error")), True),
            (DBAPIError("SELECT 1", {}, Exception(), connection_invalidated=True), True),
            (DBAPIError("SELECT 1", {}, Exception()), False),
            (IntegrityError("SELECT 1", {}, Exception()), False),
            (ValueError(), False),
        ],
    )
    def test_storage_is_down_or_we_did_wrong(self, error: Exception, expected: bool) -> None:
        assert unavailable(error) is expected

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (IntegrityError("SELECT 1", {}, Exception("unique")), True),
            (OperationalError("SELECT 1", {}, Deadlock()), True),
            (OperationalError("SELECT 1", {}, Exception("disk I/O error")), False),
            (ValueError(), False),
        ],
    )
    def test_two_met_or_not(self, error: Exception, expected: bool) -> None:
        assert collided(error) is expected
