"""Random histories of what was said, and one change made around the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Table, delete, insert, inspect, select, update

from models import Model, triggers
from models.base import new_id, utc_now
from models.chain import LinkKind
from models.commitment import CommitmentState
from models.response import Channel, ToldNew
from services import commitments, erasing, responses
from services.canonical import SEALED
from services.contents import FIELDS
from services.vault import Vault
from tests.factories import Make

TABLES = Model.metadata.tables
VAULT = Vault("s" * 40)
LINKS = TABLES["chain_link"]
KEYS = {kind.value: fields.key for kind, fields in FIELDS.items()}
RECORDS = {kind.value: TABLES[str(fields.table.__tablename__)] for kind, fields in FIELDS.items()}
SAID = (
    "No: not planned.",
    "Caf\u00e9 or Cafe\u0301?",
    "\U0001f44d\n",
    "Nein. Kim Roe was told.",
    None,
)
PEOPLE = (
    {"name": "Kim Roe", "email": "kim@acme.example"},
    {"name": "Kim Roe"},
    {"name": "Zo\u00eb", "email": "zoe@acme.example"},
    {"name": "Li Wei", "email": "li@acme.example"},
    None,
)


def happen(make: Make, chance: Random, steps: int) -> None:
    """Let as many things be said as there are steps, by chance."""
    features = [make.planned(shareable=True) for _each in range(4)]
    accounts = [make.customer() for _each in range(2)]
    for step in range(steps):
        deed = chance.random()
        feature, account = chance.choice(features), chance.choice(accounts)
        if deed < 0.7 or not step:
            _answer(
                make, chance, make.ask(account, feature, contact=chance.choice(PEOPLE)), features
            )
        elif deed < 0.8:
            _tell_again(make, chance)
        elif deed < 0.9:
            _release(make, chance)
        else:
            who = chance.choice([each["email"] for each in PEOPLE if each and "email" in each])
            erasing.erase(make.session, erasing.find(make.session, who), VAULT)
            make.session.commit()


def _answer(make: Make, chance: Random, ask: Any, features: list[Any]) -> None:
    given: list[dict[str, Any]] = [
        {"kind": "no", "basis": "out_of_scope"},
        {"kind": "yes", "basis": "committed", "contractual": True, "contract_reference": "MSA 4.2"},
        {"kind": "yes", "basis": "available", "how": "By hand.", "workaround": True},
        {"kind": "ranked", "order": [str(e.id) for e in chance.sample(features, len(features))]},
    ]
    told = {"contact": chance.choice(PEOPLE), "channel": "call", "on": "2026-11-20"}
    for again in range(chance.randint(1, 2)):
        make.response(
            ask,
            **chance.choice(given),
            message=chance.choice(SAID),
            hedge_override="They know us.",
            told=chance.choice([told, None]),
            supersedes_reason="Kim Roe changed the plan." if again else None,
        )


def _tell_again(make: Make, chance: Random) -> None:
    rows = make.session.execute(select(TABLES["response"].c.id)).scalars().all()
    told = ToldNew(
        contact=chance.choice(PEOPLE), channel=chance.choice([*Channel]), on="2026-11-21"
    )
    responses.tell(make.session, make.boss, chance.choice(rows), told)
    make.session.commit()


def _release(make: Make, chance: Random) -> None:
    bound = commitments.list_commitments(
        make.session, make.boss, limit=50, state=[CommitmentState.open]
    )[0]
    if bound:
        made = chance.choice(bound)
        commitments.release_commitment(make.session, make.boss, made.id, "Kim Roe let us go.")
        make.session.commit()


def checks_of(connection: Connection, table: Table) -> list[str]:
    """The names of the checks of a table."""
    return [str(each["name"]) for each in inspect(connection).get_check_constraints(table.name)]


@contextmanager
def attacker(engine: Engine) -> Iterator[Connection]:
    """A connection of somebody who may do anything; what they did is undone at the end."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            triggers.set_aside(connection)
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in (*RECORDS.values(), LINKS):
                drops = [f"DROP CONSTRAINT {each}" for each in checks_of(connection, table)]
                if drops:
                    connection.exec_driver_sql(f"ALTER TABLE {table.name} {', '.join(drops)}")
        yield connection
        connection.rollback()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


@dataclass(frozen=True)
class State:
    """All that a database says of the chain, read in the plainest way."""

    links: dict[int, Any]  # by number: what the link is, and what it holds fast
    names: dict[int, tuple[str, UUID]]
    unlinked: list[tuple[str, UUID]]  # records that no link names, the oldest first

    @classmethod
    def of(cls, on: Connection) -> "State":
        """The state of a database."""
        rows = {
            kind: {getattr(row, KEYS[kind]): row._asdict() for row in on.execute(select(table))}
            for kind, table in RECORDS.items()
        }
        people = {row.id: (row.name, row.email) for row in on.execute(select(TABLES["contact"]))}
        order = TABLES["response_choice"].c
        places = on.execute(select(order.response_id, order.position, order.feature_id)).all()

        def words(kind: str, key: UUID) -> Any:
            """What is personal about a record."""
            if kind == "contact":
                return people.get(key)
            if kind not in rows or key not in rows[kind]:
                return None
            row = rows[kind][key]
            if kind == "erasure":
                return words(row["kind"].value, row["record_id"])
            own = [row[name] for name in FIELDS[LinkKind(kind)].personal]
            return [own, people.get(row["contact_id"])] if kind == "told" else own

        def target(kind: str, key: UUID) -> tuple[str, UUID] | None:
            if kind != "erasure":
                return kind, key
            row = rows[kind].get(key)
            return (row["kind"].value, row["record_id"]) if row else None

        stored = on.execute(select(LINKS).order_by(LINKS.c.seq)).all()
        named = [(link.kind.value, link.record_id) for link in stored]
        links = {}
        for link, (kind, key) in zip(stored, named, strict=True):
            row = rows[kind].get(key)
            plain = row and {name: row[name] for name in FIELDS[link.kind].plain}
            chosen = sorted((p, f) for r, p, f in places if r == key and kind == "response")
            held = (
                words(kind, key)
                if link.salt
                else any(
                    after.seq > link.seq
                    and one[0] == "erasure"
                    and after.encoding == SEALED
                    and target(*one) == target(kind, key)
                    for after, one in zip(stored, named, strict=True)
                )
            )
            links[link.seq] = (link, plain, chosen, held)
        unlinked = sorted(
            (row["created_at"], kind, key)
            for kind, found in rows.items()
            for key, row in found.items()
            if (kind, key) not in named
        )
        numbered = {link.seq: one for link, one in zip(stored, named, strict=True)}
        return cls(links, numbered, [(kind, key) for _at, kind, key in unlinked])


@dataclass(frozen=True)
class Expected:
    """What must be named for a change: a number in the chain, or a record that is not in it."""

    seq: int | None
    named: tuple[str, UUID] | None

    @classmethod
    def of(cls, before: State, after: State) -> "Expected | None":
        """The first thing that is not as it was."""
        last = max(after.links, default=0)
        for seq in range(min([1, *after.links]), last + 1):
            if seq not in after.links and seq > 0:
                return cls(seq, None)
            if seq in after.links and before.links.get(seq) != after.links[seq]:
                return cls(seq, after.names[seq])
        return cls(None, after.unlinked[0]) if after.unlinked else None


class Attack:
    """One change made around the service, with SQL."""

    def __init__(self, on: Connection, chance: Random) -> None:
        self.on, self.chance = on, chance
        self.links = list(on.execute(select(LINKS).order_by(LINKS.c.seq)))

    def link(self) -> Any:
        """Some link."""
        return self.chance.choice(self.links)

    def record(self, link: Any) -> tuple[Table, Any, Any]:
        """The table of a link's record, what finds the record in it, and the record."""
        table = RECORDS[link.kind.value]
        here = table.c[KEYS[link.kind.value]] == link.record_id
        return table, here, self.on.execute(select(table).where(here)).one()

    def some(self, name: str) -> tuple[Table, Any]:
        """Some row of a table."""
        table = TABLES[name]
        return table, self.chance.choice(self.on.execute(select(table)).all())

    def change_a_value(self) -> None:
        """Update one column of a record."""
        link = self.link()
        table, here, row = self.record(link)
        fields = FIELDS[link.kind]
        name = self.chance.choice([*fields.plain, *fields.personal])
        value = another(table, name, getattr(row, name), self.chance)
        self.on.execute(update(table).where(here).values({name: value}))

    def delete_a_record(self) -> None:
        """Delete a record, and leave its link."""
        table, here, _row = self.record(self.link())
        self.on.execute(delete(table).where(here))

    def delete_a_link(self) -> None:
        """Delete a link, and leave its record."""
        self.on.execute(delete(LINKS).where(LINKS.c.seq == self.link().seq))

    def delete_both(self) -> None:
        """Delete a record with its link."""
        link = self.link()
        table, here, _row = self.record(link)
        self.on.execute(delete(table).where(here))
        self.on.execute(delete(LINKS).where(LINKS.c.seq == link.seq))

    def close_a_gap(self) -> None:
        """Delete a record with its link, and number the later links anew."""
        link = self.link()
        table, here, _row = self.record(link)
        self.on.execute(delete(table).where(here))
        self.on.execute(delete(LINKS).where(LINKS.c.seq == link.seq))
        for later in self.links[link.seq :]:
            moved = update(LINKS).where(LINKS.c.seq == later.seq)
            self.on.execute(moved.values(seq=later.seq - 1))

    def swap_links(self) -> None:
        """Let two links change places, whole or in part."""
        one, two = self.chance.sample(self.links, 2)
        whole = [each.name for each in LINKS.columns if each.name != "seq"]
        names = self.chance.choice([whole, ["kind", "record_id"], ["hash"], ["salt", "personal"]])
        self.on.execute(delete(LINKS).where(LINKS.c.seq.in_([one.seq, two.seq])))
        for here, there in ((one, two), (two, one)):
            moved = {name: getattr(there, name) for name in names}
            self.on.execute(insert(LINKS).values(here._asdict() | moved))

    def swap_words(self) -> None:
        """Let two answers change their words."""
        table = TABLES["response"]
        one, two = self.chance.sample(self.on.execute(select(table)).all(), 2)
        for here, there in ((one, two), (two, one)):
            said = update(table).where(table.c.id == here.id)
            self.on.execute(said.values(message=there.message, created_at=there.created_at))

    def add_a_telling(self) -> None:
        """Insert that somebody was told."""
        table, row = self.some("told")
        self.on.execute(insert(table).values(row._asdict() | {"id": new_id()}))

    def add_an_answer(self) -> None:
        """Insert an answer that supersedes the one that stands."""
        table = TABLES["response"]
        later = table.alias()
        last = select(table).outerjoin(later, later.c.supersedes == table.c.id)
        row = self.chance.choice(self.on.execute(last.where(later.c.id.is_(None))).all())
        new = {"id": new_id(), "supersedes": row.id, "supersedes_reason": "It was a no."}
        self.on.execute(insert(table).values(row._asdict() | new))

    def add_a_link(self) -> None:
        """Insert a link before the first or after the last."""
        link = self.chance.choice(self.links)
        seq = self.chance.choice([0, -1, self.links[-1].seq + 1])
        self.on.execute(insert(LINKS).values(link._asdict() | {"seq": seq, "record_id": new_id()}))

    def add_an_erasure(self) -> None:
        """Insert an erasure, take the salt and change the words."""
        link = self.link()
        new = {"id": new_id(), "created_at": utc_now(), "kind": link.kind.value}
        table, here, row = self.record(link)
        if link.kind == "erasure":
            return self.change_a_link()
        self.on.execute(insert(TABLES["erasure"]).values(new | {"record_id": link.record_id}))
        self.on.execute(update(LINKS).where(LINKS.c.seq == link.seq).values(salt=None))
        for name in FIELDS[link.kind].personal[:1]:
            value = another(table, name, getattr(row, name), self.chance)
            self.on.execute(update(table).where(here).values({name: value}))
        return None

    def rename_a_person(self) -> None:
        """Let it be somebody else who was told, or asked."""
        table, row = self.some("contact")
        here = update(table).where(table.c.id == row.id)
        name = self.chance.choice(["name", "email"])
        self.on.execute(here.values({name: f"{getattr(row, name)}x"}))

    def change_an_order(self) -> None:
        """Change what a customer wants most."""
        table, row = self.some("response_choice")
        mine = table.c.response_id == row.response_id
        deed = self.chance.choice(
            [
                delete(table).where(mine, table.c.position == row.position),
                update(table).where(mine, table.c.position == 1).values(position=9),
                insert(table).values(row._asdict() | {"position": 9, "feature_id": new_id()}),
            ]
        )
        self.on.execute(deed)

    def take_a_salt(self) -> None:
        """Remove what proves the words."""
        self.on.execute(update(LINKS).where(LINKS.c.seq == self.link().seq).values(salt=None))

    def change_a_link(self) -> None:
        """Change one column of a link."""
        link = self.link()
        changed: dict[str, Any] = self.chance.choice([
            {"hash": b"x" * 32}, {"personal": b"x" * 32}, {"salt": b"x" * 32},
            {"record_id": new_id()}, {"encoding": 2}, {"seq": self.links[-1].seq + 5},
        ])  # fmt: skip
        self.on.execute(update(LINKS).where(LINKS.c.seq == link.seq).values(changed))


ATTACKS = sorted(
    name
    for name, deed in vars(Attack).items()
    if name not in {"link", "record", "some"} and not name.startswith("_") and callable(deed)
)


def another(table: Table, name: str, value: Any, chance: Random) -> Any:
    """Another value for a column, of a kind that it takes."""
    kind = table.columns[name].type
    if enums := getattr(kind, "enums", None):
        return chance.choice([each for each in enums if each != value])
    found: Any
    match kind.__visit_name__, value:
        case _, bool():
            found = not value
        case _, datetime():
            found = value + timedelta(microseconds=1)
        case _, date():
            found = value + timedelta(days=1)
        case _, UUID():
            found = new_id()
        case "JSON", _:
            found = {"changed": [value]}
        case (("uuid" | "UUID"), None):
            found = new_id()
        case _, str():
            found = chance.choice([f"{value} ", value[:-1], value + "\u0301"])
        case _:
            found = ""
    return found
