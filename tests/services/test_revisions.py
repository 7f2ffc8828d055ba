"""Versions of records: the ETag of the API, and the seams of the history."""

import pytest
import time_machine

from models.account import AccountChange
from services.errors import Invalid
from services.permissions import Caller
from services.revisions import given, revise, touch
from tests.factories import Make


class TestGiven:
    def test_is_what_a_change_names(self) -> None:
        assert given(AccountChange(region="EMEA")) == {"region": "EMEA"}

    def test_null_is_refused_where_a_value_is_needed(self) -> None:
        with pytest.raises(Invalid, match="region: must have a value"):
            given(AccountChange(region=None))

    def test_null_is_taken_where_it_may_be(self) -> None:
        assert given(AccountChange(region=None), frozenset({"region"})) == {"region": None}


class TestTouch:
    def test_time_does_not_run_backwards(self, make: Make, admin: Caller) -> None:
        account = make.account()
        before = account.changed_at

        with time_machine.travel("2020-01-01T00:00:00Z", tick=False):
            touch(account, admin)

        assert account.changed_at == before
        assert account.version == 2

    def test_says_who(self, make: Make, admin: Caller) -> None:
        account = make.account()

        assert revise(account, admin, {"region": "EMEA"})
        assert account.changed_by == admin.id
