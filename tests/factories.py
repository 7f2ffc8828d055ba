"""Rows for tests: sensible unless told otherwise, made through the services, committed at once."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, select

from models.account import Account, AccountNew
from models.ask import Ask, AskNew
from models.feature import Feature, FeatureNew
from models.opportunity import Opportunity, OpportunityNew
from models.product import Product, ProductNew
from models.response import NoNew, RankedNew, Response, YesNew
from models.user import ApiKeyNew, Role, Scope, User, UserNew
from services import accounts, api_keys, asks, features, opportunities, products, responses, users
from services.permissions import Caller
from services.policy import Policy

Row = TypeVar("Row")


@dataclass
class Make:
    """`make.ask(title="SSO")` saves an ask, and an account and a product to go with it."""

    session: Session
    policy: Policy
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @cached_property
    def boss(self) -> Caller:
        """The administrator on whose behalf rows are made."""
        email = "maker@nomaybe.example"
        found = self.session.exec(select(User).where(User.email == email)).first()
        return users.caller_for(found or self.user(Role.admin, email=email))

    def user(self, role: Role = Role.se, **fields: Any) -> User:
        fields = {
            "email": f"{role}{next(self.numbers)}@nomaybe.example",
            "name": "A Person",
        } | fields
        return self._kept(users.add_user(self.session, UserNew(role=role, **fields)))

    def key(self, user: User, *scopes: Scope) -> str:
        new = ApiKeyNew(name="a key", **({"scopes": [*scopes]} if scopes else {}))
        made = api_keys.add_key(self.session, user, new)
        self.session.commit()
        return made.secret

    def product(self, **fields: Any) -> Product:
        new = ProductNew(**{"name": f"Product {next(self.numbers)}"} | fields)
        return self._kept(products.create_product(self.session, self.boss, new))

    def some_product(self) -> UUID:
        """A product that is there, or a new one."""
        found = self.session.exec(select(Product.id).limit(1)).first()
        return found or self.product().id

    def account(self, **fields: Any) -> Account:
        new = AccountNew(**{"name": f"Account {next(self.numbers)}"} | fields)
        return self._kept(accounts.create_account(self.session, self.boss, new))

    def customer(self, arr: str | None = "1000.00", **fields: Any) -> Account:
        """A live customer with an ARR in USD."""
        worth = {"amount": arr, "currency": "USD"} if arr else None
        return self.account(**{"lifecycle": "customer", "arr": worth} | fields)

    def opportunity(self, account: Account | None = None, **fields: Any) -> Opportunity:
        account = account or self.account()
        new = OpportunityNew(
            **{"account_id": account.id, "name": f"Deal {next(self.numbers)}"} | fields
        )
        return self._kept(
            opportunities.create_opportunity(self.session, self.boss, self.policy, new)
        )

    def feature(self, **fields: Any) -> Feature:
        if "product_id" not in fields:
            fields["product_id"] = self.some_product()
        new = FeatureNew(**{"title": f"Feature {next(self.numbers)}"} | fields)
        return self._kept(features.create_feature(self.session, self.boss, new))

    def planned(self, target_on: date = date(2100, 3, 1), **fields: Any) -> Feature:
        """A feature that a PM has committed with a date."""
        return self.feature(**{"status": "planned", "target_on": target_on} | fields)

    def ask(
        self, account: Account | None = None, feature: Feature | None = None, **fields: Any
    ) -> Ask:
        account = account or self.account()
        if feature is not None:
            fields["feature_id"] = feature.id
        elif "product_id" not in fields:
            fields["product_id"] = self.some_product()
        new = AskNew(
            **{"account": {"id": account.id}, "title": f"Ask {next(self.numbers)}"} | fields
        )
        ask, _new = asks.log_ask(self.session, self.boss, self.policy, new)
        return self._kept(ask)

    def response(self, ask: Ask, **fields: Any) -> Response:
        """An answer; by default a no that is not planned."""
        given = {"kind": "no", "basis": "not_planned"} | fields
        kinds: dict[str, Any] = {"yes": YesNew, "no": NoNew, "ranked": RankedNew}
        if given["kind"] == "ranked":
            given.pop("basis")
        new = kinds[given["kind"]](**given)
        made = responses.give_response(self.session, self.boss, self.policy, ask.id, new)
        return self._kept(made)

    def _kept(self, row: Row) -> Row:
        self.session.commit()
        return row
