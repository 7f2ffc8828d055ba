"""Importing asks, and the answers that some of them had already."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from models.account import Account
from models.ask import Ask, AskState, Source
from models.base import utc_today
from models.opportunity import Opportunity
from models.response import Response
from models.user import Role
from services import responses
from services.importing import Did, Kind, Result
from services.permissions import Caller, NotPermitted
from services.policy import Policy
from services.users import caller_for
from tests.factories import Make
from tests.services.imports import Bring, bringing, faults, one


@pytest.fixture
def bring(session: Session, policy: Policy, admin: Caller, tmp_path: Path) -> Bring:
    """`bring(Kind.asks, "title,...", "SSO,...")` imports these lines."""
    return bringing(session, policy, admin, tmp_path)


def test_an_ask_comes_with_all_that_its_row_says(
    session: Session, bring: Bring, make: Make
) -> None:
    account = make.account(domain="norwick.example")
    feature = make.feature(title="Single sign-on")

    bring(
        Kind.asks,
        "external_id,account_domain,title,importance,feature,asked_on,contact_name,contact_email",
        "R1,norwick.example,SSO,Blocker,Single sign-on,2026-09-14,Ines,ines@norwick.example",
    )

    ask = one(session, Ask)
    assert (ask.account_id, ask.feature_id) == (account.id, feature.id)
    assert (ask.importance, str(ask.asked_on)) == ("blocker", "2026-09-14")
    assert (ask.source, ask.external_source, ask.external_id) == (Source.import_, "import", "R1")
    assert ask.contact_id is not None


def test_an_imported_ask_is_a_debt_counted_from_today(
    session: Session, bring: Bring, make: Make
) -> None:
    make.product()

    bring(
        Kind.asks,
        "account_domain,account_name,title,asked_on",
        "norwick.example,Norwick,SSO,2026-01-05",
    )

    ask = one(session, Ask)
    assert ask.state is AskState.unanswered
    assert ask.answer_due_on > utc_today()


def test_a_new_domain_with_a_name_makes_a_prospect(
    session: Session, bring: Bring, make: Make
) -> None:
    make.product()

    bring(Kind.asks, "account_domain,account_name,title", "norwick.example,Norwick,SSO")

    account = one(session, Account)
    assert (account.name, account.lifecycle) == ("Norwick", "prospect")


@pytest.mark.parametrize("column", ["account_ref", "account_id"])
def test_an_ask_may_name_its_account_in_other_ways(
    session: Session, bring: Bring, make: Make, column: str
) -> None:
    make.product()
    account = make.account(external_refs=[{"source": "hubspot", "id": "123"}])
    named = {"account_ref": "hubspot:123", "account_id": str(account.id)}[column]

    bring(Kind.asks, f"{column},title", f"{named},SSO")

    assert one(session, Ask).account_id == account.id


def test_an_ask_may_name_its_feature_by_id(session: Session, bring: Bring, make: Make) -> None:
    make.account(domain="norwick.example")
    feature = make.feature()

    bring(Kind.asks, "account_domain,title,feature", f"norwick.example,SSO,{feature.id}")

    assert one(session, Ask).feature_id == feature.id


def test_a_reference_without_a_system_is_what_an_import_called_it(
    session: Session, bring: Bring, make: Make
) -> None:
    make.product()
    bring(Kind.accounts, "external_id,name", "A1,Norwick")
    bring(Kind.opportunities, "external_id,account_ref,name", "O1,A1,Renewal")

    bring(Kind.asks, "account_ref,opportunity_ref,title", "A1,O1,SSO")

    assert one(session, Ask).opportunity_id == one(session, Opportunity).id


def test_the_same_external_id_logs_nothing_more(session: Session, bring: Bring, make: Make) -> None:
    make.product()
    lines = ("external_id,account_domain,account_name,title", "R1,norwick.example,Norwick,SSO")
    bring(Kind.asks, *lines)

    results = bring(Kind.asks, *lines)

    assert [each.did for each in results] == [Did.unchanged]
    assert len(session.exec(select(Ask)).all()) == 1


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ("title", "SSO", "account_domain"),
        ("account_domain,title", "new.example,SSO", "account_name"),
        ("account_domain,account_name,title", "https://x.example,X,SSO", "account_domain"),
        ("account_ref,title", "hubspot:9,SSO", "account_ref"),
        ("account_id,title", "nonsense,SSO", "account_id"),
        ("account_domain,account_ref,title", "norwick.example,hubspot:1,SSO", "account_ref"),
        ("account_domain,title", "norwick.example,", "title"),
        ("account_domain,title,importance", "norwick.example,SSO,urgent", "importance"),
        ("account_domain,title,asked_on", "norwick.example,SSO,2026-02-30", "asked_on"),
        ("account_domain,title,asked_on", "norwick.example,SSO,2999-01-01", "asked_on"),
        ("account_domain,title,feature", "norwick.example,SSO,Singel sign-on", "feature"),
        ("account_domain,title,feature", f"norwick.example,SSO,{UUID(int=7)}", "feature"),
        ("account_domain,title,product", "norwick.example,SSO,Nothing", "product"),
        ("account_domain,title,opportunity_ref", "norwick.example,SSO,O9", "opportunity_ref"),
        ("account_domain,title,contact_email", "norwick.example,SSO,kim", "contact_email"),
        ("account_domain,title,source_url", "norwick.example,SSO,ftp://x.example", "source_url"),
        ("account_domain,title", "norwick.example,S\0SO", "title"),
        ("account_domain,title", "norwick.example,S,SO", ""),
    ],
)
def test_an_ask_at_fault_is_told(
    bring: Bring, make: Make, header: str, row: str, column: str
) -> None:
    make.feature(title="Single sign-on")
    make.account(domain="norwick.example")
    make.account(external_refs=[{"source": "hubspot", "id": "1"}])

    results = bring(Kind.asks, header, row)

    assert [found for _line, found, _said in faults(results)] == [column]


def test_a_deal_of_another_account_is_told_in_its_column(bring: Bring, make: Make) -> None:
    make.product()
    make.account(domain="norwick.example")
    make.opportunity(external_refs=[{"source": "hubspot", "id": "7"}])

    results = bring(
        Kind.asks, "account_domain,title,opportunity_ref", "norwick.example,SSO,hubspot:7"
    )

    assert [column for _line, column, _said in faults(results)] == ["opportunity_ref"]


def test_a_title_that_two_features_have_needs_the_product(
    session: Session, bring: Bring, make: Make
) -> None:
    make.account(domain="norwick.example")
    make.feature(title="Trends", product_id=make.product(name="Fieldnote").id)
    wanted = make.feature(title="Trends", product_id=make.product(name="Lab").id)
    header = "account_domain,title,feature,product"

    results = bring(
        Kind.asks, header, "norwick.example,Trends,Trends,", "norwick.example,Trends,Trends,lab"
    )

    assert [each.did for each in results] == [Did.refused, Did.made]
    assert one(session, Ask).feature_id == wanted.id


def test_good_rows_go_in_beside_bad_ones(session: Session, bring: Bring, make: Make) -> None:
    make.product()
    make.account(domain="norwick.example")

    results = bring(
        Kind.asks,
        "account_domain,title",
        "norwick.example,one",
        "norwick.example,",
        "norwick.example,three",
    )

    assert [each.did for each in results] == [Did.made, Did.refused, Did.made]
    assert {ask.title for ask in session.exec(select(Ask))} == {"one", "three"}


def test_whoever_may_not_log_asks_imports_none(bring: Bring, make: Make) -> None:
    viewer = caller_for(make.user(Role.viewer))

    with pytest.raises(NotPermitted):
        bring(Kind.asks, "title", "SSO", by=viewer)


def test_whoever_may_not_answer_imports_no_answers(bring: Bring, make: Make) -> None:
    manager = caller_for(make.user(Role.account_manager))

    with pytest.raises(NotPermitted):
        bring(Kind.asks, "title,response_kind", "SSO,no", by=manager)


def test_whoever_may_not_change_the_catalogue_makes_no_products(bring: Bring, make: Make) -> None:
    engineer = caller_for(make.user(Role.se))

    with pytest.raises(NotPermitted):
        bring(Kind.asks, "title", "SSO", by=engineer, create_products=True)


# Answers that were given already

ANSWERED = "account_domain,title,feature,response_kind,response_basis,response_how,response_message"


def answer(bring: Bring, make: Make, cells: str, **feature: Any) -> list[Result]:
    make.account(domain="norwick.example")
    make.feature(title="Export", **feature)
    return bring(Kind.asks, ANSWERED, f"norwick.example,Export,Export,{cells}")


def test_an_answer_in_the_row_is_given(session: Session, bring: Bring, make: Make) -> None:
    answer(bring, make, "Yes,Available,Under Records > Export,", status="shipped")

    response = one(session, Response)
    assert (response.kind, response.basis) == ("yes", "available")
    assert one(session, Ask).state is AskState.answered


@pytest.mark.parametrize("kind", ["maybe", "Maybe", "we'll see"])
def test_there_is_no_maybe(session: Session, bring: Bring, make: Make, kind: str) -> None:
    results = answer(bring, make, f"{kind},,,")

    [(line, column, said)] = faults(results)
    assert (line, column) == (2, "response_kind")
    assert "There is no maybe" in said
    assert session.exec(select(Ask)).all() == []


def test_a_message_that_hedges_is_told_with_a_straight_wording(bring: Bring, make: Make) -> None:
    results = answer(bring, make, "no,not_planned,,It is on our radar.")

    [(_line, column, said)] = faults(results)
    assert column == "response_message"
    assert "on our radar" in said
    assert "Say:" in said


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("ranked,,,", "response_kind"),
        (",not_planned,,", "response_kind"),
        ("no,,,", "response_basis"),
        ("no,available,,", "response_basis"),
        ("yes,available,,", "response_basis"),
        ("yes,committed,,", "response_basis"),
        ("no,insufficient_demand,,", "response_basis"),
    ],
)
def test_an_answer_at_fault_takes_its_ask_along(
    session: Session, bring: Bring, make: Make, cells: str, column: str
) -> None:
    results = answer(bring, make, cells)

    assert [found for _line, found, _said in faults(results)] == [column]
    assert session.exec(select(Ask)).all() == []


def test_an_ask_that_stands_is_not_answered_again(
    session: Session, bring: Bring, make: Make, admin: Caller
) -> None:
    make.feature(title="Export")
    make.account(domain="norwick.example")
    header = "external_id,account_domain,title,response_kind,response_basis"
    bring(Kind.asks, header, "R1,norwick.example,Export,no,out_of_scope")

    bring(Kind.asks, header, "R1,norwick.example,Export,no,not_planned")

    [response] = responses.list_responses(session, admin, one(session, Ask).id)
    assert response.basis == "out_of_scope"
