"""Features: what might be built, and what became of it."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.factories import Make

FEATURES = "/api/v1/features"
ANY = {"If-Match": "*"}
TARGET = {"target_on": "2027-03-01"}


class TestCreate:
    def test_needs_a_product_and_a_title(self, pm: TestClient, make: Make) -> None:
        said = {"product_id": str(make.product().id), "title": "SSO"}

        made = pm.post(FEATURES, json=said).json()

        assert made.pop("id")
        assert made == {
            **said,
            "description": None,
            "status": "candidate",
            "decline_reason": None,
            "target_on": None,
            "owner_email": None,
            "shareable": False,
            "public_title": None,
            "demand_bar": None,
            "bar_reason": None,
            "area": None,
            "merged_into": None,
        }

    def test_keeps_all_that_is_said(self, pm: TestClient, make: Make) -> None:
        said = {
            "product_id": str(make.product().id),
            "title": "SSO",
            "description": "SAML first.\nThen OIDC.",
            "status": "planned",
            "decline_reason": "It was declined once.",
            "target_on": "2027-03-01",
            "owner_email": "pm@nomaybe.example",
            "shareable": True,
            "public_title": "Single sign-on",
            "demand_bar": {"accounts": 3, "arr": None},
            "bar_reason": "It is dear to build.",
            "area": "Security",
        }

        answer = pm.post(FEATURES, json=said)

        found = pm.get(answer.headers["Location"])
        assert found.json() == {**said, "id": answer.json()["id"], "merged_into": None}
        assert found.headers["ETag"] == '"1"'

    @pytest.mark.parametrize(
        ("status", "needed"),
        [
            ("planned", "target_on"),
            ("in_progress", "target_on"),
            ("declined", "decline_reason"),
        ],
    )
    def test_a_status_comes_with_what_it_rests_on(
        self, pm: TestClient, make: Make, status: str, needed: str
    ) -> None:
        said = {"product_id": str(make.product().id), "title": "SSO", "status": status}

        answer = pm.post(FEATURES, json=said)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", needed]

    def test_the_product_must_be_there(self, pm: TestClient) -> None:
        answer = pm.post(FEATURES, json={"product_id": str(uuid4()), "title": "SSO"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["type"] == "unknown_id"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", "  "),
            ("title", "two\nlines"),
            ("title", "\u202eexe.SSO"),
            ("title", "\u200b"),
            ("status", "maybe"),
            ("shareable", "yes"),
            ("shareable", 1),
            ("target_on", 1803859200),
            ("target_on", "2027-02-30"),
            ("merged_into", None),
        ],
    )
    def test_a_wrong_field_is_named(
        self, pm: TestClient, make: Make, field: str, value: Any
    ) -> None:
        said = {"product_id": str(make.product().id), "title": "SSO", field: value}

        answer = pm.post(FEATURES, json=said)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", field]


class TestList:
    def test_filters(self, pm: TestClient, make: Make) -> None:
        desk, line = make.product(), make.product()
        sso = make.feature(product_id=desk.id, title="SSO", shareable=True)
        make.planned(product_id=desk.id, title="Audit log")
        make.feature(product_id=line.id, title="Export")
        saml = make.feature(product_id=desk.id, title="SAML")
        pm.post(f"{FEATURES}/{saml.id}/merge", json={"into": str(sso.id)})

        def listed(**query: Any) -> list[str]:
            return [each["title"] for each in pm.get(FEATURES, params=query).json()["items"]]

        assert listed() == ["SSO", "Audit log", "Export"]
        assert listed(product_id=desk.id) == ["SSO", "Audit log"]
        assert listed(product_id=[desk.id, line.id], status="planned") == ["Audit log"]
        assert listed(shareable=True) == ["SSO"]
        assert listed(shareable=False) == ["Audit log", "Export"]
        assert listed(merged=True) == ["SAML"]

    def test_those_whose_bar_was_reached_until_they_are_decided(
        self, pm: TestClient, make: Make
    ) -> None:
        sso = make.feature(title="SSO", demand_bar={"accounts": 1})
        make.feature(title="Export", demand_bar={"accounts": 1})
        make.ask(make.customer(), sso)

        def listed(*, reached: bool) -> list[str]:
            found = pm.get(FEATURES, params={"bar_reached": reached}).json()["items"]
            return [each["title"] for each in found]

        assert (listed(reached=True), listed(reached=False)) == (["SSO"], ["Export"])

        plan = {"status": "planned"} | TARGET
        assert pm.patch(f"{FEATURES}/{sso.id}", json=plan, headers=ANY).status_code == 200
        assert (listed(reached=True), listed(reached=False)) == ([], ["SSO", "Export"])


class TestSimilar:
    def test_best_first(self, pm: TestClient, make: Make) -> None:
        for title in ("Audit log", "Single sign-on with SAML", "Export to CSV"):
            make.feature(title=title)

        found = pm.get(f"{FEATURES}/similar", params={"q": "SAML single sign-on"}).json()["items"]

        assert found[0]["title"] == "Single sign-on with SAML"

    def test_a_search_needs_words(self, pm: TestClient) -> None:
        assert pm.get(f"{FEATURES}/similar").status_code == 422
        assert pm.get(f"{FEATURES}/similar", params={"q": " "}).status_code == 422


class TestChange:
    def test_what_is_left_out_stays(self, pm: TestClient, make: Make) -> None:
        feature = make.planned(area="Security", demand_bar={"accounts": 3})
        before = pm.get(f"{FEATURES}/{feature.id}").json()

        answer = pm.patch(
            f"{FEATURES}/{feature.id}", json={"title": "SSO"}, headers={"If-Match": '"1"'}
        )

        assert answer.json() == {**before, "title": "SSO"}
        assert answer.headers["ETag"] == '"2"'

    @pytest.mark.parametrize(
        ("change", "needed"),
        [
            ({"status": "planned"}, "target_on"),
            ({"status": "declined"}, "decline_reason"),
            ({"status": "declined", "decline_reason": None}, "decline_reason"),
        ],
    )
    def test_a_status_comes_with_what_it_rests_on(
        self, pm: TestClient, make: Make, change: dict[str, Any], needed: str
    ) -> None:
        answer = pm.patch(f"{FEATURES}/{make.feature().id}", json=change, headers=ANY)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", needed]

    def test_what_is_planned_keeps_a_target(self, pm: TestClient, make: Make) -> None:
        feature = make.planned()

        answer = pm.patch(f"{FEATURES}/{feature.id}", json={"target_on": None}, headers=ANY)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "target_on"]

    def test_it_stays_with_its_product(self, pm: TestClient, make: Make) -> None:
        answer = pm.patch(
            f"{FEATURES}/{make.feature().id}",
            json={"product_id": str(make.product().id)},
            headers=ANY,
        )

        assert answer.status_code == 422

    @pytest.mark.parametrize("field", ["title", "status", "shareable"])
    def test_nothing_needed_becomes_null(self, pm: TestClient, make: Make, field: str) -> None:
        answer = pm.patch(f"{FEATURES}/{make.feature().id}", json={field: None}, headers=ANY)

        assert answer.status_code == 422

    def test_no_promise_is_dropped_without_a_reason(self, pm: TestClient, make: Make) -> None:
        feature = make.planned()
        make.response(make.ask(make.customer(), feature), kind="yes", basis="committed")
        declined = {"status": "declined", "decline_reason": "Too dear."}

        refused = pm.patch(f"{FEATURES}/{feature.id}", json=declined, headers=ANY)
        done = pm.patch(
            f"{FEATURES}/{feature.id}",
            json=declined | {"override_reason": "Told them all."},
            headers=ANY,
        )

        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/has-commitments"
        assert len(refused.json()["commitments"]) == 1
        assert (done.status_code, done.json()["status"]) == (200, "declined")


class TestMerge:
    def test_and_back_again(self, pm: TestClient, make: Make) -> None:
        product = make.product()
        gone, rest = (make.feature(product_id=product.id) for _each in range(2))
        before = pm.get(f"{FEATURES}/{gone.id}").json()

        merged = pm.post(f"{FEATURES}/{gone.id}/merge", json={"into": str(rest.id)})
        between = pm.get(f"{FEATURES}/{gone.id}").json()
        unmerged = pm.post(f"{FEATURES}/{gone.id}/unmerge")

        assert merged.json()["id"] == str(rest.id)
        assert between == {**before, "merged_into": str(rest.id)}
        assert (unmerged.status_code, unmerged.json()) == (200, before)

    def test_the_merged_one_is_changed_no_more(self, pm: TestClient, make: Make) -> None:
        product = make.product()
        gone, rest = (make.feature(product_id=product.id) for _each in range(2))
        pm.post(f"{FEATURES}/{gone.id}/merge", json={"into": str(rest.id)})

        again = [
            pm.patch(f"{FEATURES}/{gone.id}", json={"title": "New"}, headers=ANY),
            pm.post(f"{FEATURES}/{gone.id}/merge", json={"into": str(rest.id)}),
            pm.post(f"{FEATURES}/{rest.id}/merge", json={"into": str(gone.id)}),
        ]

        assert {each.json()["type"] for each in again} == {"/problems/merged"}

    def test_what_stands_by_itself_is_not_unmerged(self, pm: TestClient, make: Make) -> None:
        answer = pm.post(f"{FEATURES}/{make.feature().id}/unmerge")

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-merged")

    def test_not_into_itself_or_nothing_or_another_product(
        self, pm: TestClient, make: Make
    ) -> None:
        feature = make.feature()
        other = make.feature(product_id=make.product().id)

        for into in (feature.id, uuid4(), other.id):
            answer = pm.post(f"{FEATURES}/{feature.id}/merge", json={"into": str(into)})
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["loc"] == ["body", "into"]
