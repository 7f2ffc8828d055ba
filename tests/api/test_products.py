"""Products: what is sold, and the bar that its features have by default."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.factories import Make

PRODUCTS = "/api/v1/products"
BAR = {"accounts": 10, "arr": {"amount": "250000.00", "currency": "USD"}}


class TestCreate:
    def test_needs_only_a_name(self, pm: TestClient) -> None:
        answer = pm.post(PRODUCTS, json={"name": "Desk"})

        assert answer.status_code == 201
        assert answer.json() == {
            "id": answer.json()["id"],
            "name": "Desk",
            "maturity": "established",
            "demand_bar": None,
            "bar_reason": None,
        }

    def test_says_where_it_is_and_which_version(self, pm: TestClient) -> None:
        answer = pm.post(PRODUCTS, json={"name": "Desk"})

        found = pm.get(answer.headers["Location"])
        assert found.json() == answer.json()
        assert found.headers["ETag"] == answer.headers["ETag"] == '"1"'

    def test_keeps_all_that_is_said(self, pm: TestClient) -> None:
        said = {"name": "Desk", "maturity": "early", "demand_bar": BAR, "bar_reason": "We grew."}

        answer = pm.post(PRODUCTS, json=said)

        assert answer.json() == {**said, "id": answer.json()["id"]}

    def test_a_name_is_used_once(self, pm: TestClient, make: Make) -> None:
        make.product(name="Desk")

        answer = pm.post(PRODUCTS, json={"name": "Desk"})

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/name-taken"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", None),
            ("name", "x" * 201),
            ("maturity", "grown_up"),
            ("demand_bar", {}),
            ("demand_bar", {"accounts": 0}),
            ("demand_bar", {"accounts": "10"}),
            ("demand_bar", {"accounts": True}),
            ("demand_bar", {"accounts": 2**31}),
            ("demand_bar", {"arr": 250000.0}),
            ("demand_bar", {"arr": {"amount": 1.5, "currency": "USD"}}),
            ("demand_bar", {"arr": {"amount": "-1", "currency": "USD"}}),
            ("demand_bar", {"arr": {"amount": "1", "currency": "usd"}}),
            ("id", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ],
    )
    def test_a_wrong_field_is_named(self, pm: TestClient, field: str, value: Any) -> None:
        answer = pm.post(PRODUCTS, json={"name": "Desk", field: value})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"][:2] == ["body", field]


class TestRead:
    def test_lists_oldest_first(self, pm: TestClient, make: Make) -> None:
        made = [str(make.product().id) for _each in range(3)]

        assert [each["id"] for each in pm.get(PRODUCTS).json()["items"]] == made

    def test_one_that_is_not_there(self, pm: TestClient) -> None:
        answer = pm.get(f"{PRODUCTS}/01890a5d-ac96-774b-bcce-b302099a8057")

        assert answer.status_code == 404


class TestChange:
    def test_what_is_left_out_stays(self, pm: TestClient, make: Make) -> None:
        product = make.product(maturity="early", demand_bar=BAR)

        answer = pm.patch(
            f"{PRODUCTS}/{product.id}", json={"name": "New"}, headers={"If-Match": '"1"'}
        )

        assert answer.status_code == 200
        assert answer.json()["name"] == "New"
        assert answer.json()["maturity"] == "early"
        assert answer.json()["demand_bar"] == BAR

    def test_counts_the_version_up(self, pm: TestClient, make: Make) -> None:
        product = make.product()

        answer = pm.patch(
            f"{PRODUCTS}/{product.id}", json={"maturity": "early"}, headers={"If-Match": '"1"'}
        )

        assert answer.headers["ETag"] == '"2"'

    def test_nothing_new_is_no_new_version(self, pm: TestClient, make: Make) -> None:
        product = make.product(name="Desk")

        answer = pm.patch(
            f"{PRODUCTS}/{product.id}", json={"name": "Desk"}, headers={"If-Match": '"1"'}
        )

        assert answer.status_code == 200
        assert answer.headers["ETag"] == '"1"'

    def test_takes_the_bar_away(self, pm: TestClient, make: Make) -> None:
        product = make.product(demand_bar=BAR)

        answer = pm.patch(
            f"{PRODUCTS}/{product.id}", json={"demand_bar": None}, headers={"If-Match": "*"}
        )

        assert answer.json()["demand_bar"] is None

    def test_takes_no_name_of_another(self, pm: TestClient, make: Make) -> None:
        make.product(name="Desk")
        product = make.product()

        answer = pm.patch(
            f"{PRODUCTS}/{product.id}", json={"name": "Desk"}, headers={"If-Match": "*"}
        )

        assert answer.status_code == 409

    @pytest.mark.parametrize("field", ["name", "maturity"])
    def test_nothing_needed_becomes_null(self, pm: TestClient, make: Make, field: str) -> None:
        product = make.product()

        answer = pm.patch(f"{PRODUCTS}/{product.id}", json={field: None}, headers={"If-Match": "*"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", field]
