"""Engines: how SQLite and PostgreSQL are reached, and what must hold of each connection."""

from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

SQLITE_SETTINGS = {
    "foreign_keys": 1,
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: what we acknowledge survives a power cut
    "recursive_triggers": 1,  # else INSERT OR REPLACE slips past the append-only triggers
    "busy_timeout": 10_000,
}


class UnsafeDatabase(Exception):
    """The database does not keep what it acknowledges; the message says which setting is wrong."""


def connect(url: str, pool_size: int = 10) -> Engine:
    """An engine for `url`, whose transactions mean the same on either database.

    Args:
        url: `sqlite:///file.db` or `postgresql://...` (psycopg 3).
        pool_size: How many connections are kept open; at least the number of worker threads.
    """
    if url.startswith("sqlite"):
        engine = create_engine(url, pool_size=pool_size, hide_parameters=True)
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
        return engine
    return _postgresql(url, pool_size, "-c jit=off -c timezone=UTC")


def connect_to_read(engine: Engine, pool_size: int = 10) -> Engine:
    """An engine for the same database, whose transactions see one snapshot and may not write.

    On PostgreSQL it has connections of its own, which are told so when they are made: to tell each
    transaction, as `read_only` does, takes a tenth of the time of a short request.
    """
    if engine.dialect.name == "sqlite":
        return read_only(engine)
    return _postgresql(
        engine.url,
        pool_size,
        "-c jit=off -c timezone=UTC -c default_transaction_read_only=on"
        " -c default_transaction_isolation=repeatable\\ read",
    )


def _postgresql(url: str | URL, pool_size: int, options: str) -> Engine:
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,  # errors are logged, and what was to be stored is not for logs
        connect_args={"options": options, "connect_timeout": 5},
    )


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves, so that SAVEPOINT works
    # SQLite's own knows ASCII only, and a search for "Élan" would not find "Élan".
    connection.create_function("lower", 1, _lower, deterministic=True)
    # The time-out first: switching to WAL waits for a lock that another process may hold.
    for name in ("busy_timeout", *SQLITE_SETTINGS):
        connection.execute(f"PRAGMA {name} = {SQLITE_SETTINGS[name]}")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _on_sqlite_begin(connection: Connection) -> None:
    # A writer takes the lock at once: a read lock that grows later fails instead of waiting.
    readonly = connection.get_execution_options().get("sqlite_readonly", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {int(readonly)}")
    connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")


def read_only(engine: Engine) -> Engine:
    """The same pool, for transactions that see one snapshot and may not write."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(sqlite_readonly=True)
    return engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")


class Engines(NamedTuple):
    """The ways to one database, of an application that serves."""

    writer: Engine
    reader: Engine  # whose transactions see one snapshot
    glance: Engine  # for reading with one statement

    def dispose(self) -> None:
        """Close what connections are open."""
        self.writer.dispose()
        self.reader.dispose()


def open_engines(url: str, pool_size: int = 10) -> Engines:
    """Engines for `url`, each for `pool_size` threads."""
    writer = connect(url, pool_size)
    reader = connect_to_read(writer, pool_size)
    return Engines(writer, reader, glancing(reader))


def glancing(engine: Engine) -> Engine:
    """The same pool, to read with one statement, which needs no transaction around it."""
    if engine.dialect.name == "sqlite":
        return read_only(engine)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def check_settings(engine: Engine) -> None:
    """Read back what durability rests on.

    Raises:
        UnsafeDatabase: A setting is not what we asked for.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            for name, wanted in SQLITE_SETTINGS.items():
                found = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                if found != wanted:
                    raise UnsafeDatabase(
                        f"SQLite's {name} is {found!r} and must be {wanted!r}; is the file on a"
                        " network drive, or a kind of disk without locks?"
                    )
        else:
            found = connection.execute(text("SHOW synchronous_commit")).scalar()
            if found not in {"on", "remote_apply"}:
                raise UnsafeDatabase(
                    f"PostgreSQL's synchronous_commit is {found!r} and must be 'on': with it off,"
                    " a crash loses what we acknowledged."
                )


def unavailable(error: BaseException) -> bool:
    """Whether an error says that storage is down, full or busy, and not that we did wrong."""
    if isinstance(error, PoolTimeout):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return False


def collided(error: BaseException) -> bool:
    """Whether two transactions met, so that doing it again may succeed or say what stands."""
    if isinstance(error, IntegrityError):
        return True
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state in {"40001", "40P01"}
