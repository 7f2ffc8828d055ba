"""GET /demand: filters, order, pages, totals, evidence, and who may read it."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from models.account import Account
from models.base import utc_today
from models.demand import DemandDetail, DemandReport, Evidence
from models.page import Page
from models.user import Role, Scope
from services.demand import DemandOrder
from tests.conftest import As
from tests.factories import Make

DEMAND = "/api/v1/demand"
NOWHERE = "01990000-0000-7000-8000-000000000000"


def got(client: TestClient, path: str = "", **query: Any) -> Any:
    answer = client.get(DEMAND + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def titles(report: Any) -> list[str]:
    return [item["feature"]["title"] for item in report["items"]]


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


@pytest.fixture
def market(make: Make) -> dict[str, Account]:
    """Accounts of every kind that want single sign-on, an audit log and an export."""
    accounts = {
        "big": make.customer(
            "600000.10", name="Big", segment="enterprise", industry="Banking", region="EMEA",
            tags=["gdpr", "hipaa"],
        ),
        "small": make.customer(
            "1000.00", name="Small", segment="smb", industry="Energy", region="APAC", tags=["gdpr"]
        ),
        "euro": make.account(
            name="Euro", lifecycle="customer", arr={"amount": "70", "currency": "EUR"}
        ),
        "unknown": make.customer(None, name="Unknown", segment="smb"),
        "lead": make.account(name="Lead", industry="Banking"),
        "gone": make.customer("5000.00", name="Gone", lifecycle="churned", region="EMEA"),
    }  # fmt: skip
    product, other = make.product(name="Main"), make.product(name="Other")
    sso = make.planned(title="SSO", product_id=product.id, demand_bar={"accounts": 3})
    audit = make.feature(title="Audit", product_id=product.id)
    export = make.feature(title="Export", product_id=other.id)
    make.feature(title="Unasked", product_id=product.id)
    deal = make.opportunity(accounts["lead"], amount=usd("100.01"), probability="0.5")
    today = utc_today()
    for account in accounts.values():
        make.ask(account, sso, asked_on=today - timedelta(days=10))
    make.ask(accounts["big"], audit, importance="blocker", asked_on=today - timedelta(days=100))
    make.ask(accounts["small"], export, importance="nice_to_have", asked_on=today)
    make.ask(accounts["lead"], audit, importance="blocker", opportunity_id=deal.id)
    make.ask(accounts["lead"], export, opportunity_id=deal.id)
    make.ask(accounts["big"], product_id=product.id)
    return accounts


def undeclared(shape: Any, sent: Any, at: str = "") -> list[str]:
    """The fields in `sent` that its validated shape does not have."""
    if isinstance(shape, BaseModel):
        fields = type(shape).model_fields
        return [f"{at}.{name}" for name in sent if name not in fields] + [
            found for name in fields for found in
            undeclared(getattr(shape, name), sent[name], f"{at}.{name}")
        ]  # fmt: skip
    if isinstance(shape, list):
        pairs = zip(shape, sent, strict=True)
        return [found for one, part in pairs for found in undeclared(one, part, f"{at}[]")]
    return []


@pytest.mark.usefixtures("market")
def test_a_report_has_exactly_the_fields_that_are_declared(se: TestClient) -> None:
    sent = got(se, include_empty=True)

    assert undeclared(DemandReport.model_validate(sent), sent) == []


@pytest.mark.usefixtures("market")
def test_a_feature_has_exactly_the_fields_that_are_declared(se: TestClient) -> None:
    key = got(se)["items"][0]["feature"]["id"]

    detail, evidence = got(se, f"/{key}"), got(se, f"/{key}/evidence")

    assert undeclared(DemandDetail.model_validate(detail), detail) == []
    assert undeclared(Page[Evidence].model_validate(evidence), evidence) == []


@pytest.mark.usefixtures("market")
def test_a_row_says_what_is_wanted_by_whom(se: TestClient) -> None:
    sso = got(se)["items"][0]

    assert (sso["feature"]["title"], sso["asks"], sso["unanswered"]) == ("SSO", 6, 6)
    assert sso["customers"]["accounts"] == 4
    assert sso["customers"]["arr"] == usd("601000.10")
    assert sso["customers"]["arr_unknown"] == 1
    assert sso["customers"]["unconverted"] == [{"amount": "70.00", "currency": "EUR"}]
    assert (sso["prospects"]["accounts"], sso["churned"]["accounts"]) == (1, 1)
    assert sso["bar"] == {"accounts": 3, "arr": None, "reached": True}
    assert sso["largest_account"]["name"] == "Big"
    assert sso["largest_account"]["flagged"] is True


@pytest.mark.usefixtures("market")
def test_totals_count_an_account_and_a_deal_once(se: TestClient) -> None:
    totals = got(se)["totals"]

    assert (totals["asks"], totals["untriaged"], totals["withdrawn"]) == (10, 1, 0)
    assert totals["customers"]["arr"] == usd("601000.10")
    assert totals["prospects"]["pipeline"] == usd("100.01")
    assert totals["prospects"]["weighted_pipeline"] == usd("50.00")
    assert totals["prospects"]["apportioned_pipeline"] == usd("100.01")


@pytest.mark.parametrize(
    ("query", "asking"),
    [
        ({"segment": "enterprise"}, {"SSO": 1, "Audit": 1}),
        ({"segment": ["enterprise", "smb"]}, {"SSO": 3, "Audit": 1, "Export": 1}),
        ({"industry": "Banking"}, {"SSO": 2, "Audit": 2, "Export": 1}),
        ({"industry": "No such"}, {}),
        ({"region": "EMEA"}, {"SSO": 2, "Audit": 1}),
        ({"region": ["EMEA", "APAC"]}, {"SSO": 3, "Audit": 1, "Export": 1}),
        ({"tag": "hipaa"}, {"SSO": 1, "Audit": 1}),
        ({"tag": ["hipaa", "gdpr"]}, {"SSO": 2, "Audit": 1, "Export": 1}),
        ({"lifecycle": "churned"}, {"SSO": 1}),
        ({"lifecycle": ["prospect", "churned"]}, {"SSO": 2, "Audit": 1, "Export": 1}),
        ({"importance": "blocker"}, {"Audit": 2}),
        ({"importance": ["blocker", "nice_to_have"]}, {"Audit": 2, "Export": 1}),
        ({"feature_status": "planned"}, {"SSO": 6}),
        ({"feature_status": ["planned", "candidate"]}, {"SSO": 6, "Audit": 2, "Export": 2}),
        ({"segment": "enterprise", "importance": "blocker"}, {"Audit": 1}),
    ],
)
@pytest.mark.usefixtures("market")
def test_a_filter_lets_through_what_it_names(
    se: TestClient, query: dict[str, Any], asking: dict[str, int]
) -> None:
    report = got(se, **query)

    assert {item["feature"]["title"]: item["asks"] for item in report["items"]} == asking
    assert report["totals"]["asks"] == sum(asking.values())


@pytest.mark.usefixtures("market")
def test_the_days_of_a_filter_are_both_included(se: TestClient) -> None:
    day = (utc_today() - timedelta(days=100)).isoformat()

    report = got(se, asked_since=day, asked_until=day)

    assert [(item["feature"]["title"], item["asks"]) for item in report["items"]] == [("Audit", 1)]


@pytest.mark.usefixtures("market")
def test_a_product_filter_is_about_that_product_alone(se: TestClient, make: Make) -> None:
    (product,) = (
        each["id"] for each in se.get("/api/v1/products").json()["items"] if each["name"] == "Other"
    )
    lost_to = make.feature(title="Lost here").id  # of the first product
    make.opportunity(make.customer(), outcome="lost", lost_to_feature_id=lost_to, amount=usd("9"))

    report = got(se, product_id=product)

    assert titles(report) == ["Export"]
    assert (report["totals"]["asks"], report["totals"]["untriaged"]) == (2, 0)
    assert report["totals"]["lost"]["opportunities"] == 0


@pytest.mark.usefixtures("market")
def test_features_nobody_asks_for_are_listed_on_request(se: TestClient) -> None:
    assert "Unasked" not in titles(got(se))
    assert "Unasked" in titles(got(se, include_empty=True))


@pytest.mark.parametrize("status", ["candidate", "shipped"])
def test_before_the_first_feature_every_filter_gives_nothing(se: TestClient, status: str) -> None:
    report = got(se, feature_status=status, tag="gdpr", industry="x", product_id=NOWHERE)

    assert (report["items"], report["totals"]["asks"]) == ([], 0)


def test_the_bar_looks_at_all_live_customers_whatever_the_filters(
    se: TestClient, market: dict[str, Account]
) -> None:
    (sso,) = got(se, segment=market["big"].segment, feature_status="planned")["items"]

    assert (sso["customers"]["accounts"], sso["bar"]["reached"]) == (1, True)


def _key(item: Any, name: str) -> Any:
    found: dict[str, Any] = {
        "customer_arr": float(item["customers"]["arr"]["amount"]),
        "customers": item["customers"]["accounts"],
        "prospects": item["prospects"]["accounts"],
        "pipeline": float(item["prospects"]["pipeline"]["amount"]),
        "weighted_pipeline": float(item["prospects"]["weighted_pipeline"]["amount"]),
        "asks": item["asks"],
        "unanswered": item["unanswered"],
        "blockers": sum(item["blockers"].values()),
        "held": float(item["held"]["amount"]["amount"]),
        "last_asked_on": item["last_asked_on"] or "",
    }
    return found[name]


@pytest.mark.parametrize("order", [*DemandOrder])
@pytest.mark.usefixtures("market")
def test_rows_come_in_the_order_that_is_asked_for(se: TestClient, order: str) -> None:
    items = got(se, sort=order, include_empty=True)["items"]

    name, falling = order.removeprefix("-"), order.startswith("-")
    by_id = sorted(items, key=lambda item: str(item["feature"]["id"]))
    expected = sorted(by_id, key=lambda item: _key(item, name), reverse=falling)
    keys = [_key(item, name) for item in items]
    assert keys == [_key(item, name) for item in expected]
    for one, two in pairwise(items):
        assert _key(one, name) != _key(two, name) or one["feature"]["id"] < two["feature"]["id"]


@pytest.mark.parametrize("order", ["-customer_arr", "blockers", "-last_asked_on"])
@pytest.mark.parametrize("limit", [1, 3, 200])
def test_all_pages_together_hold_each_feature_once(
    se: TestClient, make: Make, order: str, limit: int
) -> None:
    account = make.customer()
    expected = [make.feature() for _ in range(7)]
    for feature in expected[:4]:
        make.ask(account, feature)
    query: dict[str, Any] = {"sort": order, "limit": limit, "include_empty": True}

    seen: list[str] = []
    page = got(se, **query)
    while True:
        seen += [item["feature"]["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = got(se, **query, cursor=page["next_cursor"])

    assert sorted(seen) == sorted(str(feature.id) for feature in expected)


@pytest.mark.usefixtures("market")
def test_a_cursor_of_another_order_is_refused(se: TestClient) -> None:
    cursor = got(se, limit=1)["next_cursor"]

    answer = se.get(DEMAND, params={"sort": "asks", "cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["query", "cursor"]


# They hold null, ["a", "b"], ["-customer_arr", "a", "b"] and ["-customer_arr", 1, null].
@pytest.mark.parametrize(
    "cursor",
    ["bnVsbA", "WyJhIiwgImIiXQ", "WyItY3VzdG9tZXJfYXJyIiwgImEiLCAiYiJd",
     "WyItY3VzdG9tZXJfYXJyIiwgMSwgbnVsbF0", "%%%"],
)  # fmt: skip
@pytest.mark.usefixtures("market")
def test_a_made_up_cursor_is_refused(se: TestClient, cursor: str) -> None:
    answer = se.get(DEMAND, params={"cursor": cursor})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")


@pytest.mark.parametrize("name", ["as_of", "currency", "segmnt", "q"])
def test_an_unknown_parameter_is_refused(se: TestClient, name: str) -> None:
    answer = se.get(DEMAND, params={name: "x"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["query", name]


@pytest.mark.parametrize(
    ("name", "value"),
    [("segment", "huge"), ("lifecycle", "x"), ("importance", "5"), ("sort", "title"),
     ("format", "pdf"), ("limit", "0"), ("limit", "201"), ("asked_since", "yesterday"),
     ("product_id", "7"), ("feature_status", "maybe")],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused_by_name(
    se: TestClient, name: str, value: str
) -> None:
    answer = se.get(DEMAND, params={name: value})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][:2] == ["query", name]


@pytest.mark.parametrize("role", [*Role])
def test_every_role_may_read_demand(client_as: As, role: Role) -> None:
    assert client_as(role).get(DEMAND).status_code == 200


@pytest.mark.parametrize("path", ["", f"/{NOWHERE}", f"/{NOWHERE}/evidence"])
def test_a_key_without_the_scope_may_not_read_demand(client_as: As, path: str) -> None:
    answer = client_as(Role.pm, Scope.asks_read).get(DEMAND + path)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_nobody_may_not_read_demand(anybody: TestClient) -> None:
    assert anybody.get(DEMAND).status_code == 401


@pytest.mark.parametrize("path", [f"/{NOWHERE}", f"/{NOWHERE}/evidence"])
def test_a_feature_that_is_not_there_is_not_found(se: TestClient, path: str) -> None:
    assert se.get(DEMAND + path).status_code == 404


def test_an_ask_is_in_the_report_as_soon_as_it_is_acknowledged(se: TestClient, make: Make) -> None:
    feature, account = make.feature(), make.customer()
    got(se)

    logged = se.post(
        "/api/v1/asks",
        json={"account": {"id": str(account.id)}, "title": "It", "feature_id": str(feature.id)},
    )

    assert logged.status_code == 201
    assert got(se)["items"][0]["asks"] == 1


def test_a_future_day_of_the_far_east_is_a_recent_ask(se: TestClient, make: Make) -> None:
    make.ask(make.customer(), make.feature(), asked_on=utc_today() + timedelta(days=1))

    (item,) = got(se)["items"]

    assert item["trend"] == {"last_90_days": 1, "previous_90_days": 0, "direction": None}


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(9999, 12, 31)])
@pytest.mark.usefixtures("market")
def test_a_day_long_ago_or_far_ahead_is_no_error(se: TestClient, day: date) -> None:
    assert got(se, asked_until=day.isoformat())["currency"] == "USD"
