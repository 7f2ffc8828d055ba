"""The demand report worked out slowly and plainly, by its definitions, to check the quick one by.

It knows nothing of arrays: asks, accounts, deals and promises are small objects, and every number
is a walk over all of them.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import comb, floor


@dataclass
class Account:
    """A company. `arr` is in minor units, None where nobody knows it."""

    lifecycle: str  # prospect, customer, churned
    arr: int | None
    currency: int | None
    renews: int | None
    passes: bool  # the filters of the report
    id: int = 0


@dataclass
class Deal:
    """An opportunity of an account."""

    account: int
    amount: int | None
    currency: int | None
    probability: int | None  # millionths
    outcome: str  # open, won, lost
    lost_to: int | None


@dataclass
class Ask:
    """An ask; `feature` is the surviving one, None while untriaged."""

    feature: int | None
    account: int
    deal: int | None
    importance: int  # 1, 2, 3
    state: str  # unanswered, answered, withdrawn
    kind: str | None  # yes, no, ranked
    day: int
    passes: bool


@dataclass
class Promise:
    """A contractual promise that binds."""

    feature: int
    account: int
    deal: int | None


@dataclass
class World:
    """All there is, and what the report is of."""

    features: list[bytes]
    accounts: list[Account]
    deals: list[Deal]
    asks: list[Ask]
    promises: list[Promise]
    currency: int
    currencies: int
    today: int
    weights: tuple[int, int, int]
    shown: list[bool] = field(default_factory=list)  # features that pass the filters


@dataclass
class Numbers:
    """What one row says, or the totals."""

    asks: int
    unanswered: int
    kinds: tuple[int, int, int]
    last_day: int
    trend: tuple[int, int]
    largest: int
    customers: int
    arr: int
    arr_unknown: int
    arr_apart: list[int]
    renewing: int
    expansion: int
    expansion_apart: list[int]
    prospects: int
    pipeline: int
    pipeline_apart: list[int]
    weighted: int
    probability_unknown: int
    amount_unknown: int
    apportioned: int
    blockers: tuple[int, int]
    held: tuple[int, int]
    held_amount: tuple[int, int]
    held_apart: list[int]
    lost: tuple[int, int]
    lost_amount: tuple[int, int]
    lost_apart: list[int]
    churned: int


def half_even(number: Fraction) -> int:
    """The nearest whole number; of two equally near ones the even one."""
    below = floor(number)
    over = number - below
    if over == Fraction(1, 2):
        return below + below % 2
    return below + (over > Fraction(1, 2))


def shares(world: World) -> dict[tuple[int, int], int]:
    """What each (feature, deal) gets of the amount of an open deal, by largest remainder."""
    found: dict[tuple[int, int], int] = {}
    for at, deal in enumerate(world.deals):
        if deal.outcome != "open" or deal.amount is None:
            continue
        highest: dict[int, int] = {}
        for ask in world.asks:
            if ask.state != "withdrawn" and ask.feature is not None and ask.deal == at:
                highest[ask.feature] = max(highest.get(ask.feature, 0), ask.importance)
        weights = {feature: world.weights[each - 1] for feature, each in highest.items()}
        exact = {f: Fraction(deal.amount * w, sum(weights.values())) for f, w in weights.items()}
        got = {feature: floor(share) for feature, share in exact.items()}
        waiting = sorted(exact, key=lambda f: (floor(exact[f]) - exact[f], world.features[f]))
        for feature in waiting[: deal.amount - sum(got.values()) if got else 0]:
            got[feature] += 1
        found |= {(feature, at): share for feature, share in got.items()}
    return found


def of_features(world: World, features: list[int]) -> Numbers:
    """The numbers over some features together: accounts, deals and promises once each."""
    asks = [
        ask
        for ask in world.asks
        if ask.passes and ask.state != "withdrawn" and ask.feature in features
    ]
    asking = {ask.account for ask in asks}
    named = {ask.deal for ask in asks if ask.deal is not None}
    customers = [at for at in asking if world.accounts[at].lifecycle == "customer"]
    prospects = [at for at in asking if world.accounts[at].lifecycle == "prospect"]
    arr = _Money(world)
    renewing = _Money(world)
    for at in customers:
        account = world.accounts[at]
        arr.add(account.arr, account.currency)
        if account.renews is not None and 0 <= account.renews - world.today <= 180:
            renewing.add(account.arr, account.currency)
    expansion, pipeline = _Money(world), _Money(world)
    exact, unknown, unpriced = Fraction(0), 0, 0
    for at in named:
        deal = world.deals[at]
        lifecycle = world.accounts[deal.account].lifecycle
        if deal.outcome != "open":
            continue
        if lifecycle == "customer":
            expansion.add(deal.amount, deal.currency)
        if lifecycle == "prospect":
            pipeline.add(deal.amount, deal.currency)
            unknown += deal.probability is None
            unpriced += deal.amount is None
            if None not in {deal.amount, deal.probability} and deal.currency == world.currency:
                exact += Fraction((deal.amount or 0) * (deal.probability or 0), 1_000_000)
    pairs = {(ask.feature, ask.deal) for ask in asks}
    apportioned = sum(
        share
        for (feature, at), share in shares(world).items()
        if (feature, at) in pairs
        and world.deals[at].currency == world.currency
        and world.accounts[world.deals[at].account].lifecycle == "prospect"
    )
    blocking = {ask.account for ask in asks if ask.importance == 3}
    held, held_amount, held_apart = _held(world, features)
    lost, lost_amount, lost_apart = _lost(world, features)
    return Numbers(
        asks=len(asks),
        unanswered=sum(ask.state == "unanswered" for ask in asks),
        kinds=(
            sum(ask.kind == "yes" for ask in asks),
            sum(ask.kind == "no" for ask in asks),
            sum(ask.kind == "ranked" for ask in asks),
        ),
        last_day=max((ask.day for ask in asks), default=-1),
        trend=_trend(world, asks, customers),
        largest=_largest(world, customers),
        customers=len(customers),
        arr=arr.total,
        arr_unknown=sum(world.accounts[at].arr is None for at in customers),
        arr_apart=arr.apart,
        renewing=renewing.total,
        expansion=expansion.total,
        expansion_apart=expansion.apart,
        prospects=len(prospects),
        pipeline=pipeline.total,
        pipeline_apart=pipeline.apart,
        weighted=half_even(exact),
        probability_unknown=unknown,
        amount_unknown=unpriced,
        apportioned=apportioned,
        blockers=(len(blocking & set(customers)), len(blocking & set(prospects))),
        held=held,
        held_amount=held_amount,
        held_apart=held_apart,
        lost=lost,
        lost_amount=lost_amount,
        lost_apart=lost_apart,
        churned=sum(world.accounts[at].lifecycle == "churned" for at in asking),
    )


def rises(recent: int, earlier: int) -> int:
    """Whether x against Bin(x + y, 1/2) says more, less, or nothing, by the exact p-value."""
    total = recent + earlier
    chances = [Fraction(comb(total, k), 2**total) for k in range(total + 1)]
    upper, lower = sum(chances[recent:], Fraction(0)), sum(chances[: recent + 1], Fraction(0))
    significant = min(Fraction(1), 2 * min(upper, lower)) < Fraction(1, 10)
    return (recent > earlier) - (recent < earlier) if significant else 0


class _Money:
    """Adds up amounts: the report's currency in one sum, each other one apart."""

    def __init__(self, world: World) -> None:
        self.ours, self.total, self.apart = world.currency, 0, [0] * world.currencies

    def add(self, amount: int | None, currency: int | None) -> None:
        if amount is None or currency is None:
            return
        if currency == self.ours:
            self.total += amount
        else:
            self.apart[currency] += amount


def _trend(world: World, asks: list[Ask], customers: list[int]) -> tuple[int, int]:
    firsts = [min(ask.day for ask in asks if ask.account == at) for at in customers]
    ages = [world.today - day for day in firsts]
    return sum(age < 90 for age in ages), sum(90 <= age < 180 for age in ages)


def _largest(world: World, customers: list[int]) -> int:
    known = [
        (-arr, world.accounts[at].id, at)
        for at in customers
        if (arr := world.accounts[at].arr) is not None
        and world.accounts[at].currency == world.currency
    ]
    return min(known)[2] if known else -1


def _held(world: World, features: list[int]) -> tuple[tuple[int, int], tuple[int, int], list[int]]:
    parts = {"customer": _Money(world), "prospect": _Money(world)}
    counts = {"customer": 0, "prospect": 0}
    waiting: set[tuple[str, str, int]] = set()
    for promise in world.promises:
        account = world.accounts[promise.account]
        counted = promise.feature in features and world.shown[promise.feature]
        if not counted or not account.passes or account.lifecycle == "churned":
            continue
        counts[account.lifecycle] += 1
        if promise.deal is None:
            waiting.add((account.lifecycle, "renewal", promise.account))
        elif world.deals[promise.deal].outcome != "lost":
            waiting.add((account.lifecycle, "deal", promise.deal))
    for lifecycle, what, at in waiting:
        if what == "deal":
            parts[lifecycle].add(world.deals[at].amount, world.deals[at].currency)
        else:
            parts[lifecycle].add(world.accounts[at].arr, world.accounts[at].currency)
    return _both(counts, parts)


def _lost(world: World, features: list[int]) -> tuple[tuple[int, int], tuple[int, int], list[int]]:
    parts = {"customer": _Money(world), "prospect": _Money(world)}
    counts = {"customer": 0, "prospect": 0}
    for deal in world.deals:
        account = world.accounts[deal.account]
        if deal.outcome != "lost" or deal.lost_to not in features or not world.shown[deal.lost_to]:
            continue
        if account.passes and account.lifecycle != "churned":
            counts[account.lifecycle] += 1
            parts[account.lifecycle].add(deal.amount, deal.currency)
    return _both(counts, parts)


def _both(
    counts: dict[str, int], parts: dict[str, _Money]
) -> tuple[tuple[int, int], tuple[int, int], list[int]]:
    customer, prospect = parts["customer"], parts["prospect"]
    return (
        (counts["customer"], counts["prospect"]),
        (customer.total, prospect.total),
        [a + b for a, b in zip(customer.apart, prospect.apart, strict=True)],
    )
