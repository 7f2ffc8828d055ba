"""Debts: how old, how many, whose; nothing makes one wait longer."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from models.ask import Ask, AskChange
from models.base import utc_today
from models.user import Role, User
from services import asks, debts, users
from services.debts import DebtFilter
from services.errors import Invalid
from services.permissions import NotPermitted
from services.policy import Policy
from services.workdays import after_workdays
from tests.factories import Make

MONDAY = date(2026, 11, 23)
FRIDAY = 4


@pytest.fixture(autouse=True)
def _monday() -> Any:
    """Every test happens on one Monday."""
    with time_machine.travel(MONDAY, tick=False):
        yield


def owed(make: Make, by: User, due: date, **fields: Any) -> Ask:
    """A debt of somebody that is due on a day, and was logged as long before it as is set."""
    day = due
    while after_workdays(day, make.policy.answer_days) > due or day.weekday() > FRIDAY:
        day -= timedelta(days=1)
    with time_machine.travel(day, tick=False):
        ask = make.ask(**fields)
    ask.logged_by, ask.answer_due_on = by.id, due
    make.session.add(ask)
    make.session.commit()
    return ask


def found(make: Make, policy: Policy | None = None, **wanted: Any) -> dict[str, Any]:
    """The report on some debts."""
    return debts.report(
        make.session, make.boss, policy or make.policy, DebtFilter(**wanted), limit=200
    )


class TestNext:
    def test_the_own_that_is_due_first_is_next_and_only_then_anybodys(self, make: Make) -> None:
        sam, kim = make.user(), make.user()
        by, days = users.caller_for(sam), [timedelta(days=days) for days in range(4)]
        make.response(owed(make, sam, MONDAY - days[3]))
        later, sooner = owed(make, sam, MONDAY + days[2]), owed(make, sam, MONDAY + days[1])
        another = owed(make, kim, MONDAY - days[2], title="Of Kim")

        walked = []
        while (following := debts.next_of(make.session, by)) is not None:
            walked.append((following.id, following.left, following.own))
            make.response(make.session.get_one(Ask, following.id))

        assert walked == [(sooner.id, 2, True), (later.id, 1, True), (another.id, 1, False)]

    def test_what_was_withdrawn_waits_for_nobody(self, make: Make) -> None:
        asks.withdraw_ask(make.session, make.boss, make.policy, make.ask().id, "Sold")

        assert debts.next_of(make.session, make.boss) is None

    def test_whoever_may_not_answer_is_given_none(self, make: Make) -> None:
        by = users.caller_for(make.user(Role.viewer))

        with pytest.raises(NotPermitted):
            debts.next_of(make.session, by)


class TestAge:
    @pytest.mark.parametrize(
        ("due", "age", "overdue"),
        [
            (date(2026, 11, 30), 0, 0),  # logged today
            (date(2026, 11, 24), 4, 0),
            (date(2026, 11, 23), 5, 0),  # due today
            (date(2026, 11, 20), 6, 1),  # was due on Friday: the weekend does not count
            (date(2026, 11, 16), 10, 5),
            (date(2027, 3, 1), 0, 0),  # of a clock that ran ahead: never below nothing
        ],
    )
    def test_counts_working_days(self, make: Make, due: date, age: int, overdue: int) -> None:
        owed(make, make.user(), due)

        item = found(make)["items"][0]

        assert (item["age"], item["days_overdue"]) == (age, overdue)
        assert item["overdue"] is (overdue > 0)

    def test_holidays_make_nothing_older(self, make: Make) -> None:
        owed(make, make.user(), date(2026, 11, 16))
        policy = Policy(holidays=frozenset({date(2026, 11, 18), date(2026, 11, 21)}))

        assert found(make, policy)["items"][0]["days_overdue"] == 4

    @pytest.mark.parametrize("ago", [0, 1, 2, 3, 7, 30])
    def test_is_that_of_the_day_of_logging(self, make: Make, ago: int) -> None:
        with time_machine.travel(MONDAY - timedelta(days=ago), tick=False):
            ask = make.ask()

        days = [MONDAY - timedelta(days=back) for back in range(ago)]
        assert found(make)["items"][0]["age"] == sum(day.weekday() < 5 for day in days)
        assert ask.answer_due_on == asks.due_on(make.policy, MONDAY - timedelta(days=ago))

    @pytest.mark.parametrize("days", [1, 10, 60])
    def test_does_not_depend_on_how_many_days_there_are_to_answer_now(
        self, make: Make, days: int
    ) -> None:
        with time_machine.travel(MONDAY - timedelta(days=7), tick=False):
            make.ask()
        make.ask()

        report = found(make, Policy(answer_days=days))

        assert [each["age"] for each in report["items"]] == [5, 0]
        assert report["totals"]["age"] == {"median": 2.5, "worst": 5}
        assert [each["days_overdue"] for each in report["items"]] == [0, 0]

    def test_holidays_to_come_make_nothing_older(self, make: Make) -> None:
        make.ask()
        policy = Policy(holidays=frozenset({date(2026, 11, 25), date(2026, 11, 26)}))

        assert found(make, policy)["items"][0]["age"] == 0

    def test_begins_anew_where_an_ask_is_put_back(self, make: Make) -> None:
        with time_machine.travel(MONDAY - timedelta(days=60), tick=False):
            ask = make.ask()
            make.response(ask)
        asks.reopen(ask, make.boss, make.policy)
        make.session.commit()

        assert found(make)["items"][0]["age"] == 0
        assert found(make, Policy(answer_days=10))["totals"]["age"]["worst"] == 0


class TestSums:
    def test_by_person_and_team(self, make: Make) -> None:
        sam, jo, kim = (
            make.user(Role.se, name=name, team=team)
            for name, team in [("Sam", "North"), ("Jo", "North"), ("Kim", None)]
        )
        for due in (date(2026, 11, 20), date(2026, 11, 16), date(2026, 11, 25)):
            owed(make, sam, due)
        owed(make, jo, date(2026, 11, 9))
        owed(make, kim, date(2026, 11, 30))

        report = found(make)

        people = {each["person"]["name"]: each for each in report["people"]}
        assert [*people] == ["Sam", "Jo", "Kim"]
        assert people["Sam"]["age"] == {"median": 6.0, "worst": 10}
        assert [people["Sam"][name] for name in ("asks", "overdue", "due_soon")] == [3, 2, 1]
        teams = {each["team"]: each for each in report["teams"]}
        assert teams["North"]["age"] == {"median": 8.0, "worst": 15}
        assert teams["North"]["overdue"] == 3
        assert teams[None]["asks"] == 1
        assert report["totals"]["asks"] == 5
        assert report["totals"]["age"] == {"median": 6.0, "worst": 15}

    def test_nothing_is_owed(self, make: Make) -> None:
        make.response(make.ask())

        report = found(make)

        assert report["totals"] == {"asks": 0, "overdue": 0, "due_soon": 0, "age": None}
        assert report["people"] == report["teams"] == report["items"] == []

    def test_what_was_answered_or_withdrawn_is_no_debt(self, make: Make) -> None:
        make.response(make.ask())
        asks.withdraw_ask(make.session, make.boss, make.policy, make.ask().id, "Sold")
        left = make.ask()
        make.session.commit()

        assert [each["id"] for each in found(make)["items"]] == [left.id]

    def test_those_who_left_still_owe(self, make: Make) -> None:
        sam = make.user(Role.se)
        owed(make, sam, MONDAY)
        sam.active = False
        make.session.commit()

        assert found(make)["people"][0]["person"]["active"] is False

    def test_logged_by_nobody_we_know(self, make: Make) -> None:
        ask = make.ask()
        ask.logged_by = None
        make.session.commit()

        report = found(make)

        assert report["people"][0]["person"] is None
        assert report["teams"][0]["team"] is None
        assert report["items"][0]["logged_by"] is None


class TestList:
    def test_what_is_due_first_is_first(self, make: Make) -> None:
        sam = make.user()
        made = [owed(make, sam, MONDAY + timedelta(days=days)).id for days in (3, -3, 0, 3)]

        assert [each["id"] for each in found(make)["items"]] == [
            made[place] for place in (1, 2, 0, 3)
        ]

    def test_filters(self, make: Make) -> None:
        sam, jo = make.user(team="North"), make.user(team="South")
        first, second = make.product(), make.product()
        late = owed(make, sam, MONDAY - timedelta(days=3), product_id=first.id)
        soon = owed(make, jo, MONDAY, product_id=second.id)

        def ids(**wanted: Any) -> list[Any]:
            report = found(make, **wanted)
            assert report["totals"]["asks"] == len(report["items"])
            return [each["id"] for each in report["items"]]

        assert ids(overdue=True) == [late.id]
        assert ids(overdue=False) == [soon.id]
        assert ids(product_id=[second.id]) == [soon.id]
        assert ids(logged_by=[sam.email.upper()]) == [late.id]
        assert ids(team=["South"]) == [soon.id]
        assert ids(team=["North", "South"]) == [late.id, soon.id]

    def test_a_cursor_of_another_list(self, make: Make) -> None:
        with pytest.raises(Invalid):
            debts.report(
                make.session, make.boss, make.policy, DebtFilter(), limit=1, cursor="WzEsMl0"
            )


def test_only_an_answer_or_a_withdrawal_ends_a_debt(make: Make) -> None:
    """There is no snooze: no change of an ask moves the day on which it is due."""
    ask = make.ask()
    due = ask.answer_due_on

    change = AskChange(importance="nice_to_have", feature_id=make.feature().id)
    asks.change_ask(make.session, users.caller_for(make.user()), make.policy, ask.id, change)

    assert ask.answer_due_on == due
    assert utc_today() == MONDAY
    assert not {"answer_due_on", "snooze"} & AskChange.model_fields.keys()
