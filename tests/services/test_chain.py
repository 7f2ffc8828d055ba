"""Every record of what was said is linked, in the transaction that says it, without gaps."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlmodel import Session, col, select

from models import ChainLink, Model, migrations
from models.ask import Ask
from models.chain import LinkKind
from models.database import connect, read_only
from models.feature import FeatureStatus
from models.response import Channel, NoNew, ToldNew
from models.user import Role
from services import chain, responses
from services.canonical import GENESIS, encode, link_digest, personal_digest
from services.contents import FIELDS, content_of
from services.policy import Policy
from services.users import caller_for
from services.verifying import verify
from tests.databases import ON_SQLITE
from tests.factories import Make
from tests.services.histories import VAULT, happen

TOLD = {"contact": {"name": "Kim Roe"}, "channel": "call", "on": "2026-11-20"}
NO = NoNew(kind="no", basis="out_of_scope")
THREADS, EACH = 6, 8
PERSONAL = "bab3423d2d9e8a6fc7c39146cf44face158ec3e7eef39a2bbd12b644149051fd"
LINK = "dee0cace9c4d7f01a5e577f9c91675ce43e123f234a5cae6d3a4eefbc79aded6"


def links(make: Make) -> list[LinkKind]:
    """The kinds of the links, in their order."""
    found = make.session.exec(select(ChainLink).order_by(col(ChainLink.seq))).all()
    make.session.commit()
    return [link.kind for link in found]


class TestCanonicalBytes:
    @pytest.mark.parametrize(
        ("value", "written"),
        [
            (None, "6e0000000000000000"),
            ("", "730000000000000000"),
            ("e\u0301", "73000000000000000365cc81"),
            (True, "6f000000000000000131"),
            (1, "69000000000000000131"),
            (-120000, "6900000000000000072d313230303030"),
            (0.1, "640000000000000003302e31"),
            (b"\x00", "62000000000000000100"),
            (UUID(int=1), "75000000000000001000000000000000000000000000000001"),
            (FeatureStatus.planned, "730000000000000007706c616e6e6564"),
            (date(2026, 11, 23), "44000000000000000a323032362d31312d3233"),
            ([None], "6c00000000000000096e0000000000000000"),
            (
                {"b": None, "a": 1},
                "6d0000000000000030" + "73000000000000000161" + "69000000000000000131"
                + "73000000000000000162" + "6e0000000000000000",
            ),
        ],
    )  # fmt: skip
    def test_are_these(self, value: Any, written: str) -> None:
        if isinstance(value, dict):  # the length of the body is that of its pairs
            written = written[:2] + (len(written) // 2 - 9).to_bytes(8, "big").hex() + written[18:]

        assert encode(value).hex() == written

    def test_an_instant_is_in_utc_with_microseconds(self) -> None:
        there = timezone(timedelta(hours=2))

        written = encode(datetime(2026, 11, 23, 11, 30, tzinfo=there))

        assert written == encode(datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
        assert written.endswith(b"T\x00\x00\x00\x00\x00\x00\x00\x1b2026-11-23T09:30:00.000000Z")

    def test_nothing_else_has_any(self) -> None:
        with pytest.raises(TypeError, match="set has no canonical bytes"):
            encode({1})

    def test_of_a_link_are_hashed_so(self) -> None:
        personal = personal_digest(bytes(32), {"message": "No.", "how": None})
        found = link_digest(GENESIS, 1, "told", UUID(int=1), {"channel": "call"}, personal)

        assert personal.hex() == PERSONAL
        assert found.hex() == LINK


@pytest.mark.parametrize("kind", LinkKind)
def test_every_column_of_a_record_is_in_the_chain(kind: LinkKind) -> None:
    fields = FIELDS[kind]
    columns = set(Model.metadata.tables[str(fields.table.__tablename__)].columns.keys())

    assert {fields.key, *fields.plain, *fields.personal, *fields.later} == columns


def test_a_column_gained_later_changes_no_link_of_a_row_without_it() -> None:
    fields = replace(FIELDS[LinkKind.told], later=("place",))
    row = dict.fromkeys(fields.plain, "x")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FIELDS, LinkKind.told, fields)
        without = content_of(LinkKind.told, SimpleNamespace(**row, place=None), [], None)
        having = content_of(LinkKind.told, SimpleNamespace(**row, place="Oslo"), [], None)

    assert without.plain == row
    assert having.plain == row | {"place": "Oslo"}


class TestAppending:
    def test_an_answer_and_all_that_goes_with_it(self, make: Make) -> None:
        make.response(make.ask(None, make.planned()), kind="yes", basis="committed", told=TOLD)

        assert sorted(links(make)) == ["commitment", "response", "told"]
        assert verify(make.session).fault is None

    def test_what_is_rolled_back_leaves_no_link(self, make: Make) -> None:
        ask = make.ask()
        responses.give_response(make.session, make.boss, make.policy, ask.id, NO)
        make.session.rollback()

        make.response(make.ask())

        assert verify(make.session).right == 1

    def test_what_a_savepoint_takes_back_leaves_no_link(self, make: Make) -> None:
        kept, undone = make.ask(), make.ask()
        responses.give_response(make.session, make.boss, make.policy, kept.id, NO)
        savepoint = make.session.begin_nested()
        responses.give_response(make.session, make.boss, make.policy, undone.id, NO)
        savepoint.rollback()
        with make.session.begin_nested():
            told = ToldNew(channel=Channel.call, on=date(2026, 11, 20))
            answer = make.session.get_one(Ask, kept.id).response_id
            assert answer is not None
            responses.tell(make.session, make.boss, answer, told)
        make.session.commit()

        assert links(make) == ["response", "told"]
        assert verify(make.session).fault is None

    def test_costs_two_statements_more_and_three_on_postgresql(self, make: Make) -> None:
        ask = make.ask()
        said: list[str] = []
        responses.give_response(make.session, make.boss, make.policy, ask.id, NO)
        make.session.flush()
        engine = make.session.get_bind()

        @event.listens_for(engine, "before_cursor_execute")
        def _note(*given: Any) -> None:
            said.append(given[2])

        make.session.commit()

        assert len(said) == (2 if ON_SQLITE else 3)

    def test_many_at_once_make_one_chain_without_gaps(
        self, make: Make, database_url: str, policy: Policy
    ) -> None:
        feature = make.planned()
        by = caller_for(make.user(Role.se))
        asks = [make.ask(None, feature).id for _each in range(THREADS * EACH)]
        engine = connect(database_url)
        told = ToldNew.model_validate(TOLD)

        def answer(ask_id: UUID) -> None:
            with Session(engine) as session, session.begin():
                made = responses.give_response(session, by, policy, ask_id, NO)
                responses.tell(session, by, made.id, told)

        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(answer, asks))
        engine.dispose()

        assert verify(make.session).right == 2 * len(asks)

    def test_the_head_is_where_it_ends(self, make: Make) -> None:
        assert chain.head(make.session) == (0, GENESIS)
        make.session.commit()

        make.response(make.ask())

        found = verify(make.session)
        assert chain.head(make.session) == (found.right, found.head)


class TestUpgrading:
    def test_links_what_is_on_file(self, make: Make, database_url: str) -> None:
        happen(make, Random(7), 20)  # noqa: S311  # no secret
        before = verify(make.session, vault=VAULT)
        make.session.close()
        make.session.get_bind().dispose()  # type: ignore[union-attr]
        history = ScriptDirectory.from_config(migrations.config(""))
        earlier = history.get_revision("0004").down_revision

        command.downgrade(migrations.config(database_url), str(earlier))
        command.upgrade(migrations.config(database_url), "head")

        engine = connect(database_url)
        with Session(read_only(engine)) as session:
            found = verify(session)
            erasures = session.exec(
                select(ChainLink).where(col(ChainLink.kind) == LinkKind.erasure)
            ).all()
        engine.dispose()
        assert before.fault is found.fault is None
        assert 0 < found.right <= before.right
        assert erasures == []
