"""What a CRM tells of its records, and what is on file of it in the end."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from models.account import Account, Contact
from models.ask import Ask, Source
from models.opportunity import Opportunity, OpportunityRef
from services.errors import Invalid
from services.permissions import Caller
from tests.crm_records import (
    COMPANY,
    DEAL,
    NOON,
    OF_ANOTHER,
    OF_COMPANY,
    OF_PERSON,
    PERSON,
    SOURCE,
    Crm,
)
from tests.factories import Make


@pytest.fixture
def crm(session: Session, make: Make, admin: Caller) -> Crm:
    make.product()
    return Crm(session, admin)


class TestAsk:
    def test_a_title_is_an_ask(self, crm: Crm) -> None:
        assert crm.tell(title="SSO").name == "logged"

        ask = crm.ask()
        assert (ask.title, ask.external_source, ask.external_id) == ("SSO", SOURCE, DEAL)
        assert (ask.source, crm.account().name) == (Source.hubspot, "HubSpot deal 1")

    def test_a_newer_one_updates_it(self, crm: Crm) -> None:
        crm.tell(title="SSO")

        assert (crm.tell(minute=1, title="SAML").name, crm.ask().title) == ("updated", "SAML")

    def test_an_older_one_does_not(self, crm: Crm) -> None:
        crm.tell(minute=1, title="SAML")

        assert (crm.tell(title="SSO").name, crm.ask().title) == ("older", "SAML")

    def test_the_same_again_changes_nothing(self, crm: Crm) -> None:
        crm.tell(title="SSO")

        assert crm.tell(title="SSO").name == "unchanged"
        assert crm.ask().version == 1

    def test_an_answered_one_stays(self, crm: Crm, make: Make) -> None:
        crm.tell(title="SSO")
        make.response(crm.ask())

        deed = crm.tell(minute=1, title="SAML")

        assert (deed.name, crm.ask().title) == ("differs", "SSO")

    def test_a_clock_that_is_ahead_does_not_shut_out_later_words(self, crm: Crm) -> None:
        crm.tell(minute=60 * 24 * 365, title="ahead")

        assert crm.tell(minute=60 * 24 * 366, title="later").name == "updated"

    def test_a_long_text_is_kept_whole(self, crm: Crm) -> None:
        words = "We need SSO.\n" + "word " * 100

        crm.tell(title=words)

        assert (crm.ask().title, crm.ask().verbatim) == ("We need SSO.", words.strip())

    def test_a_long_line_is_cut(self, crm: Crm) -> None:
        crm.tell(title="x" * 300, verbatim="Own words")

        assert crm.ask().title == "x" * 199 + "…"
        assert crm.ask().verbatim == "x" * 300 + "\n\nOwn words"

    def test_what_is_no_importance_is_told(self, crm: Crm) -> None:
        with pytest.raises(Invalid, match="importance: Input should be"):
            crm.tell(title="SSO", importance="maybe")

    def test_what_could_not_be_kept_is_forgotten(self, crm: Crm) -> None:
        with pytest.raises(Invalid):
            crm.tell(minute=9, title="SSO", importance="maybe")

        assert crm.tell(title="SSO").name == "logged"

    def test_without_a_title_there_is_none(self, crm: Crm) -> None:
        assert crm.tell(opportunity__amount="5").name == "noted"


class TestAccount:
    def test_is_that_of_the_company(self, crm: Crm) -> None:
        crm.tell(title="SSO", **OF_COMPANY)

        assert crm.account().name == "HubSpot company 5"

    def test_is_found_by_what_people_type_as_its_reference(self, crm: Crm, make: Make) -> None:
        account = make.account(external_refs=[{"source": "hubspot", "id": "5"}])

        crm.tell(title="SSO", **OF_COMPANY)

        assert crm.ask().account_id == account.id

    def test_is_found_by_the_domain_of_the_company(self, crm: Crm, make: Make) -> None:
        account = make.account(domain="acme.example")
        crm.tell(COMPANY, account__domain="acme.example")

        crm.tell(title="SSO", **OF_COMPANY)

        assert crm.ask().account_id == account.id

    def test_is_found_by_the_address_of_a_person(self, crm: Crm, make: Make) -> None:
        account = make.account(domain="acme.example")

        crm.tell(PERSON, title="SSO", contact__email="kim@acme.example")

        assert crm.ask().account_id == account.id

    def test_that_is_unknown_is_told(self, crm: Crm) -> None:
        crm.settings = {}

        with pytest.raises(Invalid, match="no account is known for HubSpot company 5; make it"):
            crm.tell(title="SSO", **OF_COMPANY)

    def test_can_be_made_by_what_the_error_says(self, crm: Crm, make: Make) -> None:
        crm.settings = {}
        account = make.account(external_refs=[{"source": SOURCE, "id": DEAL}])

        crm.tell(title="SSO")

        assert crm.ask().account_id == account.id

    def test_a_company_that_comes_later_takes_over(self, crm: Crm) -> None:
        crm.tell(title="SSO")
        crm.tell(COMPANY, account__name="Acme")

        crm.tell(minute=1, **OF_COMPANY)

        assert crm.account().name == "Acme"

    def test_that_was_named_by_hand_keeps_its_name(self, crm: Crm) -> None:
        crm.tell(title="SSO")
        crm.account().name = "Acme by hand"
        crm.session.flush()

        crm.tell(minute=1, **OF_COMPANY)

        assert crm.account().name == "Acme by hand"

    def test_deals_of_one_company_meet_in_one_account(self, crm: Crm) -> None:
        for number in (1, 2, 3):
            crm.tell(f"deal:{number}", title="SSO")

        for number in (1, 2, 3):
            crm.tell(f"deal:{number}", minute=1, **OF_COMPANY)

        assert len(set(crm.session.execute(select(col(Ask.account_id))).scalars())) == 1

    def test_a_new_name_of_the_company_is_kept(self, crm: Crm) -> None:
        crm.tell(title="SSO", **OF_COMPANY)

        crm.tell(COMPANY, minute=1, account__name="Acme Ltd", account__domain="acme.example")

        assert (crm.account().name, crm.account().domain) == ("Acme Ltd", "acme.example")

    def test_of_companies_that_are_merged_is_one(self, crm: Crm) -> None:
        crm.tell("deal:1", title="SSO", **OF_COMPANY)
        crm.tell("deal:2", title="SSO", **OF_ANOTHER)

        crm.tell("company:6", minute=1, merged_into="company:5")
        crm.tell("deal:3", minute=2, title="SSO", **OF_ANOTHER)

        assert len(set(crm.session.execute(select(col(Ask.account_id))).scalars())) == 1

    def test_of_a_merged_company_is_that_of_the_one_that_is_told_later(self, crm: Crm) -> None:
        crm.tell("deal:1", title="SSO", **OF_COMPANY)
        crm.tell(COMPANY, minute=1, merged_into="company:6")

        crm.tell("company:6", minute=2, account__name="Both")

        assert crm.account().name == "Both"

    @pytest.mark.parametrize("told", [(5, 6), (6, 5)])
    def test_of_a_chain_of_merges_is_one_in_any_order(
        self, crm: Crm, told: tuple[int, int]
    ) -> None:
        for number in (5, 6, 7):
            named: dict[str, Any] = {f"company>company:{number}": "primary"}
            crm.tell(f"deal:{number}", title="SSO", **named)
            crm.tell(f"company:{number}", account__name=f"Acme {number}")

        for minute, number in enumerate(told, 1):
            crm.tell(f"company:{number}", minute, merged_into=f"company:{number + 1}")

        assert {crm.session.get_one(Account, ask.account_id).name for ask in crm.asks()} == {
            "Acme 7"
        }
        assert len({ask.account_id for ask in crm.asks()}) == 1

    def test_of_a_merged_company_goes_to_the_one_of_the_domain(self, crm: Crm, make: Make) -> None:
        known = make.account(name="Acme", domain="acme.example")
        crm.tell(title="SSO", **OF_ANOTHER)
        crm.tell(COMPANY, account__name="Acme Ltd", account__domain="acme.example")

        crm.tell("company:6", minute=1, merged_into=COMPANY)

        assert crm.account().id == known.id

    def test_has_a_name_of_one_line(self, crm: Crm) -> None:
        crm.tell(COMPANY, account__name="Acme\n  Ltd " + "x" * 300)

        crm.tell(title="SSO", **OF_COMPANY)

        assert crm.account().name == "Acme Ltd " + "x" * 190 + "…"

    @pytest.mark.parametrize("email", ["two@at@acme.example", "no one@acme.example"])
    def test_is_not_told_by_what_is_no_address(self, crm: Crm, make: Make, email: str) -> None:
        known = make.account(name="Acme", domain="acme.example")

        crm.tell(PERSON, title="SSO", contact__email=email)

        assert crm.account().id != known.id


class TestContact:
    @pytest.mark.parametrize(
        ("name", "email", "kept"),
        [
            ("Kim Roe", "Kim@Acme.example", ("Kim Roe", "kim@acme.example")),
            (None, "kim@acme.example", ("kim@acme.example", "kim@acme.example")),
            ("Kim\tRoe", "no address", ("Kim Roe", None)),
        ],
    )
    def test_is_who_asks(
        self, crm: Crm, name: str | None, email: str, kept: tuple[str, str | None]
    ) -> None:
        crm.tell(PERSON, title="SSO", contact__name=name, contact__email=email)

        contact = crm.session.execute(select(Contact)).scalar_one()
        assert (contact.name, contact.email) == kept

    def test_without_a_name_or_an_address_nobody_does(self, crm: Crm) -> None:
        crm.tell(PERSON, title="SSO", contact__email="no address")

        assert crm.ask().contact_id is None

    def test_of_a_deal_may_be_told_later(self, crm: Crm) -> None:
        crm.tell(title="SSO", **OF_PERSON)

        crm.tell(PERSON, minute=1, contact__name="Kim Roe")

        assert crm.ask().contact_id is not None


class TestDeal:
    def test_is_an_opportunity_with_all_that_was_told(self, crm: Crm) -> None:
        crm.tell(
            title="SSO",
            opportunity__name="Renewal",
            opportunity__amount="125000.0",
            opportunity__currency="eur",
            opportunity__stage="contractsent",
            opportunity__probability="0.6",
            opportunity__close_on="2026-12-31",
        )

        deal = crm.deal()
        assert crm.ask().opportunity_id == deal.id
        assert (deal.name, deal.stage, deal.probability) == ("Renewal", "contractsent", "0.6")
        assert deal.amount is not None
        assert (deal.amount.amount, deal.amount.currency) == ("125000.00", "EUR")
        assert str(deal.close_on) == "2026-12-31"

    @pytest.mark.parametrize(
        ("amount", "kept"),
        [("0.005", 0), ("1.005", 100), ("-5", None), ("much", None), ("1e400", None), ("5", 500)],
    )
    def test_an_amount_that_is_none_is_unknown(
        self, crm: Crm, amount: str, kept: int | None
    ) -> None:
        crm.tell(title="SSO", opportunity__amount=amount)

        assert crm.deal().amount_minor == kept

    def test_what_is_not_told_stays(self, crm: Crm) -> None:
        crm.tell(title="SSO", opportunity__amount="5")
        crm.deal().stage = "By hand"

        crm.tell(minute=1, opportunity__amount="6")

        assert (crm.deal().amount_minor, crm.deal().stage) == (600, "By hand")

    def test_of_a_known_account_is_kept_without_an_ask(self, crm: Crm, make: Make) -> None:
        make.account(external_refs=[{"source": "hubspot", "id": "5"}])

        crm.tell(opportunity__amount="5", **OF_COMPANY)

        assert crm.deal().amount_minor == 500

    def test_told_before_its_account_is_kept_too(self, crm: Crm) -> None:
        crm.tell("deal:2", opportunity__name="Another", **OF_COMPANY)

        crm.tell(title="SSO", **OF_COMPANY)

        names = select(col(Opportunity.name)).order_by(col(Opportunity.name))
        assert crm.session.execute(names).scalars().all() == ["Another", "HubSpot deal 1"]

    def test_lost_for_a_feature_names_it(self, crm: Crm, make: Make) -> None:
        feature = make.feature()
        crm.settings["lost_reasons"] = {"No SSO": str(feature.id)}

        crm.tell(opportunity__outcome="lost", opportunity__lost_reason="No SSO")

        assert crm.deal().lost_to_feature_id == feature.id

    def test_won_after_all_it_no_longer_does(self, crm: Crm, make: Make) -> None:
        crm.settings["lost_reasons"] = {"No SSO": str(make.feature().id)}
        crm.tell(opportunity__outcome="lost", opportunity__lost_reason="No SSO")

        crm.tell(minute=1, opportunity__outcome="won")

        assert (crm.deal().outcome, crm.deal().lost_to_feature_id) == ("won", None)

    def test_lost_for_another_reason_names_none(self, crm: Crm) -> None:
        crm.tell(title="x", opportunity__outcome="lost", opportunity__lost_reason="Price")

        assert (crm.deal().outcome, crm.deal().lost_to_feature_id) == ("lost", None)


class TestMerge:
    def test_asks_go_to_the_deal_that_remains(self, crm: Crm) -> None:
        for key in ("deal:1", "deal:2"):
            crm.tell(key, title="SSO", opportunity__amount="5")

        crm.tell("deal:1", minute=1, merged_into="deal:2")

        assert len(set(crm.session.execute(select(col(Ask.opportunity_id))).scalars())) == 1
        assert len(set(crm.session.execute(select(col(Ask.account_id))).scalars())) == 1
        assert (
            len(set(crm.session.execute(select(col(OpportunityRef.opportunity_id))).scalars())) == 1
        )

    def test_the_one_that_remains_may_be_told_later(self, crm: Crm) -> None:
        crm.tell("deal:1", title="SSO", opportunity__amount="5")
        crm.tell("deal:1", minute=1, merged_into="deal:2")

        crm.tell("deal:2", minute=2, opportunity__amount="9", opportunity__name="Both")

        assert (crm.deal().name, crm.deal().amount_minor) == ("Both", 900)

    def test_late_words_on_the_merged_one_change_no_amount(self, crm: Crm) -> None:
        crm.tell("deal:2", title="SCIM", opportunity__amount="9")
        crm.tell("deal:1", minute=1, merged_into="deal:2")

        crm.tell("deal:1", minute=2, title="SSO", opportunity__amount="5")

        assert crm.deal().amount_minor == 900


class TestGone:
    def test_an_ask_is_marked_and_stays(self, crm: Crm) -> None:
        crm.tell(title="SSO")

        deed = crm.tell(minute=1, gone="yes")

        assert deed.name == "gone"
        assert crm.ask().source_deleted_at == NOON + timedelta(minutes=1)

    def test_a_restored_one_loses_the_mark(self, crm: Crm) -> None:
        crm.tell(title="SSO")
        crm.tell(minute=1, gone="yes")

        crm.tell(minute=2, gone=None)

        assert crm.ask().source_deleted_at is None

    def test_older_words_do_not_restore_it(self, crm: Crm) -> None:
        crm.tell(minute=2, title="SSO", gone="yes")

        crm.tell(minute=1, title="Older", gone=None)

        assert crm.ask().source_deleted_at is not None
