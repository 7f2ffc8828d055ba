"""Answers over HTTP: yes, no or ranked, never a maybe, and what was said stays said."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from models.ask import Ask
from models.base import new_id
from models.user import Role
from tests.conftest import As
from tests.factories import Make

NO = {"kind": "no", "basis": "not_planned"}
SHORT = {"kind": "no", "basis": "insufficient_demand"}
HEDGED = "Thanks for asking. We'll look into it."


def url(ask: Ask) -> str:
    """Where an ask is answered."""
    return f"/api/v1/asks/{ask.id}/responses"


class TestGiveResponse:
    def test_is_sent_whole_and_found_where_it_says(self, se: TestClient, make: Make) -> None:
        ask = make.ask()

        answer = se.post(url(ask), json={**NO, "message": "No, we do not plan it."})

        body = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/api/v1/responses/{body['id']}"
        assert se.get(answer.headers["Location"]).json() == body
        assert (body["kind"], body["basis"], body["ask_id"]) == ("no", "not_planned", str(ask.id))
        assert body["message"] == "No, we do not plan it."
        assert body["author"].endswith("@nomaybe.example")
        assert (body["supersedes"], body["supersedes_reason"]) == (None, None)
        assert set(body["evidence"]) == {
            "feature_status", "target_on", "live_accounts_asking", "live_accounts", "arr_asking",
            "bar",
        }  # fmt: skip

    def test_is_the_ask_s_current_one(self, se: TestClient, make: Make) -> None:
        ask = make.ask()

        given = se.post(url(ask), json=NO).json()

        seen = se.get(f"/api/v1/asks/{ask.id}").json()
        assert (seen["state"], seen["response"]) == ("answered", given)

    def test_an_order_is_sent_as_it_was_given(self, se: TestClient, make: Make) -> None:
        features = [make.feature(shareable=True) for _each in range(3)]
        order = [str(each.id) for each in reversed(features)]

        given = se.post(url(make.ask(feature=features[0])), json={"kind": "ranked", "order": order})

        assert given.status_code == 201
        assert (given.json()["order"], given.json()["basis"]) == (order, None)

    def test_a_promise_is_entered(self, se: TestClient, make: Make) -> None:
        ask = make.ask(feature=make.planned())
        yes = {
            "kind": "yes",
            "basis": "committed",
            "contractual": True,
            "contract_reference": "4.2",
        }

        given = se.post(url(ask), json=yes).json()

        ledger = se.get("/api/v1/commitments", params={"contractual": True}).json()["items"]
        assert [each["response_id"] for each in ledger] == [given["id"]]
        assert ledger[0]["state"] == "open"

    def test_all_of_them_are_listed_oldest_first(self, se: TestClient, make: Make) -> None:
        ask = make.ask()
        first = se.post(url(ask), json=NO).json()
        reason = {"supersedes_reason": "Out of scope, to be exact."}

        second = se.post(url(ask), json={"kind": "no", "basis": "out_of_scope", **reason}).json()

        assert se.get(url(ask)).json() == {"items": [first, second], "next_cursor": None}
        assert second["supersedes"] == first["id"]

    def test_an_override_is_kept(self, se: TestClient, make: Make) -> None:
        given = {**NO, "message": HEDGED, "hedge_override": "Their own lawyer's words."}

        answer = se.post(url(make.ask()), json=given)

        assert answer.status_code == 201
        assert answer.json()["hedge_override"] == "Their own lawyer's words."


class TestRefusals:
    @pytest.mark.parametrize("kind", ["maybe", "later", "YES", None, ["yes"], {}, 1])
    def test_there_is_no_maybe(self, kind: Any, se: TestClient, make: Make) -> None:
        answer = se.post(url(make.ask()), json={"kind": kind, "message": "Maybe."})

        body = answer.json()
        assert (answer.status_code, body["type"]) == (422, "/problems/invalid")
        assert "There is no maybe" in body["detail"]
        assert "`yes`, `no` or `ranked`" in body["detail"]

    def test_an_answer_without_a_kind_is_none(self, se: TestClient, make: Make) -> None:
        answer = se.post(url(make.ask()), json={"basis": "not_planned"})

        assert answer.status_code == 422
        assert "There is no maybe" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({**NO, "basis": "maybe"}, "basis"),
            ({**NO, "status": "maybe"}, "status"),
            ({**NO, "how": "Somehow"}, "how"),
            ({"kind": "yes", "basis": "not_planned"}, "basis"),
            ({"kind": "ranked", "order": ["x", "y", "z"]}, "order"),
            ({**NO, "message": "nul \u0000"}, "message"),
            ({**NO, "told": {"channel": "maybe", "on": "2026-11-20"}}, "channel"),
            ({**NO, "told": {"channel": "call", "on": "2999-01-01"}}, "on"),
        ],
    )
    def test_a_wrong_field_is_named(
        self, given: dict[str, Any], field: str, se: TestClient, make: Make
    ) -> None:
        answer = se.post(url(make.ask()), json=given)

        assert answer.status_code == 422
        assert field in answer.json()["errors"][0]["loc"]

    def test_a_hedge_is_pointed_at_and_a_straight_wording_offered(
        self, se: TestClient, make: Make
    ) -> None:
        answer = se.post(url(make.ask()), json={**NO, "message": HEDGED})

        body = answer.json()
        assert (answer.status_code, body["type"]) == (422, "/problems/hedged-message")
        span = body["errors"][0]
        assert span["phrase"] == HEDGED[span["start"] : span["end"]]
        assert span["suggestion"]
        assert span["loc"] == ["body", "message"]

    def test_the_straight_wording_names_the_facts(self, se: TestClient, make: Make) -> None:
        ask = make.ask(make.customer(), make.feature(demand_bar={"accounts": 3}))

        body = se.post(url(ask), json={**NO, "message": "It is on our radar."}).json()

        said = body["errors"][0]["suggestion"]
        assert said.endswith("1 of 1 live customers ask for it, and our bar is 3")

    @pytest.mark.parametrize(
        ("given", "feature", "status", "slug"),
        [
            ({"kind": "yes", "basis": "committed"}, {}, 409, "not-committed"),
            ({"kind": "yes", "basis": "available", "how": "so"}, {}, 409, "not-available"),
            (SHORT, {}, 409, "no-bar"),
            (SHORT, {"demand_bar": {"accounts": 1}}, 409, "demand-bar-reached"),
            (SHORT, None, 409, "untriaged"),
            ({"kind": "ranked", "order": []}, {}, 422, "not-a-strict-order"),
            (
                {**NO, "message": "Yes, it is in the product today."},
                {},
                422,
                "contradicting-message",
            ),
            ({**NO, "supersedes_reason": "Why?"}, {}, 422, "invalid"),
        ],
    )
    def test_each_has_its_slug(
        self,
        given: dict[str, Any],
        feature: dict[str, Any] | None,
        status: int,
        slug: str,
        se: TestClient,
        make: Make,
    ) -> None:
        ask = make.ask(make.customer(), None if feature is None else make.feature(**feature))

        answer = se.post(url(ask), json=given)

        body = answer.json()
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.status_code, body["status"]) == (status, status)
        assert body["type"] == f"/problems/{slug}"
        assert body["title"]
        assert se.get(f"/api/v1/asks/{ask.id}").json()["response"] is None

    def test_a_second_one_must_say_why(self, se: TestClient, make: Make) -> None:
        ask = make.ask()
        first = se.post(url(ask), json=NO).json()

        answer = se.post(url(ask), json=NO)

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-answered")
        assert first["id"] in answer.json()["detail"]

    def test_of_two_at_once_one_stands(self, se: TestClient, make: Make) -> None:
        ask = make.ask()
        with ThreadPoolExecutor(4) as many:
            answers = [*many.map(lambda _n: se.post(url(ask), json=NO), range(4))]

        assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
        assert {each.json()["type"] for each in answers if each.status_code == 409} == {
            "/problems/already-answered"
        }
        assert len(se.get(url(ask)).json()["items"]) == 1

    def test_of_two_changes_of_mind_at_once_both_stand_in_line(
        self, se: TestClient, make: Make
    ) -> None:
        ask = make.ask()
        make.response(ask)
        given = {**NO, "supersedes_reason": "Once more."}
        with ThreadPoolExecutor(3) as many:
            answers = [*many.map(lambda _n: se.post(url(ask), json=given), range(3))]

        line = se.get(url(ask)).json()["items"]
        assert [each.status_code for each in answers] == [201, 201, 201]
        assert [each["supersedes"] for each in line[1:]] == [each["id"] for each in line[:-1]]
        assert se.get(f"/api/v1/asks/{ask.id}").json()["response"]["id"] == line[-1]["id"]

    def test_only_who_may_answer(self, client_as: As, make: Make) -> None:
        manager = client_as(Role.account_manager)

        answer = manager.post(url(make.ask()), json=NO)

        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")

    @pytest.mark.parametrize("path", ["asks/{}/responses", "responses/{}"])
    def test_what_is_not_there(self, path: str, se: TestClient) -> None:
        assert se.get(f"/api/v1/{path.format(new_id())}").status_code == 404


class TestWhatWasSaidStaysSaid:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("path", ["responses/{response}", "asks/{ask}/responses"])
    def test_nothing_changes_or_deletes_it(
        self, method: str, path: str, boss: TestClient, make: Make
    ) -> None:
        ask = make.ask()
        given = boss.post(url(ask), json=NO).json()
        where = path.format(ask=ask.id, response=given["id"])

        answer = boss.request(method, f"/api/v1/{where}", json=NO)

        assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")
        assert "GET" in answer.headers["Allow"]
        assert boss.get(url(ask)).json()["items"] == [given]


class TestTold:
    def test_at_once_and_later(self, se: TestClient, make: Make) -> None:
        told = {"contact": {"name": "Kim", "email": "kim@acme.example"}, "channel": "call",
                "on": "2026-11-20"}  # fmt: skip
        given = se.post(url(make.ask()), json={**NO, "told": told}).json()
        later = {"channel": "email", "on": "2026-11-21"}

        answer = se.post(f"/api/v1/responses/{given['id']}/told", json=later)

        assert answer.status_code == 201
        assert answer.json()["told"] == [told, {**later, "contact": None}]

    def test_of_an_unknown_answer(self, se: TestClient) -> None:
        told = {"channel": "email", "on": "2026-11-21"}

        assert se.post(f"/api/v1/responses/{new_id()}/told", json=told).status_code == 404


class TestCheckMessage:
    @pytest.mark.parametrize(
        ("message", "verdict"),
        [
            ("Yes: it ships on 1 March 2027.", "commit"),
            ("No, we are not building this.", "refuse"),
            ("Put these three in order.", "rank"),
            ("We'll see what we can do.", "hedge"),
        ],
    )
    def test_says_what_a_sentence_says(self, message: str, verdict: str, se: TestClient) -> None:
        answer = se.post("/api/v1/messages/check", json={"message": message})

        assert answer.status_code == 200
        assert answer.json()["verdict"] == verdict

    def test_spans_count_code_points(self, se: TestClient) -> None:
        message = "\U0001f600\U0001f680 Grüße! We'll look into it."

        spans = se.post("/api/v1/messages/check", json={"message": message}).json()["spans"]

        assert [message[span["start"] : span["end"]] for span in spans] == [
            span["phrase"] for span in spans
        ]
        assert spans

    def test_says_that_it_contradicts(self, se: TestClient) -> None:
        given = {"message": "No, we are not building this.", "kind": "yes"}

        assert se.post("/api/v1/messages/check", json=given).json()["contradicts"] is True

    def test_there_is_no_maybe(self, se: TestClient) -> None:
        answer = se.post("/api/v1/messages/check", json={"message": "So.", "kind": "maybe"})

        assert answer.status_code == 422
