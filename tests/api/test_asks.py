"""Asks over HTTP: logged, listed, filtered, triaged, withdrawn."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlmodel import select

from models.ask import Ask
from models.bar_event import BarReached
from models.base import new_id
from models.user import Role
from services import asks
from tests.conftest import As
from tests.factories import Make

URL = "/api/v1/asks"


@pytest.fixture
def new(make: Make) -> dict[str, Any]:
    """The body of an ask of an account that is there."""
    make.product()
    return {"account": {"id": str(make.account().id)}, "title": "SAML single sign-on"}


def walked(client: TestClient, **query: Any) -> Iterator[dict[str, Any]]:
    """All asks, page by page."""
    page: dict[str, Any] = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = client.get(URL, params={**query, **cursor}).json()
        yield from page["items"]


class TestLogAsk:
    @time_machine.travel("2026-11-23T10:00:00Z", tick=False)
    def test_is_sent_whole_and_found_where_it_says(self, se: TestClient, make: Make) -> None:
        account, feature = make.customer(domain="acme.example"), make.feature()
        deal = make.opportunity(account)
        body = {
            "title": "SAML single sign-on", "verbatim": "We cannot roll out without SAML.",
            "why": "Security review", "importance": "blocker",
            "product_id": str(feature.product_id), "feature_id": str(feature.id),
            "opportunity_id": str(deal.id),
            "contact": {"name": "Kim Roe", "email": "kim@acme.example"},
            "asked_on": "2026-11-20", "source_url": "https://crm.example/1", "external_id": "crm-1",
        }  # fmt: skip

        answer = se.post(URL, json={"account": {"id": str(account.id)}, **body})

        sent = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/api/v1/asks/{sent['id']}"
        found = se.get(answer.headers["Location"])
        assert (found.json(), found.headers["ETag"]) == (sent, answer.headers["ETag"])
        assert sent["logged_by"].endswith("@nomaybe.example")
        assert sent == body | {
            "id": sent["id"], "created_at": "2026-11-23T10:00:00Z", "logged_by": sent["logged_by"],
            "account": {"id": str(account.id), "name": account.name, "domain": "acme.example"},
            "state": "unanswered", "answer_due_on": "2026-11-30", "overdue": False,
            "to_revisit": False, "source": "api", "withdrawn_reason": None, "response": None,
            "source_deleted_at": None,
            "ballot": None,
        }  # fmt: skip

    def test_an_unknown_domain_makes_a_prospect(self, se: TestClient, make: Make) -> None:
        make.product()
        account = {"domain": "acme.example", "name": "Acme"}

        sent = se.post(URL, json={"account": account, "title": "Audit log"}).json()

        made = se.get(f"/api/v1/accounts/{sent['account']['id']}").json()
        assert (made["name"], made["domain"], made["lifecycle"]) == (
            "Acme", "acme.example", "prospect"
        )  # fmt: skip

    def test_the_same_external_id_gives_the_ask_that_stands(
        self, se: TestClient, new: dict[str, Any]
    ) -> None:
        first = se.post(URL, json={**new, "external_id": "1"})

        again = se.post(URL, json={**new, "external_id": "1", "title": "Another"})

        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()

    def test_the_same_external_id_at_once_is_one_ask(
        self, se: TestClient, new: dict[str, Any]
    ) -> None:
        with ThreadPoolExecutor(4) as many:
            body = {**new, "external_id": "1"}
            answers = [*many.map(lambda _n: se.post(URL, json=body), range(4))]

        assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
        assert len({each.json()["id"] for each in answers}) == 1

    def test_many_at_once_lift_the_bar_once(self, se: TestClient, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 6})
        bodies = [
            {
                "account": {"id": str(make.customer().id)},
                "title": "So",
                "feature_id": str(feature.id),
            }
            for _each in range(6)
        ]

        with ThreadPoolExecutor(6) as many:
            answers = [*many.map(lambda body: se.post(URL, json=body), bodies)]

        assert {each.status_code for each in answers} == {201}
        assert len(make.session.exec(select(BarReached)).all()) == 1

    @pytest.mark.parametrize(
        ("wrong", "loc"),
        [
            ({"importance": "maybe"}, ["body", "importance"]),
            ({"state": "maybe"}, ["body", "state"]),
            ({"response": {"kind": "maybe"}}, ["body", "response"]),
            ({"title": ""}, ["body", "title"]),
            ({"title": "   "}, ["body", "title"]),
            ({"title": "\u200b"}, ["body", "title"]),
            ({"title": "two\nlines"}, ["body", "title"]),
            ({"title": "x" * 201}, ["body", "title"]),
            ({"title": 7}, ["body", "title"]),
            ({"verbatim": "nul \u0000"}, ["body", "verbatim"]),
            ({"asked_on": "2026-02-30"}, ["body", "asked_on"]),
            ({"asked_on": "2999-01-01"}, ["body", "asked_on"]),
            ({"source_url": "javascript:alert(1)"}, ["body", "source_url"]),
            ({"contact": {"name": "K", "email": "kim"}}, ["body", "contact", "email"]),
            ({"account": {"domain": "https://acme", "name": "A"}}, ["body", "account", "domain"]),
            ({"account": {}}, ["body", "account"]),
            ({"product_id": str(new_id())}, ["body", "product_id"]),
            ({"feature_id": "7"}, ["body", "feature_id"]),
        ],
    )
    def test_a_wrong_field_is_named(
        self, wrong: dict[str, Any], loc: list[str], se: TestClient, new: dict[str, Any]
    ) -> None:
        answer = se.post(URL, json={**new, **wrong})

        body = answer.json()
        assert (answer.status_code, body["type"]) == (422, "/problems/invalid")
        assert [each["loc"] for each in body["errors"]] == [loc]
        assert body["detail"].startswith(".".join(loc[1:]))

    def test_not_by_a_viewer(self, client_as: As, new: dict[str, Any]) -> None:
        assert client_as(Role.viewer).post(URL, json=new).status_code == 403


class TestBatch:
    def test_good_ones_go_in_and_bad_ones_are_told(
        self, se: TestClient, new: dict[str, Any]
    ) -> None:
        items = [
            {**new, "external_id": "1"},
            {**new, "importance": "maybe"},
            {**new, "external_id": "1"},
            {**new, "feature_id": str(new_id())},
            "an ask",
        ]

        answer = se.post(f"{URL}/batch", json={"items": items})

        results = answer.json()["results"]
        assert answer.status_code == 200
        assert [(each["index"], each["status"]) for each in results] == [
            (0, 201), (1, 422), (2, 200), (3, 422), (4, 422)
        ]  # fmt: skip
        assert results[0]["ask"]["id"] == results[2]["ask"]["id"]
        assert [each["problem"] is None for each in results] == [True, False, True, False, False]
        assert results[1]["problem"]["errors"][0]["loc"] == ["body", "importance"]
        assert results[1]["problem"]["type"] == "/problems/invalid"
        assert len([*walked(se)]) == 1

    @pytest.mark.parametrize("count", [0, 1001])
    def test_has_from_one_to_a_thousand(self, count: int, se: TestClient) -> None:
        assert se.post(f"{URL}/batch", json={"items": [{}] * count}).status_code == 422


class TestFilters:
    def test_each_one(self, se: TestClient, client_as: As, make: Make) -> None:
        acme, globex = make.account(name="Acme \u00c9lan", domain="acme.example"), make.account()
        sso, audit, merged = make.feature(), make.feature(), make.feature()
        ids = {
            "old": make.ask(acme, sso, asked_on="2026-01-31", importance="blocker").id,
            "no": make.ask(globex, audit, asked_on="2026-02-01", verbatim="50 % off_line").id,
            "none": make.ask(globex, title="\u00dcberblick", product_id=make.product().id).id,
            "gone": make.ask(globex, merged, importance="nice_to_have").id,
        }
        session, boss, policy = make.session, make.boss, make.policy
        make.response(session.get_one(Ask, ids["no"]))
        asks.withdraw_ask(session, boss, policy, ids["gone"], "Gone.")
        session.commit()
        boss_client = client_as(Role.admin)
        merge = f"/api/v1/features/{merged.id}/merge"
        assert boss_client.post(merge, json={"into": str(audit.id)}).status_code == 200
        mine = {"account": {"id": str(globex.id)}, "title": "Mine", "feature_id": str(sso.id)}
        ids["mine"] = client_as(Role.se).post(URL, json=mine).json()["id"]
        names = {str(key): name for name, key in ids.items()}
        everything = {"old", "no", "none", "gone", "mine"}
        wanted: list[tuple[dict[str, Any], set[str]]] = [
            ({}, everything),
            ({"account_id": str(acme.id)}, {"old"}),
            ({"account_id": [str(acme.id), str(globex.id)]}, everything),
            ({"feature_id": str(sso.id)}, {"old", "mine"}),
            ({"feature_id": str(audit.id)}, {"no", "gone"}),
            ({"feature_id": [str(sso.id), str(audit.id)]}, everything - {"none"}),
            ({"untriaged": True}, {"none"}),
            ({"untriaged": False}, everything - {"none"}),
            ({"state": "answered"}, {"no"}),
            ({"state": ["answered", "withdrawn"]}, {"no", "gone"}),
            ({"response_kind": "no"}, {"no"}),
            ({"response_kind": ["yes", "ranked"]}, set()),
            ({"importance": "blocker"}, {"old"}),
            ({"importance": ["blocker", "nice_to_have"]}, {"old", "gone"}),
            ({"source": "api"}, everything),
            ({"source": ["form", "import", "webhook"]}, set()),
            ({"logged_by": boss.email.upper()}, everything - {"mine"}),
            ({"product_id": str(sso.product_id)}, everything - {"none"}),
            ({"asked_since": "2026-02-01"}, everything - {"old"}),
            ({"asked_until": "2026-02-01"}, {"old", "no"}),
            ({"asked_since": "2026-01-31", "asked_until": "2026-01-31"}, {"old"}),
            ({"overdue": False}, everything),
            ({"overdue": True}, set()),
            ({"to_revisit": True}, set()),
            ({"to_revisit": False}, everything),
            ({"q": "50 %"}, {"no"}),
            ({"q": "f_l"}, {"no"}),
            ({"q": "50_"}, set()),
            ({"q": "ACME \u00e9lan"}, {"old"}),
            ({"q": "\u00dcBERBLICK"}, {"none"}),
            ({"q": "mine", "account_id": str(acme.id)}, set()),
        ]

        for query, expected in wanted:
            assert {names[each["id"]] for each in walked(se, **query)} == expected, query

    def test_overdue_is_after_the_day(self, se: TestClient, make: Make) -> None:
        ask = make.ask()

        with time_machine.travel(f"{ask.answer_due_on}T23:59:59Z", tick=False):
            on_the_day = [*walked(se, overdue=True)]
        with time_machine.travel("2099-01-01T00:00:00Z", tick=False):
            later = [*walked(se, overdue=True)]

        assert on_the_day == []
        assert [(each["id"], each["overdue"]) for each in later] == [(str(ask.id), True)]

    def test_what_came_back_is_found(self, se: TestClient, make: Make) -> None:
        feature = make.feature(demand_bar={"accounts": 1})
        ask = make.ask(feature=feature)
        make.response(ask, basis="insufficient_demand")

        make.ask(make.customer(), feature)

        assert [each["id"] for each in walked(se, to_revisit=True)] == [str(ask.id)]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("state", "maybe"), ("response_kind", "maybe"), ("importance", "maybe"),
            ("untriaged", "maybe"), ("account_id", "7"), ("asked_since", "yesterday"),
            ("limit", "0"), ("limit", "201"), ("cursor", "x"), ("sort", "title"), ("q", ""),
            ("colour", "red"), ("logged_by", "kim"),
        ],
    )  # fmt: skip
    def test_a_wrong_one_is_named(self, name: str, value: str, se: TestClient) -> None:
        answer = se.get(URL, params={name: value})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"][:2] == ["query", name]


class TestPages:
    @pytest.mark.parametrize(("sort", "backwards"), [("-created_at", True), ("created_at", False)])
    def test_a_walk_meets_every_ask_once_while_others_are_logged(
        self, sort: str, backwards: bool, se: TestClient, make: Make
    ) -> None:
        before = [str(make.ask().id) for _each in range(7)]
        met = []

        for each in walked(se, sort=sort, limit=2):
            met.append(each["id"])
            if len(met) < 5:
                make.ask()

        assert len(met) == len(set(met))
        assert [each for each in met if each in before] == sorted(before, reverse=backwards)

    def test_newest_first_unless_told_otherwise(self, se: TestClient, make: Make) -> None:
        made = [str(make.ask().id) for _each in range(3)]

        assert [each["id"] for each in walked(se)] == made[::-1]


class TestChangeAsk:
    def test_triage(self, se: TestClient, make: Make) -> None:
        ask, feature = make.ask(), make.feature()

        answer = se.patch(
            f"{URL}/{ask.id}", json={"feature_id": str(feature.id)}, headers={"If-Match": '"1"'}
        )

        assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
        assert answer.json()["feature_id"] == str(feature.id)

    @pytest.mark.parametrize(
        ("headers", "status", "slug"),
        [
            ({}, 428, "if-match-needed"),
            ({"If-Match": '"7"'}, 412, "stale"),
            ({"If-Match": "7"}, 412, "stale"),
        ],
    )
    def test_says_which_version_it_is_of(
        self, headers: dict[str, str], status: int, slug: str, se: TestClient, make: Make
    ) -> None:
        answer = se.patch(f"{URL}/{make.ask().id}", json={"title": "New"}, headers=headers)

        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")

    def test_the_answer_s_feature_stays(self, se: TestClient, make: Make) -> None:
        ask = make.ask(feature=make.feature())
        make.response(ask)

        answer = se.patch(f"{URL}/{ask.id}", json={"feature_id": None}, headers={"If-Match": "*"})

        assert (answer.status_code, answer.json()["type"]) == (
            409,
            "/problems/answer-names-feature",
        )

    @pytest.mark.parametrize("body", [{"state": "answered"}, {"account": {}}, {"title": None}])
    def test_what_may_not_be_changed_is_refused(
        self, body: dict[str, Any], se: TestClient, make: Make
    ) -> None:
        answer = se.patch(f"{URL}/{make.ask().id}", json=body, headers={"If-Match": "*"})

        assert answer.status_code == 422


class TestWithdraw:
    def test_says_why_and_ends_it(self, se: TestClient, make: Make) -> None:
        url = f"{URL}/{make.ask().id}"

        withdrawn = se.post(f"{url}/withdraw", json={"reason": "They left."})

        assert withdrawn.status_code == 200
        assert (withdrawn.json()["state"], withdrawn.json()["withdrawn_reason"]) == (
            "withdrawn", "They left."
        )  # fmt: skip
        again = se.post(f"{url}/responses", json={"kind": "no", "basis": "not_planned"})
        assert (again.status_code, again.json()["type"]) == (409, "/problems/withdrawn")

    def test_needs_a_reason(self, se: TestClient, make: Make) -> None:
        assert se.post(f"{URL}/{make.ask().id}/withdraw", json={}).status_code == 422


class TestGuide:
    def test_proposes_words_that_pass(self, se: TestClient, make: Make) -> None:
        ask = make.ask(title="Maybe dark mode? We'll see.")

        found = se.get(f"{URL}/{ask.id}/guide").json()

        check = {"message": found["wording"], "kind": found["proposal"]["kind"]}
        reading = se.post("/api/v1/messages/check", json=check).json()
        parts = {"proposal", "because", "wording", "figures", "alternatives", "before"} | {
            "wordings",
            "how",
        }
        assert set(found) == parts
        assert (reading["verdict"], reading["spans"]) == ("refuse", [])


@pytest.mark.parametrize("path", ["", "/guide", "/responses"])
def test_what_is_not_there(path: str, se: TestClient) -> None:
    answer = se.get(f"{URL}/{new_id()}{path}")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
