"""Which answers contradict which, against an oracle that is slow and plain."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.columns import NO, RANKED, YES
from services.pairs import Answers, other_account, same_account

pytestmark = pytest.mark.once

LONGEST = 10
ROWS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 3), st.sampled_from([YES, NO, RANKED]), st.integers(0, 40)
    ),
    max_size=40,
    unique_by=lambda row: row[3],
)


def answers(rows: list[tuple[int, int, int, int]]) -> Answers:
    """Rows as columns."""
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Answers(*table.T)


def slow(rows: list[tuple[int, int, int, int]], contradicts: Any) -> list[int]:
    """Look at every earlier answer of each, and take the last that contradicts."""
    found = []
    for feature, account, kind, at in rows:
        earlier = [
            (then, place)
            for place, (other_feature, other_account, other_kind, then) in enumerate(rows)
            if other_feature == feature
            and then < at
            and contradicts((account, kind, at), (other_account, other_kind, then))
        ]
        found.append(max(earlier)[1] if earlier else -1)
    return found


@given(ROWS)
def test_the_same_account_was_told_something_else(rows: list[tuple[int, int, int, int]]) -> None:
    wanted = slow(rows, lambda later, earlier: later[0] == earlier[0] and later[1] != earlier[1])

    assert same_account(answers(rows)).tolist() == wanted


@given(ROWS)
def test_another_account_was_told_the_opposite_lately(
    rows: list[tuple[int, int, int, int]],
) -> None:
    wanted = slow(
        rows,
        lambda later, earlier: (
            later[0] != earlier[0]
            and {later[1], earlier[1]} == {YES, NO}
            and later[2] - earlier[2] <= LONGEST
        ),
    )

    assert other_account(answers(rows), LONGEST).tolist() == wanted
