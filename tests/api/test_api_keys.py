"""Keys of machines: shown once, hashed at rest, never more than their maker."""

import hashlib
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from models.user import ApiKey, Role, Scope
from tests.conftest import As
from tests.factories import Make

KEYS = "/api/v1/api-keys"
ME = "/api/v1/me"


def with_key(app: FastAPI, key: str) -> TestClient:
    """A client that sends a key."""
    return TestClient(
        app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {key}"}
    )


class TestCreate:
    def test_shows_the_secret_once(self, boss: TestClient) -> None:
        made = boss.post(KEYS, json={"name": "CRM"}).json()

        listed = boss.get(KEYS).json()["items"][-1]
        secret = made.pop("secret")
        assert secret.startswith("nmk_")
        assert secret.startswith(made["prefix"])
        assert listed == made

    def test_keeps_only_a_hash(self, boss: TestClient, make: Make) -> None:
        secret = boss.post(KEYS, json={"name": "CRM"}).json()["secret"]

        kept = make.session.exec(select(ApiKey).where(ApiKey.name == "CRM")).one()
        assert kept.key_hash == hashlib.sha256(secret.encode()).hexdigest()
        assert secret not in str(kept.model_dump())

    def test_has_256_random_bits(self, boss: TestClient) -> None:
        secrets = {boss.post(KEYS, json={"name": "CRM"}).json()["secret"] for _each in range(3)}

        assert len(secrets) == 3
        assert {len(secret) for secret in secrets} == {len("nmk_") + 43}

    def test_without_scopes_it_has_all(self, boss: TestClient, app: FastAPI) -> None:
        made = boss.post(KEYS, json={"name": "CRM"}).json()

        assert made["scopes"] == sorted(Scope)
        assert with_key(app, made["secret"]).get(KEYS).status_code == 200

    def test_with_scopes_it_has_those(self, boss: TestClient, app: FastAPI) -> None:
        scopes = ["asks:read", "asks:read", "demand:read"]

        made = boss.post(KEYS, json={"name": "CRM", "scopes": scopes}).json()

        assert made["scopes"] == ["asks:read", "demand:read"]
        assert with_key(app, made["secret"]).get(KEYS).status_code == 403

    @pytest.mark.parametrize("scopes", [[], ["everything"], "admin", None, ["admin"] * 6])
    def test_wrong_scopes_are_refused(self, boss: TestClient, scopes: Any) -> None:
        answer = boss.post(KEYS, json={"name": "CRM", "scopes": scopes})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"][:2] == ["body", "scopes"]

    def test_a_key_gives_no_scope_that_it_lacks(self, client_as: As) -> None:
        key = client_as(Role.admin, Scope.admin, Scope.asks_read)

        refused = key.post(KEYS, json={"name": "more", "scopes": ["asks:read", "asks:write"]})
        fewer = key.post(KEYS, json={"name": "fewer", "scopes": ["asks:read"]})
        same = key.post(KEYS, json={"name": "same"})

        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-permitted")
        assert "asks:write" in refused.json()["detail"]
        assert fewer.json()["scopes"] == ["asks:read"]
        assert same.json()["scopes"] == ["admin", "asks:read"]


class TestUse:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_scheme_is_in_any_case(self, app: FastAPI, make: Make, scheme: str) -> None:
        key = make.key(make.user())

        with TestClient(app) as client:
            answer = client.get(ME, headers={"Authorization": f"{scheme} {key}"})

        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "sent", ["Bearer", "Bearer ", "Basic dTpw", "nmk_x", "Bearer nmk_x", "Bearer ÿ", "x y z"]
    )
    def test_what_is_no_key_of_ours_is_nobody(self, anybody: TestClient, sent: str) -> None:
        answer = anybody.get(ME, headers={b"Authorization": sent.encode("latin-1")})

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_does_no_more_than_its_maker(self, client_as: As) -> None:
        viewer = client_as(Role.viewer, *Scope)

        assert viewer.post("/api/v1/accounts", json={"name": "Acme"}).status_code == 403

    def test_does_less_once_its_maker_may_less(self, boss: TestClient, client_as: As) -> None:
        key = client_as(Role.pm)
        me = key.get(ME).json()["id"]
        before = key.post("/api/v1/products", json={"name": "One"}).status_code

        boss.patch(
            f"/api/v1/users/{me}", json={"role": "account_manager"}, headers={"If-Match": "*"}
        )

        after = key.post("/api/v1/products", json={"name": "Two"}).status_code
        assert (before, after) == (201, 403)

    def test_does_nothing_once_its_maker_has_left(self, boss: TestClient, client_as: As) -> None:
        key = client_as(Role.pm)
        me = key.get(ME).json()["id"]

        boss.patch(f"/api/v1/users/{me}", json={"active": False}, headers={"If-Match": "*"})

        assert key.get(ME).status_code == 401


class TestRevoke:
    def test_is_worthless_at_once(self, boss: TestClient, app: FastAPI) -> None:
        made = boss.post(KEYS, json={"name": "CRM"})
        machine = with_key(app, made.json()["secret"])
        before = machine.get(ME).status_code

        answer = boss.delete(made.headers["Location"])

        assert (before, answer.status_code, answer.content) == (200, 204, b"")
        assert machine.get(ME).status_code == 401
        assert boss.get(KEYS).json()["items"][-1]["revoked_at"] is not None

    def test_twice_is_once(self, boss: TestClient) -> None:
        made = boss.post(KEYS, json={"name": "CRM"})
        boss.delete(made.headers["Location"])
        first = boss.get(KEYS).json()["items"][-1]["revoked_at"]

        answer = boss.delete(made.headers["Location"])

        assert answer.status_code == 204
        assert boss.get(KEYS).json()["items"][-1]["revoked_at"] == first

    def test_what_is_not_there(self, boss: TestClient) -> None:
        assert boss.delete(f"{KEYS}/01890a5d-ac96-774b-bcce-b302099a8057").status_code == 404
