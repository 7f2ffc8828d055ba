"""Importing: good rows go in, bad ones are told, and a second run changes nothing."""

from pathlib import Path

import pytest
from sqlmodel import Session

from models.account import Account
from models.feature import Feature, FeatureStatus
from models.opportunity import Opportunity, Outcome
from models.product import Product
from services import accounts, importing
from services.importing import Did, Kind
from services.permissions import Caller
from services.policy import Policy
from services.sheets import match_columns, read_sheet
from tests.factories import Make
from tests.services.imports import Bring, bringing, faults, one

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def bring(session: Session, policy: Policy, admin: Caller, tmp_path: Path) -> Bring:
    """`bring(Kind.asks, "title,...", "SSO,...")` imports these lines."""
    return bringing(session, policy, admin, tmp_path)


# Accounts


def test_an_account_comes_with_all_that_its_row_says(session: Session, bring: Bring) -> None:
    bring(
        Kind.accounts,
        "external_id;name;domain;lifecycle;arr;currency;segment;tags;renews_on",
        "A1;Norwick Water;Norwick.example;Customer;184000.50;usd;Mid Market;soc2|gdpr;2027-03-31",
    )

    account = one(session, Account)
    assert account.domain == "norwick.example"
    assert (account.lifecycle, account.segment) == ("customer", "mid_market")
    assert (account.arr_minor, account.arr_currency) == (18_400_050, "USD")
    assert account.tags == ["gdpr", "soc2"]
    assert str(account.renews_on) == "2027-03-31"


def test_an_account_is_known_again_by_its_external_id(session: Session, bring: Bring) -> None:
    bring(Kind.accounts, "external_id,name", "A1,Norwick")

    results = bring(Kind.accounts, "external_id,name,region", "A1,Norwick Water,emea")

    assert [each.did for each in results] == [Did.changed]
    assert one(session, Account).name == "Norwick Water"


def test_an_account_is_known_again_by_its_domain(
    session: Session, bring: Bring, make: Make
) -> None:
    make.account(name="Norwick", domain="norwick.example")

    results = bring(Kind.accounts, "external_id,domain,region", "A1,norwick.example,emea")

    assert [each.did for each in results] == [Did.changed]
    assert one(session, Account).region == "emea"


def test_an_account_that_was_merged_is_the_one_that_remains(
    session: Session, bring: Bring, make: Make, policy: Policy, admin: Caller
) -> None:
    gone, stays = make.account(domain="old.example"), make.account()
    accounts.merge_accounts(session, admin, policy, gone.id, stays.id)

    bring(Kind.accounts, "domain,region", "old.example,emea")

    session.refresh(stays)
    assert stays.region == "emea"


def test_an_empty_cell_leaves_what_is_on_file(session: Session, bring: Bring, make: Make) -> None:
    make.account(domain="norwick.example", region="emea")

    results = bring(Kind.accounts, "domain,region", "norwick.example,")

    assert [each.did for each in results] == [Did.unchanged]
    assert one(session, Account).region == "emea"


def test_an_account_that_could_not_be_known_again_is_refused(bring: Bring) -> None:
    results = bring(Kind.accounts, "name,region", "Norwick,emea")

    said = "or `domain` is needed, to know the account by the next time"
    assert faults(results) == [(2, "external_id", said)]


def test_all_faults_of_a_row_are_told_at_once(bring: Bring) -> None:
    results = bring(
        Kind.accounts,
        "external_id,name,domain,arr,segment,renews_on,owner_email",
        'A1,,https://x.example,"12,000",huge,31.3.2027,kim',
    )

    assert {column for _line, column, _said in faults(results)} == {
        "name", "domain", "arr", "segment", "renews_on", "owner_email",
    }  # fmt: skip


def test_an_amount_needs_its_currency(bring: Bring) -> None:
    results = bring(Kind.accounts, "external_id,name,arr", "A1,Norwick,12000")

    assert faults(results) == [(2, "currency", "is needed beside an amount in `arr`, such as USD")]


def test_an_amount_finer_than_its_currency_is_refused(bring: Bring) -> None:
    results = bring(Kind.accounts, "external_id,name,arr,currency", "A1,Norwick,12.5,JPY")

    assert [column for _line, column, _said in faults(results)] == ["arr"]


# Deals


def test_a_deal_comes_with_all_that_its_row_says(
    session: Session, bring: Bring, make: Make
) -> None:
    make.account(domain="norwick.example")
    feature = make.feature(title="Single sign-on")

    bring(
        Kind.opportunities,
        "external_id,account_domain,name,amount,currency,probability,outcome,lost_to_feature",
        "O1,norwick.example,Renewal,64000,EUR,12.5%,lost,single sign-on",
    )

    deal = one(session, Opportunity)
    assert (deal.amount_minor, deal.probability_ppm) == (6_400_000, 125_000)
    assert (deal.outcome, deal.lost_to_feature_id) == (Outcome.lost, feature.id)


def test_a_deal_is_known_again_by_its_external_id(
    session: Session, bring: Bring, make: Make
) -> None:
    make.account(domain="norwick.example")
    header = "external_id,account_domain,name,stage"
    bring(Kind.opportunities, header, "O1,norwick.example,Renewal,proposal")

    results = bring(Kind.opportunities, header, "O1,norwick.example,Renewal,negotiation")

    assert [each.did for each in results] == [Did.changed]
    assert one(session, Opportunity).stage == "negotiation"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",norwick.example,Renewal,", "external_id"),
        ("O1,,Renewal,", "account_domain"),
        ("O1,none.example,Renewal,", "account_domain"),
        ("O1,norwick.example,Renewal,1.5", "probability"),
        ("O1,norwick.example,,", "name"),
    ],
)
def test_a_deal_at_fault_is_told(bring: Bring, make: Make, row: str, column: str) -> None:
    make.account(domain="norwick.example")

    results = bring(Kind.opportunities, "external_id,account_domain,name,probability", row)

    assert [found for _line, found, _said in faults(results)] == [column]


def test_a_deal_stays_with_its_account(bring: Bring, make: Make) -> None:
    make.account(domain="norwick.example")
    make.account(domain="other.example")
    bring(Kind.opportunities, "external_id,account_domain,name", "O1,norwick.example,Renewal")

    results = bring(Kind.opportunities, "external_id,account_domain", "O1,other.example")

    assert [column for _line, column, _said in faults(results)] == ["account_domain"]


# Features


def test_a_feature_names_a_product_that_is_on_file(
    session: Session, bring: Bring, make: Make
) -> None:
    product = make.product(name="Fieldnote")
    make.product(name="Other")

    bring(
        Kind.features,
        "external_id,product,title,status,target_on,shareable",
        "F1,fieldnote,Single sign-on,in progress,2027-02-26,Yes",
    )

    feature = one(session, Feature)
    assert (feature.product_id, feature.external_id) == (product.id, "F1")
    assert (feature.status, feature.shareable) == (FeatureStatus.in_progress, True)


def test_a_product_that_is_not_there_is_refused_with_the_nearest(bring: Bring, make: Make) -> None:
    make.product(name="Fieldnote")

    results = bring(Kind.features, "product,title", "Feildnote,Single sign-on")

    said = (
        "there is no product 'Feildnote'; did you mean `Fieldnote`?; make it first, or use"
        " --create-products"
    )
    assert faults(results) == [(2, "product", said)]


def test_products_are_made_where_that_is_wanted(session: Session, bring: Bring) -> None:
    bring(
        Kind.features,
        "product,title",
        "Fieldnote,Single sign-on",
        "Fieldnote,Offline forms",
        create_products=True,
    )

    assert one(session, Product).name == "Fieldnote"


def test_without_a_product_the_only_one_is_meant(
    session: Session, bring: Bring, make: Make
) -> None:
    product = make.product()

    bring(Kind.features, "title", "Single sign-on")

    assert one(session, Feature).product_id == product.id


def test_several_products_leave_it_open_which_is_meant(bring: Bring, make: Make) -> None:
    make.product(name="Fieldnote")
    make.product(name="Lab")

    results = bring(Kind.features, "title", "Single sign-on")

    [(_line, column, said)] = faults(results)
    assert column == "product"
    assert "several: Fieldnote, Lab" in said


def test_a_feature_is_known_again_by_its_title(session: Session, bring: Bring, make: Make) -> None:
    make.feature(title="Single sign-on")

    results = bring(Kind.features, "external_id,title,area", "F1,Single sign-on,security")

    assert [each.did for each in results] == [Did.changed]
    assert one(session, Feature).external_id == "F1"


def test_a_feature_is_known_again_by_its_external_id(
    session: Session, bring: Bring, make: Make
) -> None:
    make.product()
    bring(Kind.features, "external_id,title", "F1,SSO")

    bring(Kind.features, "external_id,title", "F1,Single sign-on")

    assert one(session, Feature).title == "Single sign-on"


def test_a_feature_stays_with_its_product(bring: Bring, make: Make) -> None:
    make.product(name="Fieldnote")
    make.product(name="Lab")
    bring(Kind.features, "external_id,product,title", "F1,Lab,Trends")

    results = bring(Kind.features, "external_id,product,title", "F1,Fieldnote,Trends")

    assert [column for _line, column, _said in faults(results)] == ["product"]


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ("title,status", "SSO,declined", "decline_reason"),
        ("title,status", "SSO,planned", "target_on"),
        ("title,shareable", "SSO,perhaps", "shareable"),
        ("external_id,title", f"{'F' * 201},SSO", "external_id"),
        ("title,area", ",security", "title"),
    ],
)
def test_a_feature_at_fault_is_told(
    bring: Bring, make: Make, header: str, row: str, column: str
) -> None:
    make.product()

    results = bring(Kind.features, header, row)

    assert [found for _line, found, _said in faults(results)] == [column]


# Examples


@pytest.mark.parametrize("kind", [*Kind])
def test_an_example_has_columns_that_are_all_known(kind: Kind) -> None:
    sheet = read_sheet(EXAMPLES / f"{kind}.csv")

    columns = match_columns(sheet, importing.COLUMNS[kind], {})

    assert columns == sheet.header
