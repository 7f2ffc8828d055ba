"""Whatever is changed around the service, the first bad record is named."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, text
from sqlmodel import Session, col

from models.base import new_id
from models.commitment import Commitment
from models.database import connect
from models.response import Channel, ToldNew
from services import commitments, erasing, responses
from services.policy import Policy
from services.verifying import Checkpoint, Verdict, Wrong, verify
from tests.databases import ON_SQLITE, database
from tests.factories import Make
from tests.services.histories import ATTACKS, VAULT, Attack, Expected, State, attacker, happen

KIM = {"name": "Kim Roe", "email": "kim@acme.example"}
EXAMPLES = 4  # of each change to each history


@pytest.fixture(scope="module", params=range(3))
def history(
    request: pytest.FixtureRequest, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """A database in which much was said, by chance."""
    with database(tmp_path_factory.mktemp("history"), template) as url:
        engine = connect(url)
        with Session(engine, expire_on_commit=False) as session:
            happen(Make(session, Policy()), Random(request.param), 30)  # noqa: S311  # no secret
        yield engine
        engine.dispose()


def verdict(on: Connection, **wanted: Any) -> Verdict:
    """What is found within a transaction that is not over."""
    with Session(on) as session:
        return verify(session, **{"vault": VAULT} | wanted)


class TestRandomHistories:
    def test_all_of_it_is_right(self, history: Engine) -> None:
        with history.connect() as on:
            found = verdict(on)

            assert found.fault is None
            assert found.right == len(State.of(on).links) > 30

    @pytest.mark.slow
    @pytest.mark.parametrize("deed", ATTACKS)
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(seed=st.integers(0, 2**32))
    def test_the_first_bad_record_is_named(self, history: Engine, deed: str, seed: int) -> None:
        with attacker(history) as on:
            before = State.of(on)
            getattr(Attack(on, Random(seed)), deed)()  # noqa: S311  # no secret
            expected = Expected.of(before, State.of(on))

            fault = verdict(on).fault

            assert (fault is None) == (expected is None), (fault, expected)
            if fault and expected:
                assert fault.seq == expected.seq, (fault, expected)
                if expected.named:
                    assert (fault.kind, fault.record_id) == expected.named


class Change(NamedTuple):
    """A change, what it is called, and what is said of it."""

    statement: str
    wrong: Wrong
    seq: int | None
    said: str


SWAP = (
    "UPDATE chain_link SET seq = -seq WHERE seq IN (2, 3);"
    " UPDATE chain_link SET seq = 5 + seq WHERE seq < 0"
)
NAMED = (
    Change("UPDATE response SET message = 'Yes.'", Wrong.changed, 1, "its words"),
    Change("UPDATE response SET contractual = true", Wrong.changed, 1, "not what was written"),
    Change("UPDATE contact SET name = 'Lee'", Wrong.changed, 2, "person that it names"),
    Change("DELETE FROM told", Wrong.missing, 2, "the record was deleted"),
    Change("DELETE FROM chain_link WHERE seq = 3", Wrong.missing, 3, "Number 3 is missing"),
    Change("UPDATE chain_link SET salt = NULL", Wrong.changed, 1, "nobody was erased"),
    Change("UPDATE chain_link SET encoding = 7", Wrong.changed, 1, "is no link"),
    Change("UPDATE chain_link SET seq = -seq WHERE seq = 1", Wrong.added, -1, "does not give"),
    Change("DELETE FROM chain_link", Wrong.added, None, "is not in the chain"),
    Change(SWAP, Wrong.out_of_order, 2, "it was number 3"),
)  # fmt: skip
# SQLite stores anything anywhere, unless it is asked not to.
UNREADABLE = (
    "UPDATE response SET created_at = 'once'",
    "UPDATE response SET evidence = '{'",
    "UPDATE response SET author_id = 'me'",
    "UPDATE response SET message = CAST('No.' AS BLOB)",
    "UPDATE response SET message = CAST(X'FF' AS TEXT)",
    "UPDATE response SET kind = 'maybe', basis = 'hope'",
    "UPDATE chain_link SET record_id = 'x' WHERE seq = 1",
    "UPDATE chain_link SET kind = 'maybe'",
    "UPDATE chain_link SET hash = 'x'",
    "UPDATE chain_link SET salt = 'x'",
    "UPDATE chain_link SET personal = 5",
)
# What reads the same, and is not the same to the service's own SQL.
ALIKE = (
    "UPDATE response SET ask_id = upper(ask_id) WHERE id = :response",
    "UPDATE response SET author_id = upper(author_id)",
    "UPDATE response SET feature_id = upper(feature_id) WHERE feature_id IS NOT NULL",
    "UPDATE response SET supersedes = upper(supersedes) WHERE supersedes IS NOT NULL",
    "UPDATE response SET ask_id = '{' || ask_id || '}'",
    "UPDATE response SET contractual = contractual * 2",
    "UPDATE response SET workaround = ''",
    "UPDATE response SET created_at = replace(created_at, ' ', 'T')",
    "UPDATE response_choice SET response_id = upper(response_id)",
    "UPDATE response_choice SET feature_id = upper(feature_id) WHERE position = 2",
    "INSERT INTO response_choice SELECT upper(id), 1, feature_id FROM response LIMIT 1",
    "UPDATE commitment SET ask_id = upper(ask_id)",
    "UPDATE commitment SET contractual = 2",
    "UPDATE commitment SET contractual = 1.5",
    "UPDATE commitment SET contractual = 'true'",
    "UPDATE commitment SET due_on = replace(due_on, '-', '')",
    "UPDATE commitment_release SET author_id = upper(author_id)",
    "UPDATE told SET response_id = upper(response_id)",
    "UPDATE told SET contact_id = upper(contact_id)",
    "UPDATE erasure SET record_id = upper(record_id)",
    "UPDATE erasure SET created_at = created_at || '+00:00'",
    "UPDATE chain_link SET record_id = upper(record_id)",
    "UPDATE chain_link SET seq = 'x' WHERE seq = 2",
    "UPDATE chain_link SET seq = 1.5 WHERE seq = 2",
)
BEYOND = [
    f"UPDATE {table} SET {column} = '{value}'"  # noqa: S608  # ours
    for table, column in (
        ("response", "created_at"), ("commitment", "due_on"), ("commitment", "created_at"),
        ("commitment_release", "created_at"), ("told", "told_on"), ("erasure", "created_at"),
    )
    for value in ("infinity", "-infinity", "20000-01-01", "0044-03-15 BC")
]  # fmt: skip
# Texts in JSON that have no UTF-8, and lists that are too deep to read.
DEEP = "[" * 5_000 + "]" * 5_000
JSONS = ('{"a": "\\ud800"}', '{"a": NaN}' if ON_SQLITE else '{"a": 1e999}', DEEP)


class TestNamed:
    @pytest.fixture
    def on(self, make: Make) -> Iterator[Connection]:
        """Somebody who may do anything, where one was answered and told three times."""
        made = make.response(make.ask(), message="No.")
        for channel in (Channel.call, Channel.email, Channel.chat):
            told = {"contact": {"name": "Kim Roe"}, "channel": channel, "on": "2026-11-20"}
            responses.tell(make.session, make.boss, made.id, ToldNew.model_validate(told))
            make.session.commit()
        engine = make.session.get_bind()
        assert isinstance(engine, Engine)
        with attacker(engine) as connection:
            yield connection

    @pytest.mark.parametrize("change", NAMED, ids=lambda change: change.said)
    def test_what_is_wrong(self, on: Connection, change: Change) -> None:
        for statement in change.statement.split("; "):
            on.execute(text(statement))

        found = verdict(on)

        assert found.fault is not None
        assert (found.fault.wrong, found.fault.seq) == (change.wrong, change.seq)
        assert change.said in found.fault.said
        assert found.right == max(0, (change.seq or 1) - 1)

    @pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL keeps to the types of its columns")
    @pytest.mark.parametrize("statement", UNREADABLE)
    def test_what_cannot_be_read(self, on: Connection, statement: str) -> None:
        on.execute(text(statement))

        found = verdict(on)

        assert found.fault is not None
        assert (found.fault.wrong, found.fault.seq) == (Wrong.changed, 1)

    @pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL keeps to the types of its columns")
    def test_what_was_added_and_cannot_be_read(self, on: Connection) -> None:
        on.execute(text("INSERT INTO erasure VALUES ('x', 'once', 'nobody', 'y')"))

        found = verdict(on)

        assert found.fault is not None
        assert (found.right, found.fault.wrong) == (4, Wrong.added)
        assert "The erasure x was added" in found.fault.said

    def test_what_a_checkpoint_shows(self, on: Connection) -> None:
        whole = verdict(on)
        on.execute(text("DELETE FROM chain_link WHERE seq > 2"))

        cut = verdict(on, checkpoint=Checkpoint(4, whole.head)).fault
        anew = verdict(on, checkpoint=Checkpoint(2, whole.head)).fault

        assert cut is not None
        assert anew is not None
        assert (cut.wrong, cut.seq) == (Wrong.cut, 3)
        assert (anew.wrong, anew.seq) == (Wrong.changed, 2)

    @pytest.mark.parametrize("value", JSONS, ids=["surrogate", "number", "deep"])
    def test_what_no_json_of_ours_holds(self, on: Connection, value: str) -> None:
        on.execute(text("UPDATE response SET evidence = :value"), {"value": value})

        found = verdict(on)

        assert found.fault is not None
        assert (found.fault.wrong, found.fault.seq) == (Wrong.changed, 1)

    def test_progress_goes_to_the_end(self, on: Connection) -> None:
        seen: list[tuple[int, int]] = []

        verdict(on, advance=lambda done, total: seen.append((done, total)))

        assert seen == [(4, 4)]


class TestStored:
    """What reads as it was written, or cannot be read, and is stored in another way."""

    @pytest.fixture
    def on(self, make: Make) -> Iterator[Connection]:
        """Somebody who may do anything, where all kinds of records are on file."""
        features = [make.planned(shareable=True) for _each in range(3)]
        told = {"contact": KIM, "channel": "call", "on": "2026-11-20"}
        ask = make.ask(None, features[0])
        make.response(ask, kind="ranked", order=[str(each.id) for each in features], told=told)
        promise = {"kind": "yes", "basis": "committed", "contractual": True}
        make.response(ask, **promise, supersedes_reason="It was planned.")
        bound = make.session.execute(select(col(Commitment.id))).scalar_one()
        commitments.release_commitment(make.session, make.boss, bound, "They let us go.")
        make.session.commit()
        erasing.erase(make.session, erasing.find(make.session, KIM["email"]), VAULT)
        make.session.commit()
        engine = make.session.get_bind()
        assert isinstance(engine, Engine)
        with attacker(engine) as connection:
            yield connection

    def test_all_of_it_is_right(self, on: Connection) -> None:
        assert verdict(on).right == 7
        assert verdict(on).fault is None

    @pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL keeps to the types of its columns")
    @pytest.mark.parametrize("statement", ALIKE)
    def test_what_reads_the_same(self, on: Connection, statement: str) -> None:
        first = on.execute(text("SELECT record_id FROM chain_link WHERE seq = 1")).scalar_one()
        given = {"response": first} if ":response" in statement else {}
        changed = on.execute(text(statement), given).rowcount
        table = statement.split()[2 if statement.startswith("INSERT") else 1]
        kinds = {"response_choice": "response", "commitment_release": "release"}

        fault = verdict(on).fault

        assert changed
        assert fault is not None
        if table != "chain_link":
            assert fault.kind in {kinds.get(table, table), "told" if "erasure" in table else ""}
            assert fault.record_id is not None

    @pytest.mark.skipif(ON_SQLITE, reason="SQLite has no such days")
    @pytest.mark.parametrize("statement", BEYOND)
    def test_days_that_no_calendar_of_ours_has(self, on: Connection, statement: str) -> None:
        on.execute(text(statement))
        kind = statement.split()[1].removeprefix("commitment_")

        fault = verdict(on).fault

        assert fault is not None
        assert (fault.wrong, fault.kind) == (Wrong.changed, kind)

    @pytest.mark.skipif(ON_SQLITE, reason="SQLite has no such days")
    def test_what_was_added_on_such_a_day(self, on: Connection) -> None:
        key = new_id()
        on.execute(text("INSERT INTO erasure VALUES (:id, 'infinity', 'ask', :id)"), {"id": key})

        fault = verdict(on).fault

        assert fault is not None
        assert (fault.wrong, fault.record_id) == (Wrong.added, key)

    def test_a_place_in_an_order_of_nobody(self, on: Connection) -> None:
        nobody = new_id()
        value = nobody.hex if ON_SQLITE else nobody
        on.execute(text("INSERT INTO response_choice VALUES (:id, 1, :id)"), {"id": value})

        fault = verdict(on).fault

        assert fault is not None
        assert (fault.wrong, fault.kind, fault.record_id) == (Wrong.added, "response", nobody)
