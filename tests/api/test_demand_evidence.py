"""Every number opens onto its evidence, and each feature has its breakdowns."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from models.account import Account
from models.base import utc_today
from models.feature import Feature
from services import asks
from tests.factories import Make

DEMAND = "/api/v1/demand"


def got(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(f"{DEMAND}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def behind(client: TestClient, feature: Feature, **query: Any) -> list[Any]:
    """All pages of the evidence of a feature."""
    found: list[Any] = []
    page = got(client, f"{feature.id}/evidence", limit=2, **query)
    while True:
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        page = got(client, f"{feature.id}/evidence", limit=2, cursor=page["next_cursor"], **query)


@pytest.fixture
def sso(make: Make) -> Feature:
    """A feature that accounts of all kinds want, some of them twice, some through a merged one."""
    feature, alias = make.feature(title="SSO"), make.feature(title="SAML")
    alias.merged_into = feature.id
    make.session.add(alias)
    make.session.commit()
    today = utc_today()
    accounts: list[Account] = [
        make.customer("100.10", segment="smb", industry="Banking", region="EMEA", tags=["gdpr"]),
        make.customer("20.02", segment="enterprise", industry="Energy", tags=["hipaa", "gdpr"]),
        make.customer(None, segment="smb"),
        make.account(region="EMEA"),
        make.customer("9.00", lifecycle="churned"),
    ]
    deal = make.opportunity(accounts[3], amount={"amount": "55.50", "currency": "USD"})
    for number, account in enumerate(accounts):
        make.ask(account, feature, asked_on=today - timedelta(days=number), importance="blocker")
    make.ask(accounts[0], alias, importance="nice_to_have")
    make.ask(accounts[3], feature, opportunity_id=deal.id)
    gone = make.ask(accounts[1], feature)
    asks.withdraw_ask(make.session, make.boss, make.policy, gone.id, "By mistake.")
    make.session.commit()
    make.response(make.ask(accounts[1], feature))
    return feature


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"segment": "smb"},
        {"industry": ["Banking", "Energy"]},
        {"region": "EMEA"},
        {"tag": "hipaa"},
        {"tag": ["gdpr", "hipaa"]},
        {"tag": "none has it"},
        {"lifecycle": ["customer", "churned"]},
        {"importance": "blocker"},
        {"asked_since": (utc_today() - timedelta(days=2)).isoformat()},
        {"asked_until": (utc_today() - timedelta(days=2)).isoformat()},
        {"segment": "smb", "importance": "nice_to_have"},
    ],
)
def test_evidence_adds_up_to_the_numbers(
    se: TestClient, sso: Feature, query: dict[str, Any]
) -> None:
    item, evidence = got(se, str(sso.id), **query), behind(se, sso, **query)

    paying = {
        each["account"]["id"]: each["arr"]
        for each in evidence
        if each["account"]["lifecycle"] == "customer"
    }
    known = [Decimal(arr["amount"]) for arr in paying.values() if arr is not None]
    asking = {each["account"]["id"]: each["account"]["lifecycle"] for each in evidence}
    assert item["asks"] == len(evidence)
    assert item["unanswered"] == sum(each["response_kind"] is None for each in evidence)
    assert item["customers"]["accounts"] == len(paying)
    assert Decimal(item["customers"]["arr"]["amount"]) == sum(known, Decimal(0))
    assert item["customers"]["arr_unknown"] == len(paying) - len(known)
    assert item["prospects"]["accounts"] == [*asking.values()].count("prospect")
    assert item["churned"]["accounts"] == [*asking.values()].count("churned")


def test_the_whole_evidence_is_every_ask_that_stands(se: TestClient, sso: Feature) -> None:
    evidence = behind(se, sso)

    assert len(evidence) == len({each["ask_id"] for each in evidence}) == 8
    assert [each["ask_id"] for each in evidence] == sorted(
        (each["ask_id"] for each in evidence), reverse=True
    )


def test_a_deal_stands_beside_the_ask_that_names_it(se: TestClient, sso: Feature) -> None:
    deals = [each["opportunity"] for each in behind(se, sso) if each["opportunity"] is not None]

    assert [deal["amount"] for deal in deals] == [{"amount": "55.50", "currency": "USD"}]


def test_a_merged_feature_gives_the_numbers_and_evidence_of_the_one_that_remains(
    se: TestClient, make: Make, sso: Feature
) -> None:
    alias = make.feature()
    alias.merged_into = sso.id
    make.session.add(alias)
    make.session.commit()

    assert got(se, str(alias.id)) == got(se, str(sso.id))
    assert behind(se, alias) == behind(se, sso)


def test_a_feature_says_the_same_as_its_row_in_the_report(se: TestClient, sso: Feature) -> None:
    (row,) = se.get(DEMAND).json()["items"]

    detail = got(se, str(sso.id))

    assert {name: detail[name] for name in row} == row


def test_segments_are_those_of_live_accounts(se: TestClient, sso: Feature, make: Make) -> None:
    make.customer("5.00", segment="smb")

    parts = got(se, str(sso.id))["by_segment"]

    assert [(each["value"], each["live_accounts"], each["asking"]) for each in parts] == [
        ("smb", 3, 2),
        ("enterprise", 1, 1),
    ]
    assert parts[0]["share"] == 0.6667
    assert parts[0]["arr"] == {"amount": "105.10", "currency": "USD"}
    assert parts[0]["arr_asking"] == {"amount": "100.10", "currency": "USD"}
    assert parts[0]["heard_from"] == 0.6667


def test_values_with_as_many_accounts_come_by_name(se: TestClient, make: Make) -> None:
    feature = make.feature()
    for industry in ("Energy", "Banking", "Chemistry"):
        make.ask(make.customer(industry=industry), feature)

    parts = got(se, str(feature.id))["by_industry"]

    assert [each["value"] for each in parts] == ["Banking", "Chemistry", "Energy"]


def test_months_end_with_the_present_one(se: TestClient, sso: Feature) -> None:
    months = got(se, str(sso.id))["by_month"]

    assert len(months) == 12
    assert months[-1]["month"] == f"{utc_today():%Y-%m}"
    assert sum(each["new_customers"] for each in months) == 3
    assert sum(each["new_prospects"] for each in months) == 1


def test_a_feature_nobody_asks_for_has_a_row_of_zeros(se: TestClient, make: Make) -> None:
    detail = got(se, str(make.feature().id))

    assert (detail["asks"], detail["largest_account"], detail["last_asked_on"]) == (0, None, None)
    assert detail["by_segment"] == []


@pytest.mark.parametrize("path", ["", "/evidence"])
def test_filters_of_features_are_none_of_one_feature(se: TestClient, make: Make, path: str) -> None:
    answer = se.get(f"{DEMAND}/{make.feature().id}{path}", params={"feature_status": "planned"})

    assert answer.status_code == 422
