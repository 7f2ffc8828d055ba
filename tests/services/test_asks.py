"""Logging an ask: a debt with a date from the first moment (R2)."""

from datetime import date
from typing import Any

import pytest
import time_machine
from pydantic import ValidationError
from sqlmodel import Session, col, func, select

from models.account import Account, Contact, Lifecycle
from models.ask import Ask, AskNew, AskState, Source
from models.base import new_id
from models.user import Role
from services import accounts, asks, features
from services.errors import Invalid
from services.permissions import Caller, NotPermitted
from services.policy import Policy
from services.users import caller_for
from tests.factories import Make

MONDAY = "2026-11-23T10:00:00Z"


def log(make: Make, by: Caller, origin: asks.Origin = asks.FROM_API, **fields: Any) -> Ask:
    """Log an ask, of a new account unless told otherwise."""
    if "account" not in fields:
        fields["account"] = {"id": make.account().id}
    new = AskNew(**{"title": "Single sign-on", **fields})
    ask, _new = asks.log_ask(make.session, by, make.policy, new, origin)
    return ask


def count(session: Session, model: Any) -> int:
    return session.exec(select(func.count()).select_from(model)).one()


def blame(caught: pytest.ExceptionInfo[Invalid]) -> list[Any]:
    """The field that an error names."""
    loc: list[Any] = caught.value.errors[0]["loc"]
    return loc


class TestLogAsk:
    @time_machine.travel(MONDAY, tick=False)
    def test_is_a_debt_due_in_five_working_days(self, make: Make, admin: Caller) -> None:
        make.product()

        ask = log(make, admin)

        assert ask.state is AskState.unanswered
        assert ask.answer_due_on == date(2026, 11, 30)
        assert ask.asked_on == date(2026, 11, 23)

    @time_machine.travel(MONDAY, tick=False)
    def test_the_operator_sets_days_and_holidays(self, make: Make, admin: Caller) -> None:
        product = make.product()
        make.policy = Policy(answer_days=2, holidays=frozenset({date(2026, 11, 24)}))

        ask = log(make, admin, product_id=product.id, asked_on="2026-10-01")

        assert ask.answer_due_on == date(2026, 11, 26)

    def test_a_viewer_may_not(self, make: Make) -> None:
        viewer = caller_for(make.user(Role.viewer))

        with pytest.raises(NotPermitted, match="viewer"):
            log(make, viewer, product_id=make.product().id)

    def test_a_day_ahead_is_somewhere_today(self, make: Make, admin: Caller) -> None:
        make.product()
        with time_machine.travel(MONDAY, tick=False):
            ask = log(make, admin, asked_on="2026-11-24")

        assert ask.asked_on == date(2026, 11, 24)

    def test_the_future_is_refused(self, make: Make, admin: Caller) -> None:
        make.product()
        with time_machine.travel(MONDAY, tick=False), pytest.raises(Invalid) as caught:
            log(make, admin, asked_on="2026-11-25")

        assert blame(caught) == ["body", "asked_on"]

    def test_keeps_who_asked_once(self, make: Make, admin: Caller) -> None:
        make.product()
        account = {"id": make.account().id}

        first = log(make, admin, account=account, contact={"name": "K", "email": "k@acme.example"})
        second = log(
            make, admin, account=account, contact={"name": "Kim", "email": "K@acme.example"}
        )

        assert first.contact_id == second.contact_id
        assert count(make.session, Contact) == 1


class TestAccount:
    def test_by_reference(self, make: Make, admin: Caller) -> None:
        make.product()
        account = make.account(external_refs=[{"source": "hubspot", "id": "7"}])

        ask = log(make, admin, account={"external_ref": {"source": "hubspot", "id": "7"}})

        assert ask.account_id == account.id

    def test_by_a_domain_that_is_known(self, make: Make, admin: Caller) -> None:
        make.product()
        account = make.account(domain="acme.example")

        ask = log(make, admin, account={"domain": "ACME.example.", "name": "Another"})

        assert ask.account_id == account.id

    def test_an_unknown_domain_makes_a_prospect(self, make: Make, admin: Caller) -> None:
        make.product()

        ask = log(make, admin, account={"domain": "acme.example", "name": "Acme"})

        account = make.session.get_one(Account, ask.account_id)
        assert (account.name, account.lifecycle) == ("Acme", Lifecycle.prospect)

    def test_a_merged_one_is_the_one_that_remains(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        make.product()
        gone, remains = make.account(domain="old.example"), make.account()
        accounts.merge_accounts(make.session, admin, policy, gone.id, remains.id)

        by_id = log(make, admin, account={"id": gone.id})
        by_domain = log(make, admin, account={"domain": "old.example", "name": "Old"})

        assert {by_id.account_id, by_domain.account_id} == {remains.id}

    @pytest.mark.parametrize(
        ("account", "field"),
        [
            ({"id": str(new_id())}, ["account", "id"]),
            ({"external_ref": {"source": "hubspot", "id": "?"}}, ["account", "external_ref"]),
        ],
    )
    def test_an_unknown_one_is_refused(
        self, account: dict[str, Any], field: list[str], make: Make, admin: Caller
    ) -> None:
        make.product()

        with pytest.raises(Invalid) as caught:
            log(make, admin, account=account)

        assert blame(caught) == ["body", *field]

    @pytest.mark.parametrize(
        "account",
        [
            {},
            {"name": "Acme"},
            {"domain": "acme.example"},
            {"id": str(new_id()), "domain": "acme.example", "name": "Acme"},
            {"id": str(new_id()), "name": "Acme"},
        ],
    )
    def test_is_named_in_one_way(self, account: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match="account"):
            AskNew(account=account, title="Single sign-on")


class TestFits:
    def test_a_feature_brings_its_product(self, make: Make, admin: Caller) -> None:
        make.product()
        feature = make.feature(product_id=make.product().id)

        ask = log(make, admin, feature_id=feature.id)

        assert ask.product_id == feature.product_id

    def test_a_merged_feature_is_the_one_that_remains(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        gone, remains = make.feature(), make.feature()
        features.merge_features(make.session, admin, policy, gone.id, remains.id)

        ask = log(make, admin, feature_id=gone.id)

        assert ask.feature_id == remains.id

    @pytest.mark.parametrize("field", ["feature_id", "product_id", "opportunity_id"])
    def test_what_is_not_there_is_refused(self, field: str, make: Make, admin: Caller) -> None:
        make.product()

        with pytest.raises(Invalid) as caught:
            log(make, admin, asks.FROM_FORM, **{field: new_id()})

        assert blame(caught) == ["body", field]

    def test_another_product_than_the_feature_has(self, make: Make, admin: Caller) -> None:
        feature, other = make.feature(), make.product()

        with pytest.raises(Invalid, match=f"which is {feature.product_id}"):
            log(make, admin, feature_id=feature.id, product_id=other.id)

    def test_a_deal_of_another_account(self, make: Make, admin: Caller) -> None:
        make.product()

        with pytest.raises(Invalid, match="deal of another account"):
            log(make, admin, opportunity_id=make.opportunity().id)

    @pytest.mark.parametrize(("products", "said"), [(0, "make one first"), (2, "several products")])
    def test_which_product_must_be_clear(
        self, products: int, said: str, make: Make, admin: Caller
    ) -> None:
        for _each in range(products):
            make.product()

        with pytest.raises(Invalid, match=said):
            log(make, admin)


class TestExternalId:
    def test_the_same_again_gives_the_ask_that_stands(self, make: Make, admin: Caller) -> None:
        make.product()
        new = AskNew(account={"id": make.account().id}, title="First", external_id="crm-1")
        first, is_new = asks.log_ask(make.session, admin, make.policy, new)
        changed = new.model_copy(update={"title": "Second"})

        second, is_new_again = asks.log_ask(make.session, admin, make.policy, changed)

        assert (is_new, is_new_again) == (True, False)
        assert (second.id, second.title) == (first.id, "First")

    def test_another_source_has_its_own(self, make: Make, admin: Caller) -> None:
        make.product()

        first = log(make, admin, external_id="1")
        second = log(make, admin, origin=asks.FROM_IMPORT, external_id="1")

        assert first.id != second.id
        assert second.source is Source.import_


class TestBatch:
    def test_good_ones_go_in_and_bad_ones_are_told(self, make: Make, admin: Caller) -> None:
        make.product()
        good = {"account": {"id": str(make.account().id)}, "title": "Audit log"}
        items = [good, {"title": "Whose?"}, {**good, "importance": "maybe"}, good, 7]

        done = asks.log_batch(make.session, admin, make.policy, items)

        assert [isinstance(each, Invalid) for each in done] == [False, True, True, False, True]
        assert count(make.session, Ask) == 2

    def test_a_bad_one_leaves_nothing_behind(self, make: Make, admin: Caller) -> None:
        make.product()
        bad = {
            "account": {"domain": "new.example", "name": "New"},
            "title": "Audit log",
            "opportunity_id": str(new_id()),
        }

        done = asks.log_batch(make.session, admin, make.policy, [bad])

        assert isinstance(done[0], Invalid)
        assert count(make.session, Account) == 0

    def test_an_error_names_the_field(self) -> None:
        with pytest.raises(Invalid, match=r"^account\.id: "):
            asks.read_ask({"account": {"id": "x"}, "title": "Audit log"})


def test_ids_sort_by_the_time_of_logging(make: Make) -> None:
    logged = [make.ask().id for _each in range(3)]

    found = make.session.exec(select(Ask.id).order_by(col(Ask.id))).all()

    assert list(found) == logged
