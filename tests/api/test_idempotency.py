"""The same `Idempotency-Key` and body give the first answer again, and have no second effect."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import select

from api.app import create_app
from models.account import Account
from models.idempotency import FirstAnswer
from models.user import Role
from services.settings import Settings
from tests.conftest import As
from tests.factories import Make

ACCOUNTS = "/api/v1/accounts"
ACME = {"name": "Acme", "domain": "acme.example"}


def post(client: TestClient, key: str, body: Any = ACME, path: str = ACCOUNTS) -> Response:
    """Send something with a key."""
    answer: Response = client.post(path, json=body, headers={"Idempotency-Key": key})
    return answer


class TestAgain:
    def test_gives_the_first_answer(self, se: TestClient) -> None:
        first, second = (post(se, "one") for _each in range(2))

        assert first.status_code == second.status_code == 201
        assert first.content == second.content
        for header in ("Location", "ETag", "Content-Type"):
            assert first.headers[header] == second.headers[header]

    def test_says_so(self, se: TestClient) -> None:
        first, second = (post(se, "one") for _each in range(2))

        assert "Idempotency-Replayed" not in first.headers
        assert second.headers["Idempotency-Replayed"] == "true"

    def test_has_no_second_effect(self, se: TestClient, make: Make) -> None:
        for _each in range(3):
            post(se, "one", {"name": "Acme"})

        assert len(make.session.exec(select(Account)).all()) == 1

    def test_is_the_first_answer_even_when_the_thing_has_changed(self, se: TestClient) -> None:
        first = post(se, "one")
        se.patch(first.headers["Location"], json={"name": "New"}, headers={"If-Match": "*"})

        assert post(se, "one").json() == first.json()

    def test_answers_without_a_body_of_its_own_too(self, pm: TestClient, make: Make) -> None:
        product = make.product()
        gone, rest = (make.feature(product_id=product.id) for _each in range(2))
        pm.post(f"/api/v1/features/{gone.id}/merge", json={"into": str(rest.id)})
        path = f"/api/v1/features/{gone.id}/unmerge"

        first, second = (pm.post(path, headers={"Idempotency-Key": "one"}) for _each in range(2))

        assert first.content == second.content
        assert second.headers["Idempotency-Replayed"] == "true"

    def test_of_many_at_once_one_has_an_effect(self, se: TestClient, make: Make) -> None:
        with ThreadPoolExecutor(8) as at_once:
            answers = list(at_once.map(lambda _each: post(se, "one", {"name": "Acme"}), range(8)))

        assert {each.status_code for each in answers} == {201}
        assert len({each.content for each in answers}) == 1
        assert sum("Idempotency-Replayed" in each.headers for each in answers) == 7
        assert len(make.session.exec(select(Account)).all()) == 1


class TestAnother:
    @pytest.mark.parametrize(
        ("body", "path"),
        [
            (ACME | {"region": "EMEA"}, ACCOUNTS),
            (ACME, f"{ACCOUNTS}/01890a5d-ac96-774b-bcce-b302099a8057/merge"),
            ({"name": "Acme", "domain": None}, ACCOUNTS),
        ],
        ids=["body", "address", "null"],
    )
    def test_request_needs_a_key_of_its_own(
        self, se: TestClient, body: dict[str, Any], path: str
    ) -> None:
        into = {"into": "01890a5d-ac96-774b-bcce-b302099a8057"}
        post(se, "one")

        answer = post(se, "one", into if path.endswith("/merge") else body, path)

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/idempotency-key-reused"
        assert answer.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]

    def test_caller_has_keys_of_their_own(self, client_as: As, make: Make) -> None:
        answers = [post(client_as(Role.se), "one", {"name": "Acme"}) for _each in range(2)]

        assert answers[0].json()["id"] != answers[1].json()["id"]
        assert len(make.session.exec(select(Account)).all()) == 2

    def test_key_is_another_request(self, se: TestClient) -> None:
        first, second = (post(se, key, {"name": "Acme"}) for key in ("one", "two"))

        assert first.json()["id"] != second.json()["id"]


class TestRefused:
    def test_requests_are_not_kept(self, se: TestClient, make: Make) -> None:
        taken = make.account(domain="acme.example")
        refused = post(se, "one")
        taken.domain = None
        make.session.add(taken)
        make.session.commit()

        answer = post(se, "one")

        assert (refused.status_code, answer.status_code) == (409, 201)
        assert "Idempotency-Replayed" not in answer.headers

    def test_payloads_are_not_kept(self, se: TestClient) -> None:
        refused = post(se, "one", {"name": ""})

        answer = post(se, "one")

        assert (refused.status_code, answer.status_code) == (422, 201)

    @pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
    def test_keys_are_named(self, se: TestClient, key: str) -> None:
        answer = se.post(ACCOUNTS, json=ACME, headers={b"Idempotency-Key": key.encode("latin-1")})

        assert answer.status_code == 422
        assert [part.lower() for part in answer.json()["errors"][0]["loc"]] == [
            "header",
            "idempotency-key",
        ]

    def test_keys_are_up_to_255_characters(self, se: TestClient) -> None:
        assert post(se, "~" * 255).status_code == 201


class TestSecrets:
    def test_are_sealed_in_what_is_kept(self, boss: TestClient, make: Make) -> None:
        secret = post(boss, "one", {"name": "CRM"}, "/api/v1/api-keys").json()["secret"]

        kept = make.session.exec(select(FirstAnswer.body)).one()
        assert kept
        assert secret.encode() not in kept
        assert b"CRM" not in kept

    def test_are_in_the_answer_that_is_given_again(self, boss: TestClient) -> None:
        first, second = (
            post(boss, "one", {"name": "CRM"}, "/api/v1/api-keys") for _each in range(2)
        )

        assert second.json()["secret"] == first.json()["secret"]

    def test_sealed_with_a_key_that_is_gone_stay_sealed(
        self, se: TestClient, settings: Settings, make: Make
    ) -> None:
        post(se, "one", {"name": "Acme"})
        other = Settings.model_validate({**settings.model_dump(), "secret_key": "t" * 40})
        with TestClient(
            create_app(other, worker=False), raise_server_exceptions=False, headers=dict(se.headers)
        ) as client:
            answer = post(client, "one", {"name": "Acme"})

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/answer-sealed")
        assert len(make.session.exec(select(Account)).all()) == 1
