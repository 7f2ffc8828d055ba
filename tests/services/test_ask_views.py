"""Lists of asks by when they were answered, which REST does not offer and pages do."""

from datetime import timedelta

import pytest

from models.ask import Ask
from models.base import utc_now
from models.response import NoNew
from services import ask_views, responses
from services.ask_views import AnswerOrder, AskFilter, AskOrder
from services.errors import Invalid
from tests.factories import Make

NO = NoNew(kind="no", basis="not_planned")


def answered(make: Make, days_ago: int) -> Ask:
    """An ask whose answer was given some days ago."""
    ask, given_at = make.ask(), utc_now() - timedelta(days=days_ago)
    responses.give_response(make.session, make.boss, make.policy, ask.id, NO, given_at=given_at)
    make.session.commit()
    return ask


def walked(make: Make, limit: int) -> list[object]:
    """The ids of the whole list, a page at a time."""
    found, cursor = list[object](), None
    while True:
        page, cursor = ask_views.list_asks(
            make.session, make.boss, AskFilter(), limit=limit, cursor=cursor,
            order=AnswerOrder.newest,
        )  # fmt: skip
        found += [ask["id"] for ask in page]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_the_newest_answer_is_first_over_all_pages_and_debts_have_no_place(
    make: Make, limit: int
) -> None:
    old, new, middle = (answered(make, days) for days in (300, 1, 20))
    make.ask()

    assert walked(make, limit) == [new.id, middle.id, old.id]


def test_answers_of_one_instant_stand_once_each(make: Make) -> None:
    at, asks = utc_now(), [make.ask() for _each in range(3)]
    for ask in asks:
        responses.give_response(make.session, make.boss, make.policy, ask.id, NO, given_at=at)
    make.session.commit()

    assert walked(make, 1) == [ask.id for ask in reversed(asks)]


def test_a_cursor_of_another_order_is_refused(make: Make) -> None:
    for days in (1, 2):
        answered(make, days)

    orders: list[tuple[AskOrder | AnswerOrder, AskOrder | AnswerOrder]] = [
        (AskOrder.newest, AnswerOrder.newest), (AnswerOrder.newest, AskOrder.newest),
    ]  # fmt: skip
    for one, other in orders:
        _page, cursor = ask_views.list_asks(
            make.session, make.boss, AskFilter(), limit=1, order=one
        )
        with pytest.raises(Invalid):
            ask_views.list_asks(
                make.session, make.boss, AskFilter(), limit=1, order=other, cursor=cursor
            )


def test_a_list_is_counted_as_it_is_filtered(make: Make) -> None:
    told = {"channel": "call", "on": "2026-11-20"}
    for _each in range(2):
        make.response(make.ask())
    make.response(make.ask(), told=told)
    make.ask()

    counts = [
        ask_views.count_asks(make.session, make.boss, wanted)
        for wanted in (AskFilter(), AskFilter(not_told=True), AskFilter(q="no such words"))
    ]

    assert counts == [4, 2, 0]
