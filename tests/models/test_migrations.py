"""One history for both databases: it makes what the models say, and loses nothing on its way."""

# ruff: noqa: S608  # the SQL is put together from the names of our own tables

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import time_machine
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models import Model, migrations, triggers
from models.ask import Ask
from models.database import connect
from services import asks
from services.policy import Policy
from tests.databases import database
from tests.factories import Make

TABLES = sorted(Model.metadata.tables)
REBUILD = f"""
    for table in {TABLES!r}:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("later", sa.String(9), server_default="x"))
            batch.alter_column("later", nullable=False)
"""  # SQLite can do so only by making the table anew


@pytest.fixture
def full_copy(full_url: str, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own with rows in every table."""
    with database(tmp_path, full_url) as url:
        yield url


@pytest.fixture
def next_step(tmp_path: Path, full_copy: str) -> Any:
    """`next_step("op....")` is a history that goes one step further than ours, by that deed."""

    def add(deed: str) -> Config:
        folder = tmp_path / "history"
        copytree(migrations.folder(), folder)
        (folder / "versions" / "next.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision, down_revision = 'next', {migrations.head()!r}\n\n\n"
            f"def upgrade():\n    {deed}\n"
        )
        found: Config = migrations.config(full_copy)
        found.set_main_option("script_location", str(folder))
        return found

    return add


def shape(connection: Connection) -> dict[str, Any]:
    """What a database is, as it tells itself: columns, keys, checks and indexes."""
    here = inspect(connection)
    found: dict[str, Any] = {}
    for name in sorted(set(here.get_table_names()) - {"alembic_version"}):
        found[name] = {
            "columns": {
                each["name"]: (str(each["type"]), each["nullable"], each["default"])
                for each in here.get_columns(name)
            },
            "key": here.get_pk_constraint(name),
            "checks": {each["name"]: each["sqltext"] for each in here.get_check_constraints(name)},
            "unique": sorted(
                (each["name"], each["column_names"]) for each in here.get_unique_constraints(name)
            ),
            "foreign": sorted(
                (str(each["name"]), each["constrained_columns"], each["referred_table"])
                for each in here.get_foreign_keys(name)
            ),
            "indexes": sorted(
                (each["name"], each["column_names"], each["unique"])
                for each in here.get_indexes(name)
            ),
        }
    return found


def counts(url: str) -> dict[str, int]:
    """How many rows each table holds."""
    with opened(url).connect() as connection:
        there = set(inspect(connection).get_table_names())
        return {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in TABLES
            if name in there
        }


def opened(url: str) -> Engine:
    """An engine that keeps nothing open."""
    return create_engine(url, poolclass=NullPool)


def lacking(url: str) -> set[str]:
    """The triggers that a database lacks."""
    with opened(url).connect() as connection:
        return triggers.missing(connection)


def refuse_to_change(url: str, tables: Iterable[str]) -> None:
    """Check that what these tables hold cannot be changed."""
    engine = connect(url)
    for table in tables:
        with engine.connect() as connection, pytest.raises(IntegrityError, match="append-only"):
            connection.execute(text(f"DELETE FROM {table}"))
    engine.dispose()


class TestHead:
    def test_there_is_one(self) -> None:
        history = ScriptDirectory.from_config(migrations.config(""))

        assert history.get_heads() == [migrations.head()]

    def test_it_is_what_the_models_say(self, template: str) -> None:
        command.check(migrations.config(template))

        with opened(template).connect() as connection:
            assert triggers.missing(connection) == set()

    def test_checks_and_enum_members_are_what_the_models_say(
        self, template: str, tmp_path: Path
    ) -> None:
        with database(tmp_path) as url, opened(url).begin() as connection:
            Model.metadata.create_all(connection)
            wanted = shape(connection)

        with opened(template).connect() as connection:
            found = shape(connection)

        assert found == wanted


class TestSteps:
    def test_every_one_goes_down_and_up_with_rows(self, full_copy: str) -> None:
        history = ScriptDirectory.from_config(migrations.config(""))
        for _step in history.walk_revisions():
            command.downgrade(migrations.config(full_copy), "-1")
            left = counts(full_copy)

            command.upgrade(migrations.config(full_copy), "head")

            now = counts(full_copy)
            assert sorted(now) == TABLES
            assert left.items() <= now.items()
            assert lacking(full_copy) == set()

    def test_the_day_since_when_an_ask_is_owed_is_found_in_its_history(
        self, full_copy: str
    ) -> None:
        engine = connect(full_copy)
        with Session(engine) as session:
            make = Make(session, Policy())
            with time_machine.travel("2026-09-01T10:00:00Z", tick=False):
                back, told, owed = (make.ask() for _each in range(3))
            with time_machine.travel("2026-10-01T10:00:00Z", tick=False):
                make.response(back)
                make.response(told)
            with time_machine.travel("2026-11-02T23:59:00Z", tick=False):
                asks.reopen(back, make.boss, make.policy)
                session.commit()
            wanted = {back.id: date(2026, 11, 2)} | dict.fromkeys(
                (told.id, owed.id), date(2026, 9, 1)
            )

        command.downgrade(migrations.config(full_copy), "0009")
        migrations.upgrade(full_copy)

        with Session(engine) as session:
            days = {key: session.get_one(Ask, key).owed_since for key in wanted}
        engine.dispose()
        assert days == wanted

    def test_all_the_way_down_leaves_nothing(self, full_copy: str) -> None:
        command.downgrade(migrations.config(full_copy), "base")

        assert counts(full_copy) == {}

    def test_a_second_upgrade_does_nothing(self, full_copy: str) -> None:
        before = counts(full_copy)

        migrations.upgrade(full_copy)

        assert counts(full_copy) == before


class TestLaterSteps:
    def test_a_rebuilt_table_keeps_rows_and_triggers(self, full_copy: str, next_step: Any) -> None:
        before = counts(full_copy)

        command.upgrade(next_step(REBUILD), "head")

        assert counts(full_copy) == before
        assert lacking(full_copy) == set()
        refuse_to_change(full_copy, triggers.APPEND_ONLY)

    def test_one_that_loses_rows_is_undone(self, full_copy: str, next_step: Any) -> None:
        before = counts(full_copy)

        with pytest.raises(RuntimeError, match="lost rows of sign_in_link"):
            command.upgrade(next_step("op.execute('DELETE FROM sign_in_link')"), "head")

        assert counts(full_copy) == before
        assert lacking(full_copy) == set()

    def test_one_that_breaks_off_is_undone(self, full_copy: str, next_step: Any) -> None:
        deed = "op.drop_table('told'); raise ZeroDivisionError"

        with pytest.raises(ZeroDivisionError):
            command.upgrade(next_step(deed), "head")

        assert sorted(counts(full_copy)) == TABLES
        assert lacking(full_copy) == set()
