"""Databases for tests: SQLite, unless TEST_DATABASE_URL names a PostgreSQL server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text

SERVER = make_url(os.environ.get("TEST_DATABASE_URL", "sqlite://"))
ON_SQLITE = SERVER.get_backend_name() == "sqlite"
_MEMORY = Path("/dev/shm")  # noqa: S108  # folders in it are made as in any other
_ROOM = 4 << 30  # bytes; containers often have less, and then the disk is as good


def scratch() -> Path:
    """Where to make and remove thousands of databases: in memory, where there is room.

    On a disk most of the time goes into that: ext4 looks twice at what was deleted just now.
    """
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if roomy else Path(tempfile.gettempdir())


@contextmanager
def database(folder: Path, template: str | None = None, *, bare: bool = False) -> Iterator[str]:
    """The URL of a database of one's own, empty or a copy of `template`, then dropped.

    Args:
        folder: Where to put it, if it is a file.
        template: What it is a copy of.
        bare: Whether the template has no rows, so that a copy of it that was emptied is one too:
            the next one in the folder takes the place of this one.
    """
    if ON_SQLITE:
        path = folder / ("test.db" if bare else f"test_{uuid4().hex}.db")
        for old in folder.glob("test.db*") if bare else ():
            old.unlink()
        if template:
            shutil.copy(str(make_url(template).database), path)
        yield f"sqlite:///{path}"
        return
    held = _Held.take(template, bare=bare)
    try:
        yield held.url
    finally:
        held.give_back()


@dataclass(frozen=True)
class _Held:
    """A database on the PostgreSQL server, and the shape that it was made in.

    To make and drop one takes longer than most tests. So one that a test left in its first shape is
    emptied and becomes the next copy of the same template; any other is dropped.
    """

    name: str
    template: str | None
    shape: tuple[Any, ...] | None  # None where it is not used again

    @classmethod
    def take(cls, template: str | None, *, bare: bool) -> "_Held":
        found = [each for each in _SPARE if bare and each.template == template]
        if found:
            _SPARE.remove(found[0])
            return found[0]
        name = f"test_{uuid4().hex}"
        # Copying files is four times as quick as copying through the log.
        like = f"TEMPLATE {make_url(template).database} STRATEGY FILE_COPY" if template else ""
        _administer(f"CREATE DATABASE {name} {like}")
        if not bare:
            return cls(name, template, None)
        with _connected(name).begin() as made:
            return cls(name, template, _shape(made))

    @property
    def url(self) -> str:
        return SERVER.set(database=self.name).render_as_string(hide_password=False)

    def give_back(self) -> None:
        if self.shape and self._emptied():
            _SPARE.append(self)
        else:
            self.drop()

    def drop(self) -> None:
        _connected(self.name).dispose()
        _administer(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _emptied(self) -> bool:
        """Whether it could be emptied, since it has the shape that it was made in."""
        with _connected(self.name).begin() as own:
            own.exec_driver_sql(_LEAVE)
            if _shape(own) != self.shape:
                return False
            tables = own.exec_driver_sql(_TABLES).scalars().all()
            deletes = "; ".join(f"DELETE FROM {table}" for table in tables)  # noqa: S608  # ours
            own.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {deletes}")
            own.exec_driver_sql(_RESTART)
        return True


_SPARE: list[_Held] = []
_LEAVE = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
)
_TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    " AND relname <> 'alembic_version'"
)
_RESTART = (
    "SELECT setval(oid::regclass, 1, false) FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'"
)
# What changes a schema leaves rows of the catalogue that are newer, or more of them, or fewer.
_CATALOGUE = ("pg_class", "pg_attribute", "pg_constraint", "pg_trigger", "pg_proc", "pg_index")


def _shape(connection: Connection) -> tuple[Any, ...]:
    newest = ", ".join(
        f"(SELECT (count(*), max(xmin::text::bigint))::text FROM {each})"  # noqa: S608  # ours
        for each in _CATALOGUE
    )
    version = "(SELECT string_agg(version_num, ' ') FROM alembic_version)"
    return tuple(connection.exec_driver_sql(f"SELECT {newest}, {version}").one())


@cache
def _connected(name: str) -> Engine:
    return create_engine(SERVER.set(database=name), pool_size=1)


def _administer(statement: str) -> None:
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as admin:
        admin.execute(text(statement))


def drop_spare() -> None:
    """Drop the databases that wait for a next test."""
    while _SPARE:
        _SPARE.pop().drop()
