"""The brief for a call: what they asked, what they were told, what they were promised."""

from datetime import timedelta
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from models.account import Account
from models.base import utc_today
from tests.factories import Make

TOLD = {"contact": {"name": "Kim Roe"}, "channel": "call", "on": "2026-11-20"}


def brief(client: TestClient, account: Account) -> dict[str, list[dict[str, object]]]:
    """The brief of an account."""
    answer = client.get(f"/api/v1/accounts/{account.id}/brief")
    assert answer.status_code == 200, answer.text
    found: dict[str, list[dict[str, object]]] = answer.json()
    return found


@pytest.fixture
def acme(make: Make) -> Account:
    """An account that asked for several things."""
    return make.customer(name="Acme")


def ids(found: list[dict[str, object]]) -> list[object]:
    """The ids of what was found."""
    return [each["id"] for each in found]


def test_open_asks_with_their_age_oldest_first(se: TestClient, make: Make, acme: Account) -> None:
    today = utc_today()
    new = make.ask(acme, asked_on=today - timedelta(days=2))
    old = make.ask(acme, asked_on=today - timedelta(days=30))
    make.ask(make.customer())

    found = brief(se, acme)["open_asks"]

    assert ids(found) == [str(old.id), str(new.id)]
    assert [each["age_days"] for each in found] == [30, 2]


def test_who_was_told_and_who_was_not(se: TestClient, make: Make, acme: Account) -> None:
    told, untold = make.ask(acme), make.ask(acme)
    make.response(told, told=TOLD)
    make.response(untold)

    found = brief(se, acme)

    assert ids(found["answered_asks"]) == [str(untold.id), str(told.id)]
    assert ids(found["not_told"]) == [str(untold.id)]
    assert found["open_asks"] == []


def test_what_to_come_back_to(se: TestClient, make: Make, acme: Account) -> None:
    feature = make.feature(demand_bar={"accounts": 2})
    refused = make.ask(acme, feature)
    make.response(refused, basis="insufficient_demand")
    before = brief(se, acme)["to_revisit"]

    make.ask(make.customer(), feature)

    assert before == []
    assert ids(brief(se, acme)["to_revisit"]) == [str(refused.id)]


def test_promises_and_deals(se: TestClient, make: Make, acme: Account) -> None:
    deal = make.opportunity(acme)
    feature = make.planned()
    make.response(make.ask(acme, feature), kind="yes", basis="committed", contractual=True)

    found = brief(se, acme)

    assert [each["contractual"] for each in found["commitments"]] == [True]
    assert ids(found["opportunities"]) == [str(deal.id)]


def test_a_merged_account_gives_that_of_the_one_that_remains(
    se: TestClient, make: Make, acme: Account
) -> None:
    ask, rest = make.ask(acme), make.account(name="Rest")
    se.post(f"/api/v1/accounts/{acme.id}/merge", json={"into": str(rest.id)})

    found = se.get(f"/api/v1/accounts/{acme.id}/brief").json()

    assert found["account"]["name"] == "Rest"
    assert ids(found["open_asks"]) == [str(ask.id)]


def test_of_nobody_we_know(se: TestClient) -> None:
    assert se.get(f"/api/v1/accounts/{uuid4()}/brief").status_code == 404
