"""What contracts hold among promises: over all of them, and of deals as they stand now (R8)."""

from datetime import date, timedelta
from typing import Any

import pytest

from models.account import Account
from models.ask import Ask, AskChange
from models.commitment import CommitmentSeen, CommitmentState
from models.feature import Feature
from models.opportunity import Opportunity, OpportunityChange
from services import asks, commitments, demand, opportunities
from services.book import Book
from services.demand import DemandFilter
from tests.factories import Make

DUE = date(2027, 3, 1)


@pytest.fixture
def feature(make: Make) -> Feature:
    """A planned feature, due on one day."""
    return make.planned(DUE)


def promise(make: Make, feature: Feature, worth: str | None = "50.00", **fields: Any) -> Ask:
    """A promise in a contract to a customer of 900 dollars, with a deal unless that is None."""
    account = make.customer("900.00")
    if worth is not None:
        amount = {"amount": worth, "currency": "USD"}
        fields["opportunity_id"] = make.opportunity(account, amount=amount).id
    ask = make.ask(account, feature, **fields)
    make.response(ask, kind="yes", basis="committed", contractual=True)
    return ask


def end(make: Make, ask: Ask, outcome: str) -> None:
    """Let the deal of an ask end."""
    assert ask.opportunity_id is not None
    change = OpportunityChange(outcome=outcome)
    opportunities.change_opportunity(
        make.session, make.boss, make.policy, ask.opportunity_id, change
    )
    make.session.commit()


def only(make: Make) -> CommitmentSeen:
    """The one promise in the ledger."""
    (found,) = commitments.list_commitments(make.session, make.boss, limit=9)[0]
    return found


def held(make: Make) -> tuple[int, list[str]]:
    """What the ledger says that contracts hold; demand must say the same."""
    count, amounts = commitments.held(make.session, make.boss)
    report = demand.report(Book(), make.session, make.boss, make.policy, DemandFilter())
    both = report["totals"]["held"]
    told = [each.amount for each in amounts]
    assert (both["commitments"], both["amount"].amount) == (count, *(told or ["0.00"]))
    return count, told


class TestBound:
    def test_numbers_are_over_all_and_only_the_list_is_cut(
        self, make: Make, feature: Feature
    ) -> None:
        made = [promise(make, feature, "10.00") for _each in range(5)]

        found = commitments.bound(
            make.session, make.boss, feature.id, limit=2, due_before=DUE + timedelta(days=1)
        )

        assert [each.ask_id for each in found.promises] == [each.id for each in made[:2]]
        assert (found.count, found.more, found.contracts) == (5, 3, 5)
        assert [each.amount for each in found.held] == ["50.00"]

    def test_only_what_is_due_before(self, make: Make, feature: Feature) -> None:
        promise(make, feature)

        found = commitments.bound(make.session, make.boss, feature.id, limit=9, due_before=DUE)

        assert (found.count, found.promises, found.held) == (0, [], [])


class TestDeals:
    def test_a_lost_one_waits_no_more_but_the_promise_binds(
        self, make: Make, feature: Feature
    ) -> None:
        ask = promise(make, feature)
        assert held(make) == (1, ["50.00"])

        end(make, ask, "lost")

        assert held(make) == (1, [])
        found = only(make)
        assert (found.state, found.amount_held) == (CommitmentState.open, None)
        assert found.opportunity is not None
        assert found.opportunity["outcome"] == "lost"

    def test_the_revenue_of_a_won_one_waits(self, make: Make, feature: Feature) -> None:
        end(make, promise(make, feature), "won")

        assert held(make) == (1, ["50.00"])

    def test_one_that_the_ask_got_later_is_in_the_ledger(
        self, make: Make, feature: Feature
    ) -> None:
        ask = promise(make, feature, None)
        assert held(make) == (1, ["900.00"])
        amount = {"amount": "70.00", "currency": "USD"}
        deal = make.opportunity(_account(make, ask), amount=amount)

        _touch(make, ask, deal)

        assert held(make) == (1, ["70.00"])
        assert only(make).opportunity == {"id": deal.id, "name": deal.name, "outcome": "open"}

    def test_that_of_the_promise_stays_whatever_the_ask_touches_later(
        self, make: Make, feature: Feature
    ) -> None:
        ask = promise(make, feature)

        _touch(make, ask, None)

        assert held(make) == (1, ["50.00"])

    def test_one_that_several_wait_for_counts_once(self, make: Make, feature: Feature) -> None:
        first = promise(make, feature)
        second = make.ask(
            feature=make.planned(DUE), account=_account(make, first),
            opportunity_id=first.opportunity_id,
        )  # fmt: skip
        make.response(second, kind="yes", basis="committed", contractual=True)

        assert held(make) == (2, ["50.00"])


def _touch(make: Make, ask: Ask, deal: Opportunity | None) -> None:
    change = AskChange(opportunity_id=deal.id if deal else None)
    asks.change_ask(make.session, make.boss, make.policy, ask.id, change)
    make.session.commit()


def _account(make: Make, ask: Ask) -> Account:
    return make.session.get_one(Account, ask.account_id)
