"""Whatever is changed around the service, the first bad record is named."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine
from sqlmodel import Session

from models.database import connect
from services.policy import Policy
from services.verifying import Verdict, verify
from tests.databases import database
from tests.factories import Make
from tests.services.histories import ATTACKS, Attack, Expected, State, attacker, happen

EXAMPLES = 8  # of each change to each history


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
        return verify(session, **wanted)


class TestRandomHistories:
    def test_all_of_it_is_right(self, history: Engine) -> None:
        with history.connect() as on:
            found = verdict(on)

            assert found.fault is None
            assert found.right == len(State.of(on).links) > 30

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
