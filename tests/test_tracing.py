"""What reaches no new lines is not traced for coverage, also in one process of several."""

import pytest
from coverage import Coverage


@pytest.mark.once
@pytest.mark.slow  # as what is not traced
def test_a_test_that_takes_seconds_is_left_alone() -> None:
    assert Coverage.current() is None
