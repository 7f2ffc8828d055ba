"""Bars against a model that is slow and plain: random deeds, and what comes back after each."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from models.account import AccountChange
from models.ask import Ask
from models.bar_event import BarReached
from models.feature import FeatureChange
from models.response import NoNew, Response, Revisit
from services import accounts, asks, features, responses
from services.errors import DomainError
from tests.factories import Make

LIFECYCLES = ("customer", "customer", "prospect", "churned")
BARS = (1, 2, 2)
SHORT = NoNew(kind="no", basis="insufficient_demand")


@dataclass
class World:
    """A slow and plain model: everything is worked out anew after each deed."""

    accounts: list[dict[str, Any]]
    features: list[dict[str, Any]]
    asks: list[dict[str, Any]] = field(default_factory=list)
    fired: set[int] = field(default_factory=set)

    def root(self, feature: int) -> int:
        above = self.features[feature]["into"]
        return feature if above is None else self.root(above)

    def demand(self, root: int) -> set[int]:
        return {
            ask["account"]
            for ask in self.asks
            if not ask["withdrawn"]
            and self.root(ask["feature"]) == root
            and self.accounts[ask["account"]]["live"]
        }

    def settle(self) -> None:
        """Fire every bar that is reached and bring back every refusal whose bar is."""
        for number, each in enumerate(self.features):
            if each["into"] is None and each["bar"] and len(self.demand(number)) >= each["bar"]:
                self.fired.add(number)
        for ask in self.asks:
            if not ask["withdrawn"] and ask["bar"] is not None:
                ask["back"] |= len(self.demand(self.root(ask["feature"]))) >= ask["bar"]

    def do(self, deed: str, one: int, two: int) -> bool:
        """Do it, and say whether it may be done."""
        return bool(getattr(self, deed)(one, two))

    def ask(self, one: int, two: int) -> bool:
        into = self.accounts[one]["into"]
        self.asks.append(
            {"account": one if into is None else into, "feature": self.root(two % 3),
             "withdrawn": False, "bar": None, "back": False}
        )  # fmt: skip
        return True

    def refuse(self, one: int, _two: int) -> bool:
        if one >= len(self.asks):
            return False
        ask = self.asks[one]
        root = self.root(ask["feature"])
        bar = self.features[root]["bar"]
        if ask["withdrawn"] or ask["bar"] or not bar or len(self.demand(root)) >= bar:
            return False
        ask["bar"] = bar
        return True

    def withdraw(self, one: int, _two: int) -> bool:
        if one >= len(self.asks) or self.asks[one]["withdrawn"]:
            return False
        self.asks[one]["withdrawn"] = True
        return True

    def live(self, one: int, two: int) -> bool:
        if self.accounts[one]["into"] is not None:
            return False
        self.accounts[one] |= {"live": two % 2 == 0, "prospect": False}
        return True

    def win(self, one: int, _two: int) -> bool:
        into = self.accounts[one]["into"]
        account = self.accounts[one if into is None else into]
        account["won"] = True
        self.become_customer(account)
        return True

    @staticmethod
    def become_customer(account: dict[str, Any]) -> None:
        account["live"] |= account["prospect"]
        account["prospect"] = False

    def bar(self, one: int, two: int) -> bool:
        if self.features[one % 3]["into"] is not None:
            return False
        self.features[one % 3]["bar"] = two or None
        return True

    def merge_accounts(self, one: int, two: int) -> bool:
        if one == two or {self.accounts[each]["into"] for each in (one, two)} != {None}:
            return False
        for ask in self.asks:
            ask["account"] = two if ask["account"] == one else ask["account"]
        for each in self.accounts:
            each["into"] = two if each["into"] == one else each["into"]
        away, remains = self.accounts[one], self.accounts[two]
        away["into"] = two
        if away["live"] and away["won"]:
            self.become_customer(remains)
        remains["won"] |= away["won"]
        return True

    def merge_features(self, one: int, two: int) -> bool:
        one, two = one % 3, two % 3
        if one == two or {self.features[each]["into"] for each in (one, two)} != {None}:
            return False
        self.features[one]["into"] = two
        return True

    def unmerge(self, one: int, _two: int) -> bool:
        was = self.features[one % 3]["into"]
        self.features[one % 3]["into"] = None
        return was is not None


class Real:
    """The same deeds, done by the services."""

    def __init__(self, make: Make) -> None:
        self.make, self.by = make, make.boss
        self.session, self.policy = make.session, make.policy
        product = make.product().id
        self.accounts = [make.customer(lifecycle=each) for each in LIFECYCLES]
        self.features = [
            make.feature(product_id=product, demand_bar={"accounts": each}) for each in BARS
        ]
        self.asks: list[Ask] = []
        self.refusals: dict[int, Response] = {}

    def do(self, deed: str, one: int, two: int) -> bool:
        """Do it, and say whether it was allowed."""
        try:
            getattr(self, deed)(one, two)
        except (DomainError, IndexError):
            return False
        finally:
            self.session.commit()
        return True

    def ask(self, one: int, two: int) -> None:
        self.asks.append(self.make.ask(self.accounts[one], self.features[two % 3]))

    def refuse(self, one: int, _two: int) -> None:
        key = self.asks[one].id
        made = responses.give_response(self.session, self.by, self.policy, key, SHORT)
        self.refusals[one] = made

    def withdraw(self, one: int, _two: int) -> None:
        asks.withdraw_ask(self.session, self.by, self.policy, self.asks[one].id, "Gone.")

    def live(self, one: int, two: int) -> None:
        change = AccountChange(lifecycle="customer" if two % 2 == 0 else "churned")
        accounts.change_account(self.session, self.by, self.policy, self.accounts[one].id, change)

    def win(self, one: int, _two: int) -> None:
        self.make.opportunity(self.accounts[one], outcome="won")

    def bar(self, one: int, two: int) -> None:
        change = FeatureChange(demand_bar={"accounts": two} if two else None)
        key = self.features[one % 3].id
        features.change_feature(self.session, self.by, self.policy, key, change)

    def merge_accounts(self, one: int, two: int) -> None:
        first, second = self.accounts[one].id, self.accounts[two].id
        accounts.merge_accounts(self.session, self.by, self.policy, first, second)

    def merge_features(self, one: int, two: int) -> None:
        first, second = self.features[one % 3].id, self.features[two % 3].id
        features.merge_features(self.session, self.by, self.policy, first, second)

    def unmerge(self, one: int, _two: int) -> None:
        features.unmerge_feature(self.session, self.by, self.policy, self.features[one % 3].id)


DEEDS = st.tuples(
    st.sampled_from(
        ["ask", "ask", "ask", "refuse", "refuse", "withdraw", "live", "win", "bar",
         "bar", "merge_accounts", "merge_features", "unmerge"]
    ),
    st.integers(0, 3),
    st.integers(0, 3),
)  # fmt: skip


@given(st.lists(DEEDS, min_size=8, max_size=25))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
def test_whatever_happens_what_is_due_comes_back_and_nothing_else(
    make: Make, deeds: list[tuple[str, int, int]]
) -> None:
    real = Real(make)
    world = World(
        [
            {"live": each == "customer", "prospect": each == "prospect", "won": False, "into": None}
            for each in LIFECYCLES
        ],
        [{"bar": each, "into": None} for each in BARS],
    )

    for deed in deeds:
        assert real.do(*deed) == world.do(*deed), deed
        world.settle()

    session = make.session
    fired = session.exec(select(BarReached.feature_id)).all()
    assert [fired.count(each.id) for each in real.features] == [
        int(number in world.fired) for number in range(3)
    ]
    came_back = {
        number: session.get(Revisit, refusal.id) is not None
        for number, refusal in real.refusals.items()
    }
    assert came_back == {
        number: ask["back"] for number, ask in enumerate(world.asks) if ask["bar"] is not None
    }
