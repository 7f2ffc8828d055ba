"""How Alembic runs our migrations, from the command line or a test."""

import os
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlmodel import AutoString

from models import Model, triggers
from models.base import UtcDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own types into migrations as plain SQLAlchemy: history must not import us."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def counts(connection: Connection) -> dict[str, int]:
    """How many rows each of our tables holds."""
    present = connection.dialect.get_table_names(connection)
    return {
        name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()  # noqa: S608
        for name in set(present) & set(Model.metadata.tables)
    }


def migrate(connection: Connection) -> None:
    """Run the migrations asked for in one transaction: all of them, or none.

    Rebuilding a table on SQLite drops its triggers, and with foreign keys enforced it could take
    child rows along; so the keys are off meanwhile and checked at the end, no table may have
    lost rows, and the triggers are set aside and put back.
    """
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("PRAGMA busy_timeout = 60000")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SET lock_timeout = '30s'"))
        # Several replicas may start at once: one migrates, the others wait and find it done.
        connection.execute(text("SELECT pg_advisory_xact_lock(7296283)"))
    triggers.set_aside(connection)
    before = counts(connection)
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        render_item=render_item,
        render_as_batch=sqlite,
        compare_type=True,
        compare_server_default=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    after = counts(connection)
    shrunk = {name for name in after if after[name] < before.get(name, 0)}
    if shrunk:
        raise RuntimeError(f"the migration lost rows of {', '.join(sorted(shrunk))}; undone")
    if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
        raise RuntimeError(f"the migration broke foreign keys: {broken[:5]}; undone")
    triggers.install(connection)
    connection.commit()


url = context.config.attributes.get("url") or os.environ["NOMAYBE_DATABASE_URL"]
engine = create_engine(url)
if engine.dialect.name == "sqlite":
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _manual(connection: Any, _record: Any) -> None:
        connection.isolation_level = None


try:
    with engine.connect() as connection:
        migrate(connection)
finally:
    engine.dispose()  # an open pool keeps SQLite's WAL unmerged and PostgreSQL's database busy
