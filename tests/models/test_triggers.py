"""What was said stays said, whatever SQL is used; and every change is logged."""

# ruff: noqa: S608  # the SQL is put together from the names of our own tables

import pytest
from sqlalchemy import Connection, Table, func, select, text, update
from sqlalchemy.exc import IntegrityError

from models import CHANGES, Model
from models.base import utc_now
from models.triggers import APPEND_ONLY, LOGGED, install, missing, triggers
from tests.databases import ON_SQLITE

TABLES = Model.metadata.tables


def rows(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_full_database_has_rows_in(name: str, full: Connection) -> None:
    assert rows(full, TABLES[name])


@pytest.mark.parametrize("name", APPEND_ONLY)
class TestAppendOnly:
    def refuses(self, connection: Connection, name: str, statement: str) -> None:
        before = rows(connection, TABLES[name])

        with pytest.raises(IntegrityError, match=f"{name} is append-only"):
            connection.execute(text(statement))

        connection.rollback()
        assert rows(connection, TABLES[name]) == before

    def test_no_update(self, name: str, full: Connection) -> None:
        column = next(iter(TABLES[name].columns)).name

        self.refuses(full, name, f"UPDATE {name} SET {column} = {column}")

    def test_no_delete(self, name: str, full: Connection) -> None:
        self.refuses(full, name, f"DELETE FROM {name}")

    @pytest.mark.skipif(not ON_SQLITE, reason="only SQLite has INSERT OR REPLACE")
    def test_no_replace(self, name: str, full: Connection) -> None:
        self.refuses(full, name, f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}")

    @pytest.mark.skipif(ON_SQLITE, reason="SQLite has no TRUNCATE")
    def test_no_truncate(self, name: str, full: Connection) -> None:
        self.refuses(full, name, f"TRUNCATE {name} CASCADE")

    def test_no_upsert(self, name: str, full: Connection) -> None:
        table = TABLES[name]
        key = ", ".join(column.name for column in table.primary_key)
        first = next(iter(table.columns)).name

        self.refuses(
            full,
            name,
            f"INSERT INTO {name} SELECT * FROM {name} WHERE true"
            f" ON CONFLICT ({key}) DO UPDATE SET {first} = excluded.{first}",
        )


class TestChanges:
    @pytest.mark.parametrize("name", sorted(LOGGED))
    def test_every_row_put_in_is_logged(self, name: str, full: Connection) -> None:
        ids = set(full.execute(select(TABLES[name].columns[LOGGED[name]])).scalars())

        logged = full.execute(select(CHANGES.c.row_id).where(CHANGES.c.kind == name)).scalars()

        assert ids <= set(logged)

    @pytest.mark.parametrize("name", sorted(set(LOGGED) - set(APPEND_ONLY)))
    def test_every_change_is_logged(self, name: str, full: Connection) -> None:
        last = full.execute(select(func.max(CHANGES.c.id))).scalar_one()

        full.execute(update(TABLES[name]).values(changed_at=utc_now()))

        new = select(func.count()).where(CHANGES.c.id > last, CHANGES.c.kind == name)
        assert full.execute(new).scalar() == rows(full, TABLES[name])


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_both_databases_guard_the_same_tables(dialect: str) -> None:
    found = triggers(dialect)

    assert {each.table for each in found} == {*APPEND_ONLY, *LOGGED}
    assert len({each.name for each in found}) == len(found)


class TestMissing:
    def test_none_in_a_migrated_database(self, full: Connection) -> None:
        assert missing(full) == set()

    def test_names_what_was_dropped(self, full: Connection) -> None:
        gone = next(each for each in triggers(full.dialect.name) if each.table == "response")
        on = "" if ON_SQLITE else " ON response"

        full.execute(text(f"DROP TRIGGER {gone.name}{on}"))

        assert missing(full) == {gone.name}

    @pytest.mark.skipif(ON_SQLITE, reason="SQLite cannot disable a trigger")
    def test_names_what_was_disabled(self, full: Connection) -> None:
        full.execute(text("ALTER TABLE response DISABLE TRIGGER response_append_only_row"))

        assert missing(full) == {"response_append_only_row"}

    def test_install_puts_them_back(self, full: Connection) -> None:
        gone = next(each for each in triggers(full.dialect.name) if each.table == "response")
        full.execute(text(f"DROP TRIGGER {gone.name}{'' if ON_SQLITE else ' ON response'}"))

        install(full)

        assert missing(full) == set()
