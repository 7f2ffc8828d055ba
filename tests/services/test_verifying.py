"""Whatever is changed around the service, the first bad record is named."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlmodel import Session

from models.database import connect
from models.response import Channel, ToldNew
from services import responses
from services.policy import Policy
from services.verifying import Checkpoint, Verdict, Wrong, verify
from tests.databases import ON_SQLITE, database
from tests.factories import Make
from tests.services.histories import ATTACKS, VAULT, Attack, Expected, State, attacker, happen

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

    def test_progress_goes_to_the_end(self, on: Connection) -> None:
        seen: list[tuple[int, int]] = []

        verdict(on, advance=lambda done, total: seen.append((done, total)))

        assert seen == [(4, 4)]
