"""An erasure is believed where the service's secret key sealed it, and nowhere else."""

import secrets
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, insert, select, update
from sqlmodel import Session

from models import Erasure
from models.base import new_id, utc_now
from models.chain import ErasedKind
from services import erasing
from services.canonical import (
    ENCODING,
    LENGTH,
    SEALED,
    erasure_bytes,
    link_digest,
    personal_digest,
)
from services.contents import targets
from services.vault import Vault
from services.verifying import Checkpoint, Verdict, Wrong, verify
from tests.factories import Make
from tests.services.histories import LINKS, TABLES, VAULT, attacker

OTHER = Vault("t" * 40)


@pytest.fixture
def said(make: Make) -> UUID:
    """An answer that somebody would like to have been another, and a later one."""
    made = make.response(make.ask(), message="No, kim@acme.example.")
    make.response(make.ask(), message="No.")
    return made.id


def found(on: Connection, **wanted: Any) -> Verdict:
    """What is found within a transaction that is not over."""
    with Session(on) as session:
        return verify(session, **{"vault": VAULT} | wanted)


def link(on: Connection, record: UUID, vault: Vault | None) -> None:
    """Link an erasure from an answer, sealed with a key or, as once, with none."""
    erasure: dict[str, Any] = {"created_at": utc_now(), "kind": "response", "record_id": record}
    key, salt = new_id(), secrets.token_bytes(LENGTH)
    on.execute(insert(TABLES["erasure"]).values(erasure | {"id": key}))
    with Session(on) as session:
        words = targets(session, [("response", record, key)])[key]
    personal = personal_digest(salt, words)
    last = on.execute(select(LINKS).order_by(LINKS.c.seq.desc()).limit(1)).one()
    seq = last.seq + 1
    if vault:
        sealed = erasure_bytes(last.hash, seq, key, erasure, personal)
        personal += vault.erasure_seal(sealed)
    made = {
        "seq": seq, "kind": "erasure", "record_id": key, "salt": salt, "personal": personal,
        "encoding": SEALED if vault else ENCODING,
        "hash": link_digest(last.hash, seq, "erasure", key, erasure, personal),
    }  # fmt: skip
    on.execute(insert(LINKS).values(made))


@pytest.fixture
def on(make: Make, said: UUID) -> Iterator[Connection]:
    """Somebody who may do anything with the database, and has changed the words."""
    engine = make.session.get_bind()
    assert isinstance(engine, Engine)
    make.session.commit()
    with attacker(engine) as connection:
        answer = TABLES["response"]
        connection.execute(update(answer).where(answer.c.id == said).values(message="Yes."))
        connection.execute(update(LINKS).where(LINKS.c.record_id == said).values(salt=None))
        yield connection


class TestForged:
    @pytest.mark.parametrize("kept", [False, True], ids=["alone", "with an old checkpoint"])
    def test_one_without_a_seal_leaves_the_changed_record_bad(
        self, on: Connection, said: UUID, kept: bool
    ) -> None:
        head = on.execute(select(LINKS.c.hash).where(LINKS.c.seq == 2)).scalar_one()
        link(on, said, None)

        fault = found(on, checkpoint=Checkpoint(2, head) if kept else None).fault

        assert fault is not None
        assert (fault.wrong, fault.seq, fault.record_id) == (Wrong.changed, 1, said)
        assert "The last erasure without a seal is number 3." in fault.said

    def test_one_with_a_seal_of_another_key_is_named(self, on: Connection, said: UUID) -> None:
        link(on, said, OTHER)

        fault = found(on).fault

        assert fault is not None
        assert (fault.wrong, fault.seq, fault.kind) == (Wrong.unsealed, 3, "erasure")
        assert f"to change words of the response {said}" in fault.said

    def test_one_that_stands_elsewhere_than_it_was_sealed_is_named(
        self, on: Connection, said: UUID
    ) -> None:
        link(on, said, VAULT)
        genuine = on.execute(select(LINKS).where(LINKS.c.seq == 3)).one()
        assert found(on).right == 3
        erasure = on.execute(select(TABLES["erasure"])).mappings().one()
        copy = new_id()
        on.execute(insert(TABLES["erasure"]).values({**erasure, "id": copy}))
        plain = {name: erasure[name] for name in ("created_at", "kind", "record_id")}
        hashed = link_digest(genuine.hash, 4, "erasure", copy, plain, genuine.personal)
        moved = {"seq": 4, "record_id": copy, "hash": hashed}
        on.execute(insert(LINKS).values(genuine._asdict() | moved))

        fault = found(on).fault

        assert fault is not None
        assert (fault.wrong, fault.seq, fault.record_id) == (Wrong.unsealed, 4, copy)

    @pytest.mark.parametrize("encoding", [ENCODING, SEALED])
    def test_one_that_says_to_have_another_encoding_is_named(
        self, on: Connection, said: UUID, encoding: int
    ) -> None:
        link(on, said, VAULT if encoding == ENCODING else None)
        on.execute(update(LINKS).where(LINKS.c.seq == 3).values(encoding=encoding))

        fault = found(on).fault

        assert fault is not None
        assert fault.seq == (1 if encoding == ENCODING else 3)


class TestGenuine:
    def erase(self, make: Make) -> Verdict:
        erasing.erase(make.session, erasing.find(make.session, "kim@acme.example"), VAULT)
        make.session.commit()
        return verify(make.session, vault=VAULT)

    @pytest.fixture
    def erased(self, make: Make) -> Verdict:
        """What is found after somebody was erased from an answer, their contact, and a telling."""
        told = {"contact": {"name": "Kim Roe", "email": "kim@acme.example"}, "channel": "call"}
        make.response(make.ask(), message="No, kim@acme.example.", told=told | {"on": "2026-11-20"})
        return self.erase(make)

    def test_ones_are_believed(self, make: Make, erased: Verdict) -> None:
        links = make.session.execute(select(TABLES["chain_link"].c.encoding)).scalars().all()

        assert erased.fault is None
        assert erased.right == len(links) == 5
        assert links.count(SEALED) == 3

    def test_ones_are_not_believed_without_the_key_that_sealed_them(
        self, make: Make, erased: Verdict
    ) -> None:
        without = verify(make.session).fault
        other = verify(make.session, vault=OTHER).fault

        assert without is not None
        assert other is not None
        assert (without.wrong, without.seq) == (other.wrong, other.seq) == (Wrong.unsealed, 3)
        assert "set NOMAYBE_SECRET_KEY" in without.said
        assert "is not that of the service" in other.said

    def test_a_checkpoint_vouches_for_those_before_it(self, make: Make, erased: Verdict) -> None:
        kept = Checkpoint(erased.right, erased.head)

        assert verify(make.session, checkpoint=kept).fault is None
        assert verify(make.session, checkpoint=kept._replace(hash=bytes(32))).fault is not None

    def test_none_is_written_without_a_key(self, make: Make) -> None:
        make.session.add(Erasure(kind=ErasedKind.contact, record_id=new_id()))

        with pytest.raises(KeyError):
            make.session.commit()


class TestFromBeforeSeals:
    def test_a_checkpoint_after_it_is_needed(self, on: Connection, said: UUID) -> None:
        link(on, said, None)
        last = on.execute(select(LINKS.c.hash).where(LINKS.c.seq == 3)).scalar_one()

        alone = found(on).fault
        vouched = found(on, checkpoint=Checkpoint(3, last))

        assert alone is not None
        assert f"--checkpoint 3:{last.hex()}" in alone.said
        assert (vouched.right, vouched.fault) == (3, None)

    def test_one_of_what_is_not_chained_is_named_itself(self, make: Make) -> None:
        made = make.response(make.ask())
        make.session.commit()
        engine = make.session.get_bind()
        assert isinstance(engine, Engine)
        with attacker(engine) as on:
            link(on, made.id, None)

            fault = found(on).fault

        assert fault is not None
        assert (fault.wrong, fault.seq) == (Wrong.unsealed, 2)
        assert "nothing proves that the service erased anybody" in fault.said
