"""An ask that is told again: updated while it is unanswered, and never doubled."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from models.account import Account
from models.ask import Ask, AskChange, Source
from models.connector import Connector, ConnectorKind, ConnectorSettings
from models.delivery import Delivery
from services import accounts, asks, capture
from services.asks import Origin
from services.capture import Deed, Sender
from services.crm.dialect import Told
from services.errors import Invalid
from services.permissions import Caller
from services.policy import Policy
from tests.factories import Make
from tests.senders import ACME

ASK = {"title": "SSO", "account": ACME, "external_id": "1"}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


class Teller:
    """Tells asks, each in a delivery of its own."""

    def __init__(self, session: Session, by: Caller) -> None:
        self.session, self.by = session, by
        self.settings: dict[str, Any] = {}
        sealed = "nobody opens it"
        connector = Connector(kind=ConnectorKind.generic, name="x", sealed_secret=sealed)
        session.add(connector)
        session.flush()
        self.connector_id = connector.id

    def tell(
        self, said_at: datetime | None = None, arrived_at: datetime = LATER, **fields: Any
    ) -> Deed:
        delivery = Delivery(
            connector_id=self.connector_id, content_type="", headers={}, body=b"", sha256=""
        )
        self.session.add(delivery)
        self.session.flush()
        return self.take(delivery.id, Told(ASK | fields, said_at), arrived_at)

    def take(self, delivery_id: UUID, told: Told, arrived_at: datetime = LATER) -> Deed:
        sender = Sender(
            by=self.by,
            policy=Policy(),
            settings=ConnectorSettings(**self.settings),
            origin=Origin(Source.webhook, f"webhook:{self.connector_id}"),
            delivery_id=delivery_id,
            arrived_at=arrived_at,
        )
        return capture.take(self.session, sender, 0, told)

    def ask(self) -> Ask:
        """The only ask."""
        found: Ask = self.session.execute(select(Ask)).scalar_one()
        return found


@pytest.fixture
def teller(session: Session, make: Make, admin: Caller) -> Teller:
    make.product()
    return Teller(session, admin)


class TestAgain:
    def test_the_same_changes_nothing(self, teller: Teller) -> None:
        teller.tell()

        assert teller.tell().name == "unchanged"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", "Single sign-on"),
            ("verbatim", "We need it."),
            ("why", "Security review"),
            ("importance", "blocker"),
            ("source_url", "https://crm.example/1"),
        ],
    )
    def test_other_words_update_it(self, teller: Teller, field: str, value: str) -> None:
        teller.tell()

        changed: dict[str, Any] = {field: value}
        deed = teller.tell(**changed)

        assert (deed.name, getattr(teller.ask(), field)) == ("updated", value)

    def test_the_update_is_a_version(self, teller: Teller) -> None:
        teller.tell()

        teller.tell(title="Single sign-on")

        assert teller.ask().version == 2

    def test_another_contact_updates_it(self, teller: Teller) -> None:
        kim, lee = ({"name": name, "email": f"{name}@acme.example"} for name in ("kim", "lee"))
        teller.tell(contact=kim)
        before = teller.ask().contact_id

        assert teller.tell(contact=lee).name == "updated"
        assert teller.ask().contact_id != before

    @pytest.mark.parametrize("contact", [{"name": "Kim"}, {"name": "K", "email": "k@acme.example"}])
    def test_the_same_contact_changes_nothing(
        self, teller: Teller, contact: dict[str, str]
    ) -> None:
        teller.tell(contact=contact)

        assert teller.tell(contact=contact).name == "unchanged"

    def test_a_contact_is_added(self, teller: Teller) -> None:
        teller.tell()

        assert teller.tell(contact={"name": "Kim"}).name == "updated"

    def test_an_answered_one_stays_and_the_difference_is_noted(
        self, teller: Teller, make: Make
    ) -> None:
        teller.tell()
        make.response(teller.ask())

        deed = teller.tell(title="Single sign-on")

        assert deed.note == "The ask is answered, so it stays as it is; different are title."
        assert teller.ask().title == "SSO"

    def test_an_ask_keeps_its_account_and_day(self, teller: Teller) -> None:
        teller.tell()

        deed = teller.tell(
            account={"domain": "other.example", "name": "Other"}, asked_on="2026-01-01"
        )

        assert deed.name == "differs"
        assert deed.note == "An ask on file keeps its asked_on, account; what came differs."

    def test_what_may_change_does_also_when_something_may_not(self, teller: Teller) -> None:
        teller.tell()

        deed = teller.tell(title="Single sign-on", asked_on="2026-01-01")

        assert (deed.name, teller.ask().title) == ("updated", "Single sign-on")

    def test_the_triage_done_here_stays(self, teller: Teller, make: Make, session: Session) -> None:
        teller.tell()
        ours, theirs = make.feature(), make.feature()
        triage = AskChange(feature_id=ours.id)
        asks.change_ask(session, teller.by, Policy(), teller.ask().id, triage)

        assert teller.tell(feature_id=str(theirs.id)).name == "unchanged"
        assert teller.ask().feature_id == ours.id

    def test_they_may_triage_what_is_untriaged(self, teller: Teller, make: Make) -> None:
        teller.tell()
        feature = make.feature()

        assert teller.tell(feature_id=str(feature.id)).name == "updated"

    def test_another_id_is_another_ask(self, teller: Teller, session: Session) -> None:
        teller.tell()

        teller.tell(external_id="2")

        assert len(session.execute(select(col(Ask.id))).all()) == 2

    def test_without_an_id_the_same_delivery_doubles_nothing(self, teller: Teller) -> None:
        first = teller.tell(external_id="x")
        told = Told({"title": "SSO", "account": {"id": str(teller.ask().account_id)}})
        delivery_id = teller.session.execute(select(col(Delivery.id))).scalar_one()

        deeds = [teller.take(delivery_id, told) for _again in range(2)]

        assert [deed.name for deed in deeds] == ["logged", "unchanged"]
        assert first.ask_id != deeds[0].ask_id == deeds[1].ask_id


class TestOrder:
    def test_older_words_do_not_overwrite_newer_ones(self, teller: Teller) -> None:
        teller.tell(LATER, title="new")

        deed = teller.tell(NOON, title="old")

        assert (deed.name, teller.ask().title) == ("older", "new")
        assert "different are title" in str(deed.note)

    def test_a_newer_word_that_says_the_same_counts(self, teller: Teller) -> None:
        teller.tell(NOON, title="A")
        teller.tell(LATER, title="A")

        teller.tell(NOON + timedelta(minutes=1), title="B")

        assert teller.ask().title == "A"

    @pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
    def test_any_order_ends_alike(self, teller: Teller, order: tuple[int, ...]) -> None:
        for place in order:
            teller.tell(NOON + timedelta(minutes=place), title=f"Version {place}")

        assert teller.ask().title == "Version 2"

    def test_a_clock_that_is_ahead_does_not_shut_out_later_words(self, teller: Teller) -> None:
        teller.tell(LATER + timedelta(days=365), title="ahead")

        assert teller.tell(arrived_at=LATER, title="later").name == "updated"

    def test_without_a_word_on_time_arrival_counts(self, teller: Teller) -> None:
        teller.tell(arrived_at=LATER, title="new")

        assert teller.tell(arrived_at=NOON, title="old").name == "older"


class TestAccount:
    def account(self, teller: Teller) -> str:
        account = teller.session.get_one(Account, teller.ask().account_id)
        return account.name

    def test_a_name_finds_the_account(self, teller: Teller, make: Make) -> None:
        account = make.account(name="Initech")

        teller.tell(account={"name": "Initech"})

        assert teller.ask().account_id == account.id

    def test_its_case_is_no_matter(self, teller: Teller, make: Make) -> None:
        account = make.account(name="Initech")

        teller.tell(account={"name": "INITECH"})

        assert teller.ask().account_id == account.id

    def test_an_unknown_name_is_told(self, teller: Teller) -> None:
        with pytest.raises(Invalid, match="no account is called 'Nobody'; make it and replay"):
            teller.tell(account={"name": "Nobody"})

    def test_a_name_of_several_is_told(self, teller: Teller, make: Make) -> None:
        make.account(name="Initech")
        make.account(name="Initech")

        with pytest.raises(Invalid, match="several accounts are called 'Initech'"):
            teller.tell(account={"name": "Initech"})

    @pytest.mark.parametrize("name", ["a\x00b", ["x"], "x" * 201])
    def test_a_name_that_is_none_is_told(self, teller: Teller, name: Any) -> None:
        with pytest.raises(Invalid, match=r"^The body|name"):
            teller.tell(account={"name": name})

    def test_the_connector_may_make_accounts(self, teller: Teller) -> None:
        teller.settings = {"make_accounts": True}

        teller.tell(account={"name": "Nobody"})

        assert self.account(teller) == "Nobody"

    def test_an_account_that_it_made_is_found_after_a_merge(
        self, teller: Teller, make: Make, session: Session
    ) -> None:
        teller.settings = {"make_accounts": True}
        teller.tell(account={"name": "Nobody"})
        other = make.account(name="Somebody")
        account_id = teller.ask().account_id
        accounts.merge_accounts(session, teller.by, Policy(), account_id, other.id)

        assert teller.tell(account={"name": "Nobody"}, title="Again").name == "updated"

    def test_a_reference_finds_the_account(self, teller: Teller, make: Make) -> None:
        make.account(external_refs=[{"source": "erp", "id": "7"}])
        named = {"external_ref": {"source": "erp", "id": "7"}}

        deeds = [teller.tell(account=named).name for _again in range(2)]

        assert deeds == ["logged", "unchanged"]

    def test_asks_without_a_product_get_that_of_the_connector(
        self, teller: Teller, make: Make
    ) -> None:
        product = make.product()
        teller.settings = {"product_id": product.id}

        teller.tell()

        assert teller.ask().product_id == product.id

    def test_asks_on_a_feature_have_its_product(self, teller: Teller, make: Make) -> None:
        feature = make.feature(product_id=make.product().id)
        teller.settings = {"product_id": make.product().id}

        teller.tell(feature_id=str(feature.id))

        assert teller.ask().product_id == feature.product_id


class TestCheck:
    def test_a_good_ask_passes(self) -> None:
        assert capture.check(Told(ASK)) is None

    def test_a_name_alone_passes_since_it_must_be_looked_up(self) -> None:
        assert capture.check(Told(ASK | {"account": {"name": "Initech"}})) is None

    def test_a_bad_one_is_told(self) -> None:
        found = capture.check(Told(ASK | {"title": 5}))

        assert found is not None
        assert found.detail == "title: Input should be a valid string"
