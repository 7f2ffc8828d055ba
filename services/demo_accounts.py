"""The companies of the demo data: how many of which size, what they are worth, their deals.

Parameters: 70 / 22 / 8 % small, middle and large; revenue is log-normal with the medians 6 k, 36 k
and 180 k USD and sigma .7, .7, .8, so that a tenth of the customers brings most of the money, as
it does in published revenue lists; 60 / 25 / 10 / 5 % are billed in USD, EUR, GBP and JPY.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

from sqlmodel import Session

from models.account import Account, AccountNew, Lifecycle, Segment
from models.base import utc_today
from models.feature import Feature
from models.opportunity import Opportunity, OpportunityNew, Outcome
from services import accounts, opportunities
from services.demo_words import companies, happens, person, weighted, words
from services.permissions import Caller
from services.policy import Policy

SEGMENTS = (Segment.smb, Segment.mid_market, Segment.enterprise)
SHARES = (70, 22, 8)
MEDIANS = dict(zip(SEGMENTS, (6_000, 36_000, 180_000), strict=True))
SIGMAS = dict(zip(SEGMENTS, (0.7, 0.7, 0.8), strict=True))
BUSY = dict(zip(SEGMENTS, (1.0, 1.6, 2.6), strict=True))
LIFECYCLES = (Lifecycle.customer, Lifecycle.prospect, Lifecycle.churned)
CURRENCIES = ("USD", "EUR", "GBP", "JPY")
# What a dollar is worth, roughly: invented amounts need no exact rate.
RATES = {"USD": 1.0, "EUR": 0.9, "GBP": 0.8, "JPY": 150.0}


@dataclass
class Asking:
    """An account that asks: its people, its open deals, and how often it speaks up."""

    account: Account
    segment: Segment
    busy: float
    people: list[dict[str, str]]
    deals: list[Opportunity] = field(default_factory=list)


def make_accounts(
    session: Session, by: Caller, chance: Random, count: int, managers: list[str]
) -> Iterator[Asking]:
    """Put invented companies on file, one after another."""
    parts = words()["accounts"]
    for company in islice(companies(chance), count):
        segment = weighted(chance, SEGMENTS, SHARES)
        lifecycle = weighted(chance, LIFECYCLES, (56, 37, 7))
        tags = chance.sample(parts["tags"], weighted(chance, (0, 1, 2), (5, 3, 2)))
        revenue = _money(chance, segment)
        # Not every contract is entered everywhere: some customers have no revenue on file.
        known = lifecycle is not Lifecycle.prospect and not happens(chance, 0.06)
        renews_on = utc_today() + timedelta(days=chance.randrange(10, 360))
        new = AccountNew(
            name=company.name,
            domain=company.domain,
            lifecycle=lifecycle,
            arr=revenue if known else None,
            segment=segment,
            industry=company.industry,
            region=chance.choice(parts["regions"]),
            tags=tags,
            owner_email=chance.choice(managers),
            renews_on=renews_on if lifecycle is Lifecycle.customer else None,
        )
        yield Asking(
            account=accounts.create_account(session, by, new),
            segment=segment,
            busy=BUSY[segment] * chance.gammavariate(1, 1),
            people=[person(chance, company.domain) for _ in range(chance.randint(1, 3))],
        )


def make_deals(
    session: Session,
    by: Caller,
    policy: Policy,
    chance: Random,
    asking: Asking,
    features: list[Feature],
) -> None:
    """Give an account the deals that one like it would have."""
    prospect = asking.account.lifecycle is Lifecycle.prospect
    if not happens(chance, 0.8 if prospect else 0.25):
        return
    today, step = utc_today(), weighted(chance, words()["deals"], (3, 3, 3, 2, 1))
    ended = weighted(chance, (Outcome.lost, Outcome.won), (8, 2) if not prospect else (1, 0))
    outcome = ended if happens(chance, 0.25) else Outcome.open
    missed = chance.choice(features[:8]) if happens(chance, 0.6) else None
    close_on = today + timedelta(days=chance.randrange(5, 200))
    if outcome is not Outcome.open:
        close_on = today - timedelta(days=chance.randrange(5, 300))
    kind = "New business" if prospect else "Expansion"
    new = OpportunityNew(
        account_id=asking.account.id,
        name=f"{asking.account.name}: {kind.lower()}",
        amount=_money(chance, asking.segment) if not happens(chance, 0.05) else None,
        stage=step["stage"],
        probability=step["probability"] if not happens(chance, 0.1) else None,
        close_on=close_on,
        outcome=outcome,
        lost_to_feature_id=missed.id if missed and outcome is Outcome.lost else None,
    )
    deal = opportunities.create_opportunity(session, by, policy, new)
    if outcome is Outcome.open:
        asking.deals.append(deal)


def _money(chance: Random, segment: Segment) -> Any:
    dollars = MEDIANS[segment] * chance.lognormvariate(0, SIGMAS[segment])
    currency = weighted(chance, CURRENCIES, (60, 25, 10, 5))
    step = 10_000 if currency == "JPY" else 100
    return {"amount": str(step * max(1, round(dollars * RATES[currency] / step))),
            "currency": currency}  # fmt: skip
