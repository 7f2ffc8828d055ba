"""A won deal makes a customer of a prospect, and what waits for that comes back (decision 18)."""

from typing import Any

import pytest
from sqlmodel import Session, select

from models.account import Account, AccountChange, ExternalRef, Lifecycle
from models.bar_event import BarReached
from models.history import VERSIONS
from models.opportunity import Opportunity, OpportunityByRef, OpportunityChange, Outcome
from models.response import Revisit
from services import accounts, opportunities
from services.permissions import Caller
from services.policy import Policy
from tests.factories import Make


def change(make: Make, deal: Opportunity, **fields: Any) -> None:
    """Change a deal."""
    given = OpportunityChange(**fields)
    opportunities.change_opportunity(make.session, make.boss, make.policy, deal.id, given)
    make.session.commit()


def lifecycle(session: Session, account: Account) -> Lifecycle:
    """What an account is by now."""
    session.refresh(account)
    return account.lifecycle


def test_it_lifts_demand_over_the_bar(make: Make) -> None:
    feature, account = make.feature(demand_bar={"accounts": 1}), make.account()
    deal = make.opportunity(account, amount={"amount": "9.00", "currency": "USD"})
    ask = make.ask(account, feature, opportunity_id=deal.id)
    refusal = make.response(ask, basis="insufficient_demand")

    change(make, deal, outcome="won")

    assert lifecycle(make.session, account) is Lifecycle.customer
    assert account.arr is None  # an amount is no ARR
    assert [each.feature_id for each in make.session.exec(select(BarReached))] == [feature.id]
    assert make.session.get(Revisit, refusal.id) is not None


def test_the_history_says_who(make: Make) -> None:
    account = make.account()

    change(make, make.opportunity(account), outcome="won")

    past = VERSIONS[Account].c
    kept = make.session.execute(
        select(past.lifecycle, past.changed_by).where(past.account_id == account.id)
    ).all()
    assert [tuple(each) for each in kept] == [("prospect", make.boss.id)]


def test_one_that_is_new_and_won(make: Make, admin: Caller, policy: Policy) -> None:
    first, second = make.account(), make.account()

    make.opportunity(first, outcome="won")
    new = OpportunityByRef(account_id=second.id, name="Deal", outcome="won")
    ref = ExternalRef(source="crm", id="1")
    opportunities.put_opportunity(make.session, admin, policy, ref, new)

    assert lifecycle(make.session, first) is Lifecycle.customer
    assert lifecycle(make.session, second) is Lifecycle.customer


@pytest.mark.parametrize("outcome", ["open", "lost"])
def test_others_make_nobody_a_customer(outcome: str, make: Make) -> None:
    account = make.account()

    change(make, make.opportunity(account), outcome=outcome, stage="Later")

    assert lifecycle(make.session, account) is Lifecycle.prospect
    assert account.version == 1


def test_who_left_stays_away(make: Make) -> None:
    """Deals that were won before they left are told late, and in any order."""
    account = make.account(lifecycle="churned")

    change(make, make.opportunity(account), outcome="won")

    assert lifecycle(make.session, account) is Lifecycle.churned


def test_who_is_said_to_be_a_prospect_is_one(make: Make) -> None:
    account = make.account()
    deal = make.opportunity(account, outcome="won")
    said = AccountChange(lifecycle="prospect")
    accounts.change_account(make.session, make.boss, make.policy, account.id, said)

    change(make, deal, outcome="won", stage="Closed")  # nothing new

    assert lifecycle(make.session, account) is Lifecycle.prospect


def test_what_was_won_by_mistake_leaves_a_customer(make: Make) -> None:
    account = make.account()
    deal = make.opportunity(account, outcome="won")

    change(make, deal, outcome=Outcome.open)

    assert lifecycle(make.session, account) is Lifecycle.customer


@pytest.mark.parametrize("first", ["won", "merged"])
def test_merging_comes_to_the_same_in_either_order(first: str, make: Make) -> None:
    away, into = make.account(), make.account()
    feature = make.feature(demand_bar={"accounts": 1})
    make.ask(into, feature)
    deal = make.opportunity(away)

    if first == "won":
        change(make, deal, outcome="won")
    accounts.merge_accounts(make.session, make.boss, make.policy, away.id, into.id)
    make.session.commit()
    if first == "merged":
        make.session.refresh(deal)
        change(make, deal, outcome="won")

    assert lifecycle(make.session, into) is Lifecycle.customer
    assert len(make.session.exec(select(BarReached)).all()) == 1


def test_merging_one_who_is_said_to_be_a_prospect_wins_nothing(make: Make) -> None:
    away, into = make.account(), make.account()
    make.opportunity(away, outcome="won")
    said = AccountChange(lifecycle="prospect")
    accounts.change_account(make.session, make.boss, make.policy, away.id, said)

    accounts.merge_accounts(make.session, make.boss, make.policy, away.id, into.id)

    assert lifecycle(make.session, into) is Lifecycle.prospect
