"""Opportunities: deals, and what it was that lost them."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.factories import Make

DEALS = "/api/v1/opportunities"
ANY = {"If-Match": "*"}


@pytest.fixture
def deal(make: Make) -> dict[str, Any]:
    """What is needed of a deal."""
    return {"account_id": str(make.account().id), "name": "Renewal 2027"}


class TestCreate:
    def test_needs_an_account_and_a_name(self, se: TestClient, deal: dict[str, Any]) -> None:
        made = se.post(DEALS, json=deal).json()

        assert made.pop("id")
        assert made == {
            **deal,
            "amount": None,
            "stage": None,
            "probability": None,
            "close_on": None,
            "outcome": "open",
            "lost_to_feature_id": None,
            "external_refs": [],
        }

    def test_keeps_all_that_is_said(self, se: TestClient, make: Make, deal: dict[str, Any]) -> None:
        whole = {
            **deal,
            "amount": {"amount": "1234567.8", "currency": "BHD"},
            "stage": "Proposal",
            "probability": "0.25",
            "close_on": "2027-03-31",
            "outcome": "lost",
            "lost_to_feature_id": str(make.feature().id),
            "external_refs": [{"source": "hubspot", "id": "7"}],
        }

        answer = se.post(DEALS, json=whole)

        kept = whole | {"amount": {"amount": "1234567.800", "currency": "BHD"}}
        assert se.get(answer.headers["Location"]).json() == kept | {"id": answer.json()["id"]}

    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("0.1", "0.1"),
            (0.7, "0.7"),
            ("0.333333", "0.333333"),
            (0.000001, "0.000001"),
            (0, "0"),
            (1, "1"),
            (1.0, "1"),
            ("1.000000", "1"),
            ("0.50", "0.5"),
        ],
    )
    def test_a_probability_is_kept_exactly(
        self, se: TestClient, deal: dict[str, Any], said: Any, kept: str
    ) -> None:
        made = se.post(DEALS, json=deal | {"probability": said})

        assert made.json()["probability"] == kept

    @pytest.mark.parametrize(
        "said",
        [
            -0.1,
            1.000001,
            "1.1",
            0.1234567,
            "0.1000000000000000000000000000000000001",
            "1e-1",
            "0_1",
            "\u0660.\u0665",
            " 0.5",
            "25 %",
            "NaN",
            "1e999999999",
            "",
            True,
            [],
            {"value": 1},
            "9" * 100_000,
        ],
    )
    def test_what_is_no_probability_is_refused_in_few_words(
        self, se: TestClient, deal: dict[str, Any], said: Any
    ) -> None:
        answer = se.post(DEALS, json=deal | {"probability": said})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "probability"]
        assert len(answer.content) < 1000

    @pytest.mark.parametrize("field", ["account_id", "lost_to_feature_id"])
    def test_what_it_names_must_be_there(
        self, se: TestClient, deal: dict[str, Any], field: str
    ) -> None:
        answer = se.post(DEALS, json=deal | {"outcome": "lost", field: str(uuid4())})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", field]
        assert answer.json()["errors"][0]["type"] == "unknown_id"

    @pytest.mark.parametrize("outcome", ["open", "won"])
    def test_only_what_is_lost_is_lost_to_a_feature(
        self, se: TestClient, make: Make, deal: dict[str, Any], outcome: str
    ) -> None:
        lost_to = {"outcome": outcome, "lost_to_feature_id": str(make.feature().id)}

        answer = se.post(DEALS, json=deal | lost_to)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "lost_to_feature_id"]

    def test_a_deal_of_a_merged_account_is_of_the_one_that_remains(
        self, se: TestClient, make: Make
    ) -> None:
        gone, rest = make.account(), make.account()
        se.post(f"/api/v1/accounts/{gone.id}/merge", json={"into": str(rest.id)})

        made = se.post(DEALS, json={"account_id": str(gone.id), "name": "Renewal"})

        assert made.json()["account_id"] == str(rest.id)

    def test_a_reference_names_one(self, se: TestClient, deal: dict[str, Any]) -> None:
        refs = {"external_refs": [{"source": "hubspot", "id": "7"}]}
        se.post(DEALS, json=deal | refs)

        answer = se.post(DEALS, json=deal | refs)

        assert answer.json()["type"] == "/problems/reference-taken"


class TestList:
    def test_filters(self, se: TestClient, make: Make) -> None:
        acme, bolt = make.account(), make.account()
        first = make.opportunity(acme, outcome="won")
        second = make.opportunity(acme)
        third = make.opportunity(bolt)

        def listed(**query: Any) -> list[str]:
            return [each["id"] for each in se.get(DEALS, params=query).json()["items"]]

        assert listed() == [str(first.id), str(second.id), str(third.id)]
        assert listed(account_id=acme.id) == [str(first.id), str(second.id)]
        assert listed(account_id=[acme.id, bolt.id], outcome="open") == [
            str(second.id),
            str(third.id),
        ]


class TestChange:
    def test_what_is_left_out_stays(self, se: TestClient, deal: dict[str, Any]) -> None:
        made = se.post(DEALS, json=deal | {"probability": "0.25", "stage": "Proposal"})

        answer = se.patch(
            made.headers["Location"], json={"stage": "Legal"}, headers={"If-Match": '"1"'}
        )

        assert answer.json() == {**made.json(), "stage": "Legal"}
        assert answer.headers["ETag"] == '"2"'

    def test_lost_to_what(self, se: TestClient, make: Make) -> None:
        deal, feature = make.opportunity(), make.feature()
        change = {"outcome": "lost", "lost_to_feature_id": str(feature.id)}

        answer = se.patch(f"{DEALS}/{deal.id}", json=change, headers=ANY)

        assert answer.json()["lost_to_feature_id"] == str(feature.id)

    def test_what_is_won_after_all_is_lost_to_nothing(self, se: TestClient, make: Make) -> None:
        deal = make.opportunity(outcome="lost", lost_to_feature_id=make.feature().id)

        half = se.patch(f"{DEALS}/{deal.id}", json={"outcome": "won"}, headers=ANY)
        whole = se.patch(
            f"{DEALS}/{deal.id}",
            json={"outcome": "won", "lost_to_feature_id": None},
            headers=ANY,
        )

        assert half.status_code == 422
        assert (whole.status_code, whole.json()["outcome"]) == (200, "won")

    @pytest.mark.parametrize("field", ["name", "outcome", "external_refs"])
    def test_nothing_needed_becomes_null(self, se: TestClient, make: Make, field: str) -> None:
        answer = se.patch(f"{DEALS}/{make.opportunity().id}", json={field: None}, headers=ANY)

        assert answer.status_code == 422

    def test_it_stays_with_its_account(self, se: TestClient, make: Make) -> None:
        deal, other = make.opportunity(), make.account()

        answer = se.patch(f"{DEALS}/{deal.id}", json={"account_id": str(other.id)}, headers=ANY)

        assert answer.status_code == 422


class TestByReference:
    URL = f"{DEALS}/by-ref/hubspot/7"

    def test_makes_and_then_changes(self, se: TestClient, deal: dict[str, Any]) -> None:
        made = se.put(self.URL, json=deal)
        changed = se.put(self.URL, json={"probability": "0.9"})
        same = se.put(self.URL, json=deal)

        assert [each.status_code for each in (made, changed, same)] == [201, 200, 200]
        assert same.json() == {**made.json(), "probability": "0.9"}
        assert se.get(made.headers["Location"]).json() == same.json()

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": "Renewal"}, "account_id"),
            ({"name": "Renewal", "account_id": None}, "account_id"),
        ],
    )
    def test_a_new_one_needs_an_account(
        self, se: TestClient, change: dict[str, Any], field: str
    ) -> None:
        answer = se.put(self.URL, json=change)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", field]

    def test_a_new_one_needs_a_name(self, se: TestClient, deal: dict[str, Any]) -> None:
        answer = se.put(self.URL, json={"account_id": deal["account_id"]})

        assert answer.json()["errors"][0]["loc"] == ["body", "name"]

    def test_does_not_move_a_deal(self, se: TestClient, make: Make, deal: dict[str, Any]) -> None:
        se.put(self.URL, json=deal)

        answer = se.put(self.URL, json={"account_id": str(make.account().id)})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "account_id"]
