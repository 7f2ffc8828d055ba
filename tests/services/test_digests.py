"""The digest: what a person owes today, in parts, as a letter."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from models.ask import Ask
from models.user import Role, User
from services import digests
from services.digests import MOST, Heap, Part
from services.policy import Policy
from services.users import caller_for
from tests.factories import Make

MONDAY = date(2026, 11, 23)
TOLD = {"channel": "call", "on": "2026-11-20"}


@pytest.fixture(autouse=True)
def _monday() -> Any:
    """Every test happens on one Monday."""
    with time_machine.travel(MONDAY, tick=False):
        yield


def owed(make: Make, by: User, due: date, **fields: Any) -> Ask:
    """A debt of somebody that is due on a day."""
    ask = make.ask(make.customer(name="Acme"), **fields)
    ask.logged_by, ask.answer_due_on = by.id, due
    make.session.add(ask)
    make.session.commit()
    return ask


def own(make: Make, by: User) -> dict[Part, list[Any]]:
    """What the digest of a person lists."""
    found = digests.own(make.session, caller_for(by), make.policy)
    return {heap.part: [each.id for each in heap.asks] for heap in found if isinstance(heap, Heap)}


def test_each_ask_stands_in_its_part(make: Make) -> None:
    sam = make.user()
    late = owed(make, sam, MONDAY - timedelta(days=3))
    today, wednesday = owed(make, sam, MONDAY), owed(make, sam, MONDAY + timedelta(days=2))
    owed(make, sam, MONDAY + timedelta(days=3))  # later than two working days
    owed(make, make.user(), MONDAY)  # somebody else's
    feature = make.feature(demand_bar={"accounts": 2})
    refused = owed(make, sam, MONDAY, feature=feature)
    make.response(refused, basis="insufficient_demand", told=TOLD)
    make.ask(make.customer(), feature)  # the bar is reached
    untold, told = owed(make, sam, MONDAY), owed(make, sam, MONDAY)
    make.response(untold)
    make.response(told, told=TOLD)

    assert own(make, sam) == {
        Part.overdue: [late.id],
        Part.soon: [today.id, wednesday.id],
        Part.revisit: [refused.id],
        Part.not_told: [untold.id],
    }


def test_two_working_days_step_over_weekends_and_holidays(make: Make) -> None:
    sam, policy = make.user(), Policy(holidays=frozenset({date(2026, 11, 24)}))
    ask = owed(make, sam, date(2026, 11, 26))

    assert own(make, sam) == {}
    (heap,) = digests.own(make.session, caller_for(sam), policy)
    assert isinstance(heap, Heap)
    assert [each.id for each in heap.asks] == [ask.id]


def test_a_long_part_is_cut_and_says_how_much_there_is(make: Make) -> None:
    sam = make.user(email="sam@x.example", name="Sam")
    for _each in range(MOST + 2):
        owed(make, sam, MONDAY - timedelta(days=1))

    (letter,) = digests.letters(make.session, make.policy)

    assert letter.subject == f"Nomaybe: {MOST + 2} overdue"
    assert letter.text.count("(Acme)") == MOST
    assert "- and 2 more\n  http://127.0.0.1:8000/asks?show=overdue&mine=yes" in letter.text


def test_a_letter_in_full(make: Make) -> None:
    sam = make.user(email="sam@x.example", name="Sam Okoro")
    late = owed(make, sam, date(2026, 11, 18), title="Single sign-on")
    untold = owed(make, sam, MONDAY, title="Dark theme")
    make.response(untold)
    policy = Policy(public_url="https://nomaybe.example")

    (letter,) = digests.letters(make.session, policy)

    assert (letter.to, letter.subject) == ("sam@x.example", "Nomaybe: 1 overdue, 1 not told")
    assert letter.text == (
        "Sam Okoro, this is what you owe on Monday, 23 November 2026.\n"
        "\n"
        "Overdue (1)\n"
        "- Single sign-on (Acme), was due Wednesday, 18 November 2026\n"
        f"  https://nomaybe.example/asks/{late.id}\n"
        "\n"
        "Answered, and the customer was not told (1)\n"
        "- Dark theme (Acme)\n"
        f"  https://nomaybe.example/asks/{untold.id}\n"
        "\n"
        "The same as a page: https://nomaybe.example/digest\n"
        "There is no snooze: an answer ends a debt.\n"
    )


def test_who_left_or_owes_nothing_gets_none(make: Make) -> None:
    sam = make.user(Role.se)
    owed(make, sam, MONDAY)
    make.user(Role.se)
    sam.active = False
    make.session.commit()

    letters = digests.letters(make.session, make.policy)

    assert [letter.to for letter in letters] == [make.boss.email]  # to whom it falls


class TestThoseWhoLeft:
    """Debts of somebody who was locked out are told those who can act."""

    @pytest.fixture
    def sam(self, make: Make) -> User:
        """An SE of the North who left an overdue ask, and one that is due soon."""
        sam = make.user(Role.se, name="Sam Okoro", email="sam@x.example", team="North")
        owed(make, sam, MONDAY - timedelta(days=3), title="Single sign-on")
        owed(make, sam, MONDAY, title="Dark theme")
        make.response(owed(make, sam, MONDAY))  # nobody owes an answer any more
        sam.active = False
        make.session.commit()
        return sam

    @staticmethod
    def told(make: Make) -> set[str]:
        return {each.to for each in digests.letters(make.session, make.policy)}

    @pytest.mark.usefixtures("sam")
    def test_team_mates_are_told(self, make: Make) -> None:
        make.user(Role.se, email="jo@x.example", team="North")
        make.user(Role.viewer, team="North")
        make.user(Role.se, team="South")
        make.user(Role.pm)

        assert self.told(make) == {"jo@x.example"}

    @pytest.mark.usefixtures("sam")
    def test_product_is_told_where_the_team_cannot_answer(self, make: Make) -> None:
        make.user(Role.viewer, team="North")
        make.user(Role.se, team="South")
        make.user(Role.pm, email="pm@x.example")
        make.user(Role.pm, email="gone@x.example").active = False
        make.session.commit()

        assert self.told(make) == {"pm@x.example", make.boss.email}

    def test_product_is_told_of_who_had_no_team(self, make: Make, sam: User) -> None:
        make.user(Role.se)
        sam.team = None
        make.session.commit()

        assert self.told(make) == {make.boss.email}

    def test_they_are_marked_beside_the_own(self, make: Make, sam: User) -> None:
        jo = make.user(Role.se, email="jo@x.example", team="North")
        mine = owed(make, jo, MONDAY - timedelta(days=1))

        found = digests.own(make.session, caller_for(jo), make.policy)

        assert [(heap.heading, heap.count) for heap in found] == [
            ("Overdue", 1),
            ("Overdue, formerly Sam Okoro's", 1),
            ("Due within 2 working days, formerly Sam Okoro's", 1),
        ]
        assert isinstance(found[0], digests.Heap)
        assert [each.id for each in found[0].asks] == [mine.id]
        assert found[1].address == "/asks?show=overdue&logged_by=sam%40x.example"
        assert digests.subject(found) == "Nomaybe: 2 overdue, 1 due soon"
        assert sam.name in digests.text(found, "Jo", make.policy)


def test_a_digest_is_claimed_once(make: Make) -> None:
    sam = make.user()
    owed(make, sam, MONDAY)

    assert digests.claim(make.session, sam.id, MONDAY)
    assert not digests.claim(make.session, sam.id, MONDAY)
    assert digests.claim(make.session, sam.id, MONDAY + timedelta(days=1))
    assert digests.letters(make.session, make.policy) == []
    assert len(digests.letters(make.session, make.policy, again=True)) == 1

    digests.give_back(make.session, sam.id, MONDAY)
    assert len(digests.letters(make.session, make.policy)) == 1


def test_a_pm_is_told_what_to_decide(make: Make) -> None:
    pat = make.user(Role.pm, email="pat@x.example", name="Pat Lee")
    make.user(Role.pm, email="other@x.example")
    bar = {"accounts": 1, "arr": {"amount": "4.00", "currency": "USD"}}
    feature = make.feature(title="Dark theme", demand_bar=bar, owner_email="pat@x.example")
    make.ask(make.customer("5.00"), feature)
    policy = Policy(public_url="https://nomaybe.example")

    (letter,) = [each for each in digests.letters(make.session, policy) if each.to == pat.email]

    assert letter.subject == "Nomaybe: 1 to decide"
    assert letter.text == (
        "Pat Lee, this is what you owe on Monday, 23 November 2026.\n"
        "\n"
        "To decide, since demand reached the bar (1)\n"
        "- Dark theme: reached on Monday, 23 November 2026, 1 of 1 live customers and 5.00 of 4.00"
        " USD of their ARR\n"
        f"  https://nomaybe.example/features/{feature.id}\n"
        "\n"
        "The same as a page: https://nomaybe.example/digest\n"
        "There is no snooze: a change of its status takes a feature off.\n"
    )


def test_a_long_list_to_decide_is_cut_in_the_letter_alone(make: Make) -> None:
    pat = make.user(Role.pm)
    account = make.customer()
    for _each in range(MOST + 2):
        make.ask(account, make.feature(demand_bar={"accounts": 1}))

    (letter,) = [
        each for each in digests.letters(make.session, make.policy) if each.to == pat.email
    ]

    assert letter.subject == f"Nomaybe: {MOST + 2} to decide"
    assert letter.text.count(": reached on ") == MOST
    assert "- and 2 more\n  http://127.0.0.1:8000/digest" in letter.text
    (part,) = digests.own(make.session, caller_for(pat), make.policy)
    assert part.count == MOST + 2
