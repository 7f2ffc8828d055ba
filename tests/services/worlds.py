"""Random small worlds for the arithmetic of demand, and their columns."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from services.columns import Columns, Scope
from tests.services.oracle import Account, Ask, Deal, Promise, World

TODAY = 739_000
LARGEST = 10**14  # minor units
AMOUNTS = st.none() | st.sampled_from([0, 1, 100, 12_345, LARGEST, LARGEST - 1]) | st.integers(
    0, LARGEST
)  # fmt: skip
CHANCES = st.none() | st.sampled_from([0, 1, 500_000, 999_999, 1_000_000]) | st.integers(0, 10**6)
DAYS = st.sampled_from([TODAY + 1, TODAY, TODAY - 89, TODAY - 90, TODAY - 179, TODAY - 180]) | (
    st.integers(TODAY - 400, TODAY)
)
LIFECYCLES = ("prospect", "customer", "churned")
OUTCOMES = ("open", "won", "lost")
STATES = ("unanswered", "answered", "withdrawn")
KINDS = ("yes", "no", "ranked")


@st.composite
def worlds(draw: Any) -> World:
    """A few features, accounts, deals and promises, and asks that tie them together."""
    keys = draw(st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=4, unique=True))
    count = draw(st.integers(1, 5))
    ids = draw(st.permutations(range(count)))
    accounts = [_account(draw, id=ids[at] << draw(st.sampled_from([0, 64]))) for at in range(count)]
    features = st.integers(0, len(keys) - 1)
    deals = [
        _deal(draw, features, draw(st.integers(0, count - 1)))
        for _ in range(draw(st.integers(0, 4)))
    ]
    asks = [_ask(draw, features, accounts, deals) for _ in range(draw(st.integers(0, 12)))]
    promises = []
    for _ in range(draw(st.integers(0, 3))):
        account = draw(st.integers(0, count - 1))
        promises.append(Promise(draw(features), account, draw(_deal_of(deals, account))))
    return World(
        features=keys,
        accounts=accounts,
        deals=deals,
        asks=asks,
        promises=promises,
        currency=draw(st.integers(0, 2)),
        currencies=3,
        today=TODAY,
        weights=draw(st.tuples(*[st.integers(1, 7)] * 3)),
        shown=[draw(st.sampled_from([True, True, False])) for _ in keys],
    )


def _account(draw: Any, **fields: Any) -> Account:
    arr = draw(AMOUNTS)
    return Account(
        lifecycle=draw(st.sampled_from(LIFECYCLES)),
        arr=arr,
        currency=None if arr is None else draw(st.integers(0, 2)),
        renews=draw(st.none() | st.sampled_from([TODAY, TODAY - 1, TODAY + 180, TODAY + 181])),
        passes=draw(st.sampled_from([True, True, True, False])),
        **fields,
    )


def _deal(draw: Any, features: Any, account: int) -> Deal:
    amount, outcome = draw(AMOUNTS), draw(st.sampled_from(OUTCOMES))
    return Deal(
        account=account,
        amount=amount,
        currency=None if amount is None else draw(st.integers(0, 2)),
        probability=draw(CHANCES),
        outcome=outcome,
        lost_to=draw(st.none() | features) if outcome == "lost" else None,
    )


def _ask(draw: Any, features: Any, accounts: list[Account], deals: list[Deal]) -> Ask:
    account = draw(st.integers(0, len(accounts) - 1))
    state = draw(st.sampled_from(STATES))
    return Ask(
        feature=draw(st.none() | features | features),
        account=account,
        deal=draw(_deal_of(deals, account)),
        importance=draw(st.integers(1, 3)),
        state=state,
        kind=None if state == "unanswered" else draw(st.sampled_from(KINDS)),
        day=draw(DAYS),
        passes=accounts[account].passes and draw(st.sampled_from([True, True, False])),
    )


def _deal_of(deals: list[Deal], account: int) -> Any:
    mine = [at for at, deal in enumerate(deals) if deal.account == account]
    return st.none() | st.sampled_from(mine) if mine else st.none()


def columns_of(world: World) -> Columns:
    """The world as reports read it."""
    asks, accounts, deals, held = world.asks, world.accounts, world.deals, world.promises

    def ints(values: Any, kind: str = "i4") -> Any:
        return np.array([-1 if value is None else int(value) for value in values], kind)

    return Columns(
        ask_feature=ints(each.feature for each in asks),
        ask_account=ints(each.account for each in asks),
        ask_product=ints(0 for each in asks),
        ask_opportunity=ints(each.deal for each in asks),
        ask_importance=ints((each.importance for each in asks), "i1"),
        ask_state=ints((STATES.index(each.state) for each in asks), "i1"),
        ask_kind=ints((each.kind and KINDS.index(each.kind) for each in asks), "i1"),
        ask_day=ints(each.day for each in asks),
        account_lifecycle=ints((LIFECYCLES.index(each.lifecycle) for each in accounts), "i1"),
        account_arr=ints((each.arr for each in accounts), "i8"),
        account_currency=ints((each.currency for each in accounts), "i2"),
        account_segment=ints((None for _ in accounts), "i1"),
        account_industry=ints(None for _ in accounts),
        account_region=ints(None for _ in accounts),
        account_renews=ints(each.renews for each in accounts),
        account_live=np.ones(len(accounts), np.bool_),
        account_key=(
            np.array([each.id >> 64 for each in accounts], "u8"),
            np.array([each.id & (2**64 - 1) for each in accounts], "u8"),
        ),
        opportunity_account=ints(each.account for each in deals),
        opportunity_amount=ints((each.amount for each in deals), "i8"),
        opportunity_currency=ints((each.currency for each in deals), "i2"),
        opportunity_probability=ints((each.probability for each in deals), "i8"),
        opportunity_outcome=ints((OUTCOMES.index(each.outcome) for each in deals), "i1"),
        opportunity_lost_to=ints(each.lost_to for each in deals),
        feature_key=world.features,
        held_feature=ints(each.feature for each in held),
        held_account=ints(each.account for each in held),
        held_opportunity=ints(each.deal for each in held),
    )


def scope_of(world: World) -> Scope:
    """What the report of the world is about."""
    return Scope(
        ask=np.array([each.passes for each in world.asks], np.bool_),
        account=np.array([each.passes for each in world.accounts], np.bool_),
        feature=np.array(world.shown, np.bool_),
        currency=world.currency,
        currencies=world.currencies,
        today=world.today,
        weights=world.weights,
    )


def small(**fields: Any) -> World:
    """A world of one feature and nothing else, unless told otherwise."""
    plain = World([b"a" * 16], [], [], [], [], 0, 3, TODAY, (1, 2, 3))
    world = replace(plain, **fields)
    world.shown = world.shown or [True] * len(world.features)
    return world


def customer(arr: int | None = 1_000, **fields: Any) -> Account:
    """A live customer in the report's currency."""
    given: dict[str, Any] = {"currency": 0, "renews": None, "passes": True} | fields
    return Account("customer", arr, **given)


def prospect(**fields: Any) -> Account:
    """A prospect, who has no ARR."""
    return Account("prospect", None, None, None, passes=True, **fields)


def deal(amount: int | None, account: int = 0, **fields: Any) -> Deal:
    """An open deal in the report's currency, at even odds."""
    given: dict[str, Any] = {"currency": 0, "probability": 500_000, "outcome": "open"} | fields
    return Deal(account, amount, lost_to=given.pop("lost_to", None), **given)


def ask(feature: int | None = 0, account: int = 0, **fields: Any) -> Ask:
    """An important ask of today that is owed an answer."""
    given: dict[str, Any] = {
        "deal": None, "importance": 2, "state": "unanswered", "kind": None, "day": TODAY,
        "passes": True,
    } | fields  # fmt: skip
    return Ask(feature, account, **given)
