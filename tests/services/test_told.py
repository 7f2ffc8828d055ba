"""That a customer was told: when, how and whom."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session, col, select

from models.account import Contact
from models.base import new_id, utc_today
from models.response import Told, ToldNew
from services import responses
from services.errors import NotFound
from tests.factories import Make
from tests.services.test_responses import NO, answer

TOLD = {"contact": {"name": "Kim Roe"}, "channel": "call", "on": "2026-11-20"}


class TestTold:
    def test_at_once(self, make: Make, session: Session) -> None:
        response = answer(make, make.ask(), NO, told=TOLD)

        told = session.exec(select(Told)).one()
        assert told.response_id == response.id
        assert session.get_one(Contact, told.contact_id).name == "Kim Roe"

    def test_later_and_again(self, make: Make, session: Session) -> None:
        ask = make.ask()
        response = make.response(ask, told=TOLD)
        version = ask.version

        responses.tell(session, make.boss, response.id, ToldNew(channel="email", on="2026-11-21"))

        told = session.exec(select(Told).order_by(col(Told.id))).all()
        assert [each.told_on.day for each in told] == [20, 21]
        assert ask.version == version + 1

    def test_of_an_unknown_answer(self, make: Make) -> None:
        with pytest.raises(NotFound):
            responses.tell(make.session, make.boss, new_id(), ToldNew(**TOLD))


class TestOn:
    """A day to come is no day on which somebody was told."""

    @pytest.mark.parametrize("ahead", [-400, 0, 1])
    def test_is_today_or_before_in_any_time_zone(self, ahead: int) -> None:
        on = utc_today() + timedelta(days=ahead)

        assert ToldNew(channel="call", on=on).on == on

    @pytest.mark.parametrize("ahead", [2, 400])
    def test_is_no_day_to_come(self, ahead: int) -> None:
        given: dict[str, Any] = {"channel": "call", "on": utc_today() + timedelta(days=ahead)}

        with pytest.raises(ValidationError, match="is a day to come") as caught:
            ToldNew(**given)

        assert caught.value.errors()[0]["loc"] == ("on",)
