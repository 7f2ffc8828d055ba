"""Things that happen to a catalogue, at random, each through the services."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from models.account import Account, AccountChange, Lifecycle, Segment
from models.ask import Ask, AskChange, AskState, Importance
from models.base import utc_today
from models.commitment import Commitment
from models.feature import Feature, FeatureChange, FeatureStatus
from models.opportunity import Opportunity, OpportunityChange, Outcome
from models.product import Product, ProductChange
from services import accounts, asks, commitments, features, opportunities, products
from services.errors import DomainError
from tests.factories import Make

Row = TypeVar("Row", Account, Ask, Feature, Opportunity, Product, Commitment)

CURRENCIES = ("USD", "EUR", "JPY", "GBP")
PLACES = ("Chemistry", "Banking", "Energy", None)


@dataclass
class Happenings:
    """`happen()` makes one thing happen, and says which."""

    make: Make
    chance: Random
    done: list[str] = field(default_factory=list)

    @property
    def session(self) -> Session:
        return self.make.session

    def happen(self) -> str:
        """Do one thing, or another one where the rules forbid it."""
        while True:
            name, deed = self.chance.choice(sorted(DEEDS.items()))
            try:
                deed(self)
            except (DomainError, LookupError):
                self.session.rollback()
            else:
                self.session.commit()
                self.done.append(name)
                return name

    def some(self, kind: type[Row]) -> Row:
        """A row by chance; LookupError where there is none."""
        found = self.session.exec(select(kind).order_by(col(kind.id))).all()
        if not found:
            raise LookupError(kind)
        return self.chance.choice(found)

    def money(self) -> dict[str, str] | None:
        if self.chance.random() < 0.2:
            return None
        return {
            "amount": str(self.chance.randrange(1, 10**6)),
            "currency": self.chance.choice(CURRENCIES),
        }

    def ask(self) -> Ask:
        """An ask that stands."""
        ask = self.some(Ask)
        if ask.state is AskState.withdrawn:
            raise LookupError(Ask)
        return ask


def _account(on: Happenings) -> None:
    on.make.account(
        lifecycle=on.chance.choice([*Lifecycle]), arr=on.money(), tags=["gdpr"],
        industry=on.chance.choice(PLACES), segment=on.chance.choice([*Segment, None]),
    )  # fmt: skip


def _deal(on: Happenings) -> None:
    on.make.opportunity(on.some(Account), amount=on.money(), probability=_odds(on))


def _odds(on: Happenings) -> str | None:
    return on.chance.choice([None, "0.25", "0.333333", "1"])


def _feature(on: Happenings) -> None:
    on.make.feature(status="planned", target_on=utc_today() + timedelta(days=60), shareable=True)


def _log(on: Happenings) -> None:
    account = on.some(Account)
    deals = on.session.exec(
        select(Opportunity.id).where(Opportunity.account_id == account.id)
    ).all()
    on.make.ask(
        account,
        on.some(Feature) if on.chance.random() < 0.9 else None,
        importance=on.chance.choice([*Importance]),
        opportunity_id=on.chance.choice([None, *deals]),
        asked_on=utc_today() - timedelta(days=on.chance.randrange(300)),
    )


def _triage(on: Happenings) -> None:
    change = AskChange(feature_id=on.some(Feature).id)
    asks.change_ask(on.session, on.make.boss, on.make.policy, on.ask().id, change)


def _weigh(on: Happenings) -> None:
    change = AskChange(importance=on.chance.choice([*Importance]))
    asks.change_ask(on.session, on.make.boss, on.make.policy, on.ask().id, change)


def _withdraw(on: Happenings) -> None:
    asks.withdraw_ask(on.session, on.make.boss, on.make.policy, on.ask().id, "By mistake.")


def _refuse(on: Happenings) -> None:
    ask = on.ask()
    again = {} if ask.response_id is None else {"supersedes_reason": "We looked again."}
    on.make.response(ask, basis="out_of_scope", **again)


def _promise(on: Happenings) -> None:
    ask = on.ask()
    again = {} if ask.response_id is None else {"supersedes_reason": "We looked again."}
    on.make.response(ask, kind="yes", basis="committed", contractual=True, **again)


def _release(on: Happenings) -> None:
    promise = on.some(Commitment)
    commitments.release_commitment(on.session, on.make.boss, promise.id, "They let us off.")


def _ship(on: Happenings) -> None:
    _set_feature(on, FeatureChange(status=FeatureStatus.shipped))


def _set_back(on: Happenings) -> None:
    _set_feature(on, FeatureChange(status=FeatureStatus.in_progress, target_on=date(2030, 1, 1)))


def _break(on: Happenings) -> None:
    change = FeatureChange(
        status=FeatureStatus.declined, decline_reason="No.", override_reason="We must."
    )
    _set_feature(on, change)


def _set_feature(on: Happenings, change: FeatureChange) -> None:
    features.change_feature(on.session, on.make.boss, on.make.policy, on.some(Feature).id, change)


def _set_account(on: Happenings, **change: Any) -> None:
    key = on.some(Account).id
    accounts.change_account(on.session, on.make.boss, on.make.policy, key, AccountChange(**change))


def _set_bar(on: Happenings) -> None:
    change = ProductChange(demand_bar={"accounts": on.chance.randrange(1, 5)})
    key = on.some(Product).id
    products.change_product(on.session, on.make.boss, on.make.policy, key, change)


def _set_deal(on: Happenings) -> None:
    change = OpportunityChange(amount=on.money(), probability=_odds(on))
    _change_deal(on, change)


def _win(on: Happenings) -> None:
    _change_deal(on, OpportunityChange(outcome=Outcome.won, lost_to_feature_id=None))


def _change_deal(on: Happenings, change: OpportunityChange) -> None:
    key = on.some(Opportunity).id
    opportunities.change_opportunity(on.session, on.make.boss, on.make.policy, key, change)


def _lose(on: Happenings) -> None:
    change = OpportunityChange(outcome=Outcome.lost, lost_to_feature_id=on.some(Feature).id)
    _change_deal(on, change)


def _merge(on: Happenings) -> None:
    away, into = on.some(Feature), on.some(Feature)
    features.merge_features(on.session, on.make.boss, on.make.policy, away.id, into.id)


def _unmerge(on: Happenings) -> None:
    merged = select(Feature).where(col(Feature.merged_into).is_not(None))
    found = on.session.exec(merged.order_by(col(Feature.id))).all()
    if not found:
        raise LookupError(Feature)
    key = on.chance.choice(found).id
    features.unmerge_feature(on.session, on.make.boss, on.make.policy, key)


def _merge_accounts(on: Happenings) -> None:
    away, into = on.some(Account), on.some(Account)
    accounts.merge_accounts(on.session, on.make.boss, on.make.policy, away.id, into.id)


DEEDS: dict[str, Callable[[Happenings], None]] = {
    "account": _account,
    "deal": _deal,
    "feature": _feature,
    "log": _log,
    "log again": _log,
    "log and again": _log,
    "triage": _triage,
    "weigh": _weigh,
    "withdraw": _withdraw,
    "refuse": _refuse,
    "promise": _promise,
    "promise again": _promise,
    "release": _release,
    "ship": _ship,
    "set back": _set_back,
    "break": _break,
    "ARR": lambda on: _set_account(on, arr=on.money()),
    "lifecycle": lambda on: _set_account(on, lifecycle=on.chance.choice([*Lifecycle])),
    "segment": lambda on: _set_account(on, segment=on.chance.choice([*Segment, None])),
    "industry": lambda on: _set_account(on, industry=on.chance.choice(PLACES)),
    "tags": lambda on: _set_account(on, tags=[on.chance.choice(["gdpr", "hipaa"])]),
    "renewal": lambda on: _set_account(on, renews_on=utc_today() + timedelta(days=90)),
    "bar": _set_bar,
    "deal changes": _set_deal,
    "win": _win,
    "lose": _lose,
    "merge": _merge,
    "unmerge": _unmerge,
    "merge accounts": _merge_accounts,
}
