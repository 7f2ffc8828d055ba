"""What holds of every address: problems, order of refusals, versions, headers, ids and instants."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from models.user import Role
from services.settings import Settings
from tests.api.contract import API, api_routes
from tests.conftest import As
from tests.factories import Make

PRODUCTS = f"{API}/products"
SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODY = {"Content-Type": "application/json"}


@pytest.fixture
def every(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and address of the API."""
    return api_routes(app, some_id=SOME_ID)


def problem(answer: Any, status: int, slug: str) -> dict[str, Any]:
    """The problem that an answer is, once it is sure that it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"/problems/{slug}"
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    return found


class TestProblems:
    @pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/products", "/api/v1/products/"])
    @pytest.mark.parametrize("accept", ["application/json", "text/html"])
    def test_404_where_there_is_nothing(self, anybody: TestClient, path: str, accept: str) -> None:
        problem(anybody.get(path, headers={"Accept": accept}), 404, "not-found")

    def test_405_tells_every_method_of_the_address(
        self, anybody: TestClient, every: list[tuple[str, str]]
    ) -> None:
        for path in {path for _method, path in every}:
            can = {method for method in METHODS if (method, path) in every}
            answer = anybody.request("TRACE", path)
            problem(answer, 405, "method-not-allowed")
            assert can <= set(answer.headers["Allow"].split(", ")), path

    def test_405_names_them_in_order(self, anybody: TestClient) -> None:
        answer = anybody.delete(f"{API}/asks/{SOME_ID}/responses")

        assert answer.headers["Allow"] == "GET, POST"
        assert answer.json()["detail"] == "Only GET, POST can be done here."

    def test_nothing_that_was_answered_is_changed_or_deleted(self, boss: TestClient) -> None:
        for method in ("PUT", "PATCH", "DELETE"):
            answer = boss.request(method, f"{API}/responses/{SOME_ID}", json={})
            assert answer.status_code == 405

    def test_422_names_each_field(self, pm: TestClient) -> None:
        said = {"maturity": "grown_up", "demand_bar": {"accounts": 0}, "colour": "red"}

        found = problem(pm.post(PRODUCTS, json=said), 422, "invalid")

        assert {tuple(each["loc"]): each["type"] for each in found["errors"]} == {
            ("body", "name"): "missing",
            ("body", "maturity"): "enum",
            ("body", "demand_bar", "accounts"): "greater_than_equal",
            ("body", "colour"): "extra_forbidden",
        }
        assert all(each.keys() == {"loc", "msg", "type"} for each in found["errors"])
        assert found["detail"].startswith("name: ")

    @pytest.mark.parametrize("body", [b"", b"{", b"nothing", b"[]", b"null", b'"x"', b"1"])
    def test_422_where_there_is_no_object(self, pm: TestClient, body: bytes) -> None:
        answer = pm.post(PRODUCTS, content=body, headers={"Content-Type": "application/json"})

        problem(answer, 422, "invalid")

    def test_422_of_a_thousand_faults_tells_a_hundred(self, pm: TestClient) -> None:
        said = {f"unknown_{number}": 1 for number in range(1000)}

        assert len(problem(pm.post(PRODUCTS, json=said), 422, "invalid")["errors"]) == 100

    def test_413_of_more_than_a_mebibyte(self, pm: TestClient) -> None:
        problem(pm.post(PRODUCTS, content=b" " * (1024 * 1024 + 1)), 413, "too-large")

    @pytest.mark.parametrize("announced", ["1048577", "9" * 400, "-1", "x"])
    def test_413_without_reading_what_is_announced(self, pm: TestClient, announced: str) -> None:
        answer = pm.post(PRODUCTS, content=b"{}", headers={"Content-Length": announced})

        problem(answer, 413, "too-large")

    def test_an_unknown_query_parameter_is_refused(
        self, boss: TestClient, every: list[tuple[str, str]]
    ) -> None:
        for route in every:
            answer = boss.request(*route, params={"colour": "red"}, headers={"If-Match": "*"})
            found = problem(answer, 422, "invalid")
            assert ["query", "colour"] in [each["loc"] for each in found["errors"]], route


class TestOrder:
    """Who is asking comes first, then whether they may, then what they say."""

    def test_401_before_anything(self, anybody: TestClient, every: list[tuple[str, str]]) -> None:
        for route in every:
            answer = anybody.request(*route, content=b"{", params={"colour": "red"}, headers=BODY)
            problem(answer, 401, "not-signed-in")
            assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_403_before_anything_that_was_sent(
        self, client_as: As, every: list[tuple[str, str]]
    ) -> None:
        viewer, writes = client_as(Role.viewer), [each for each in every if each[0] != "GET"]

        for route in writes:
            if route[1].endswith("/messages/check"):
                continue  # that reads
            for body in (b"{", b"{}", b" " * (1024 * 1024 + 1)):
                answer = viewer.request(
                    *route,
                    content=body,
                    params={"colour": "red"},
                    headers=BODY | {"Idempotency-Key": ""},
                )
                problem(answer, 403, "not-permitted")


class TestVersions:
    def test_428_without_if_match(self, boss: TestClient, every: list[tuple[str, str]]) -> None:
        for method, path in every:
            if method == "PATCH":
                problem(boss.patch(path, json={}), 428, "if-match-needed")

    def test_412_with_what_is_no_etag_of_ours(
        self, boss: TestClient, every: list[tuple[str, str]]
    ) -> None:
        for path in (path for method, path in every if method == "PATCH"):
            for tag in ("", "1", '"', 'W/"1"', '"x"', '"²"', '"-1"', '"1", "2"'):
                answer = boss.patch(path, json={}, headers={b"If-Match": tag.encode("latin-1")})
                problem(answer, 412, "stale")

    def test_412_of_two_changes_to_one_version(self, pm: TestClient, make: Make) -> None:
        path, read = f"{PRODUCTS}/{make.product().id}", {"If-Match": '"1"'}

        first = pm.patch(path, json={"maturity": "early"}, headers=read)
        second = pm.patch(path, json={"name": "Lost"}, headers=read)

        assert first.status_code == 200
        problem(second, 412, "stale")
        assert pm.get(path).json() == first.json()

    @pytest.mark.parametrize("tag", ['"2"', '"0"', '"999999999999999999999"'])
    def test_412_of_a_version_that_is_not_there(self, pm: TestClient, make: Make, tag: str) -> None:
        answer = pm.patch(f"{PRODUCTS}/{make.product().id}", json={}, headers={"If-Match": tag})

        problem(answer, 412, "stale")

    def test_the_etag_that_was_read_is_the_one_to_send(self, pm: TestClient, make: Make) -> None:
        path = f"{PRODUCTS}/{make.product().id}"

        for name in ("One", "Two", "Three"):
            tag = pm.get(path).headers["ETag"]
            changed = pm.patch(path, json={"name": name}, headers={"If-Match": tag})
            assert changed.status_code == 200
            assert changed.headers["ETag"] != tag


class TestRateLimit:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Three requests a minute."""
        return settings.model_copy(update={"rate_limit": 3})

    def test_is_published_with_each_answer(self, se: TestClient) -> None:
        answers = [se.get(f"{API}/me") for _each in range(3)]

        assert {each.headers["RateLimit-Policy"] for each in answers} == {'"default";q=3;w=60'}
        assert [each.headers["RateLimit"].partition(";t=")[0] for each in answers] == [
            '"default";r=2',
            '"default";r=1',
            '"default";r=0',
        ]

    def test_429_says_when_to_come_back(self, se: TestClient) -> None:
        for _each in range(3):
            se.get(f"{API}/me")

        answer = se.get(f"{API}/me")

        problem(answer, 429, "too-fast")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert answer.headers["RateLimit"].startswith('"default";r=0;t=')

    def test_is_for_each_key_by_itself(self, se: TestClient, pm: TestClient) -> None:
        for _each in range(4):
            se.get(f"{API}/me")

        assert pm.get(f"{API}/me").status_code == 200

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
    def test_does_not_count_what_machines_look_at(self, se: TestClient, path: str) -> None:
        answers = [se.get(path) for _each in range(5)]

        assert {each.status_code for each in answers} == {200}
        assert "RateLimit" not in answers[0].headers


def test_no_rate_limit_is_no_header(settings: Settings, make: Make) -> None:
    app = create_app(settings.model_copy(update={"rate_limit": 0}), worker=False)
    key = make.key(make.user())

    with TestClient(app) as client:
        answer = client.get(f"{API}/me", headers={"Authorization": f"Bearer {key}"})

    assert "RateLimit" not in answer.headers


class TestHeaders:
    @pytest.mark.parametrize("path", ["/livez", "/api/v1/me", "/api/v1/nothing", "/nothing", "/"])
    def test_every_answer_has_them(self, anybody: TestClient, path: str) -> None:
        answer = anybody.get(path, follow_redirects=False)

        UUID(answer.headers["X-Request-ID"])
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_a_request_id_that_came_along_is_kept(self, anybody: TestClient) -> None:
        sent = str(uuid4())

        answer = anybody.get("/livez", headers={"X-Request-ID": sent})

        assert answer.headers["X-Request-ID"] == sent

    def test_what_is_no_request_id_is_not_repeated(self, anybody: TestClient) -> None:
        answer = anybody.get("/livez", headers={"X-Request-ID": "forged"})

        assert answer.headers["X-Request-ID"] != "forged"


class TestWriting:
    def test_ids_are_uuid_7(self, boss: TestClient) -> None:
        made = [boss.post(PRODUCTS, json={"name": name}).json()["id"] for name in "ab"]

        assert [UUID(each).version for each in made] == [7, 7]
        assert made == sorted(made)

    def test_instants_are_in_utc_and_say_so(self, boss: TestClient) -> None:
        made = boss.post(f"{API}/api-keys", json={"name": "CRM"}).json()["created_at"]

        assert made.endswith("Z")
        assert datetime.fromisoformat(made).utcoffset() is not None

    def test_money_is_text_with_all_its_decimals(self, boss: TestClient) -> None:
        for amount, currency, said in (
            ("0.1", "USD", "0.10"),
            ("120000", "JPY", "120000"),
            ("999999999999.99", "EUR", "999999999999.99"),
        ):
            arr = {"amount": amount, "currency": currency}
            made = boss.post(f"{API}/accounts", json={"name": "Acme", "arr": arr})
            assert made.json()["arr"] == {"amount": said, "currency": currency}


def test_the_document_is_served(anybody: TestClient, app: FastAPI) -> None:
    assert anybody.get("/openapi.json").json() == app.openapi()
