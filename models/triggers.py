"""Triggers: what was said stays said, and earlier values are kept.

They are built from the models and put (back) in place after every migration, because rebuilding
a table on SQLite drops its triggers without a word.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from models.base import Model
from models.history import VERSIONED

APPEND_ONLY = (
    "bar_armed",
    "bar_reached",
    "chain_link",
    "commitment",
    "commitment_release",
    "delivery",
    "delivery_event",
    "delivery_key",
    "erasure",
    "response",
    "response_choice",
    "revisit",
    "told",
    *(f"{model.__tablename__}_version" for model in VERSIONED),
)
# What erasing a person may change, and only the transaction that does: by which column a row is
# named in `erasure`, and which columns may change.
ERASABLE = {
    "ask_version": ("ask_id", ("title", "verbatim", "why")),
    "chain_link": ("record_id", ("salt",)),
    "commitment": ("id", ("contract_reference", "owner_email")),
    "commitment_release": ("commitment_id", ("reason",)),
    "delivery": ("id", ("body",)),
    "delivery_event": ("delivery_id", ("reason",)),
    "response": (
        "id",
        (
            "how", "message", "contract_reference", "hedge_override", "hedges",
            "supersedes_reason",
        ),
    ),
}  # fmt: skip
LOGGED = {
    "ask": "id",
    "account": "id",
    "opportunity": "id",
    "feature": "id",
    "product": "id",
    "commitment": "id",
    "commitment_release": "commitment_id",
}
REFUSAL = "is append-only: what was said stays said"


@dataclass(frozen=True)
class Trigger:
    """A trigger by name, the table it stands on, and how to make it on one database."""

    name: str
    table: str
    statements: tuple[str, ...]


def triggers(dialect: str) -> list[Trigger]:
    """Every trigger that the database must have."""
    build = _sqlite if dialect == "sqlite" else _postgresql
    return build()


def install(connection: Connection) -> None:
    """Put every trigger in place whose table exists; those there already are made anew."""
    tables = set(inspect(connection).get_table_names())
    for trigger in triggers(connection.dialect.name):
        if trigger.table in tables:
            for statement in trigger.statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))


def set_aside(connection: Connection) -> None:
    """Drop every trigger on SQLite, for a migration; `install` puts them back.

    SQLite refuses to rename a table into place while a trigger names the one that was dropped.
    """
    if connection.dialect.name == "sqlite":
        for trigger in _sqlite():
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger.name}")


def missing(connection: Connection) -> set[str]:
    """The names of triggers that the database lacks."""
    if connection.dialect.name == "sqlite":
        found = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    else:
        found = text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'")
    present = set(connection.execute(found).scalars())
    return {trigger.name for trigger in triggers(connection.dialect.name)} - present


def _versions() -> list[tuple[str, str, tuple[str, ...]]]:
    return [(str(m.__tablename__), f"{m.__tablename__}_version", c) for m, c in VERSIONED.items()]


def _values(table: str, columns: tuple[str, ...]) -> tuple[str, str]:
    names = ", ".join((f"{table}_id", "valid_from", "valid_to", "changed_by", *columns))
    # From where the last version ended, and not from OLD.changed_at: that also moves with what is
    # not versioned, and would leave a gap.
    since = (
        f"COALESCE((SELECT max(valid_to) FROM {table}_version WHERE {table}_id = OLD.id),"
        " OLD.created_at)"
    )
    values = ", ".join(
        ("OLD.id", since, "NEW.changed_at", "NEW.changed_by",
         *(f"OLD.{column}" for column in columns))
    )  # fmt: skip
    return names, values


def _erasing(table: str) -> str:
    """Whether this very transaction takes a person out of the row.

    An erasure is linked to the chain as its transaction ends, so one without a link is of this
    transaction, or else is no erasure of ours, and `nomaybe verify` names it.
    """
    key, _columns = ERASABLE[table]
    rows = f"OLD.{key}"
    if table == "chain_link":  # also the link of an earlier erasure from the same record
        rows += ", (SELECT record_id FROM erasure WHERE id = OLD.record_id)"
    return (
        f"EXISTS (SELECT 1 FROM erasure WHERE erasure.record_id IN ({rows}) AND NOT EXISTS (SELECT"
        " 1 FROM chain_link WHERE chain_link.kind = 'erasure' AND chain_link.record_id ="
        " erasure.id))"
    ) + (" AND NEW.salt IS NULL" if table == "chain_link" else "")


def _unless_erasing(table: str) -> str:
    """The condition under which SQLite refuses an update."""
    if table not in ERASABLE:
        return ""
    stay = [
        each.name
        for each in Model.metadata.tables[table].columns
        if each.name not in ERASABLE[table][1]
    ]
    same = " AND ".join(f"OLD.{name} IS NEW.{name}" for name in stay)
    return f" WHEN NOT ({same} AND {_erasing(table)})"


def _if_erasing(table: str) -> str:
    """What PostgreSQL lets pass before it refuses."""
    if table not in ERASABLE:
        return ""
    may = ", ".join(f"'{name}'" for name in ERASABLE[table][1])
    # Nested, for OLD and NEW do not both exist otherwise.
    return (
        f"IF TG_OP = 'UPDATE' THEN IF to_jsonb(OLD) - ARRAY[{may}] = to_jsonb(NEW) - ARRAY[{may}]"
        f" AND {_erasing(table)} THEN RETURN NEW; END IF; END IF; "
    )


def _sqlite() -> list[Trigger]:
    made = []
    for table in APPEND_ONLY:
        for deed in ("update", "delete"):
            name = f"{table}_no_{deed}"
            unless = _unless_erasing(table) if deed == "update" else ""
            made.append(
                _made(
                    name,
                    table,
                    f"CREATE TRIGGER {name} BEFORE {deed.upper()} ON {table}{unless}"
                    f" BEGIN SELECT RAISE(ABORT, '{table} {REFUSAL}'); END",
                )
            )
    for table, versions, columns in _versions():
        name = f"{table}_keep_version"
        differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)
        names, values = _values(table, columns)
        made.append(
            _made(
                name,
                table,
                f"CREATE TRIGGER {name} AFTER UPDATE ON {table} WHEN {differs}"
                f" BEGIN INSERT INTO {versions} ({names}) VALUES ({values}); END",
            )
        )
    for table, key in LOGGED.items():
        for deed in ("insert", "update"):
            name = f"{table}_log_{deed}"
            made.append(
                _made(
                    name,
                    table,
                    f"CREATE TRIGGER {name} AFTER {deed.upper()} ON {table} BEGIN"
                    f" INSERT INTO change (kind, row_id) VALUES ('{table}', NEW.{key}); END",
                )
            )
    return made


def _made(name: str, table: str, statement: str) -> Trigger:
    return Trigger(name, table, (f"DROP TRIGGER IF EXISTS {name}", statement))


def _postgresql() -> list[Trigger]:
    made = []
    for table in APPEND_ONLY:
        name = f"{table}_append_only"
        for level, event in (("row", "UPDATE OR DELETE"), ("table", "TRUNCATE")):
            may = _if_erasing(table) if level == "row" else ""
            made.append(
                _function(
                    f"{name}_{level}",
                    table,
                    f"BEFORE {event}",
                    f"{may}RAISE EXCEPTION '{table} {REFUSAL}'"
                    " USING ERRCODE = 'restrict_violation';",
                    each="ROW" if level == "row" else "STATEMENT",
                )
            )
    for table, versions, columns in _versions():
        differs = " OR ".join(
            f"{_comparable(table, 'OLD', column)} IS DISTINCT FROM"
            f" {_comparable(table, 'NEW', column)}"
            for column in columns
        )
        names, values = _values(table, columns)
        made.append(
            _function(
                f"{table}_keep_version",
                table,
                "AFTER UPDATE",
                f"IF {differs} THEN INSERT INTO {versions} ({names}) VALUES ({values}); END IF;"
                " RETURN NULL;",
            )
        )
    for table, key in LOGGED.items():
        made.append(
            _function(
                f"{table}_log_change",
                table,
                "AFTER INSERT OR UPDATE",
                f"INSERT INTO change (kind, row_id, transaction) VALUES ('{table}', NEW.{key},"
                " pg_current_xact_id()::text::bigint); RETURN NULL;",
            )
        )
    return made


def _comparable(table: str, row: str, column: str) -> str:
    kind = Model.metadata.tables[table].columns[column].type
    return f"{row}.{column}::text" if kind.__visit_name__ == "JSON" else f"{row}.{column}"


def _function(name: str, table: str, event: str, body: str, *, each: str = "ROW") -> Trigger:
    return Trigger(
        name,
        table,
        (
            (
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN {body} END $$"
            ),
            f'DROP TRIGGER IF EXISTS {name} ON "{table}"',
            f'CREATE TRIGGER {name} {event} ON "{table}" FOR EACH {each} EXECUTE FUNCTION {name}()',
        ),
    )
