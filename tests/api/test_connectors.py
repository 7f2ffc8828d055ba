"""Connectors by REST: an administrator sets them up, and nobody ever sees a secret again."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from models.user import Role, Scope
from tests.conftest import As
from tests.factories import Make
from tests.senders import BEARER, SIGNING_SECRET, sender

PATH = "/api/v1/connectors"
NEW = {"kind": "generic", "name": "Zapier", "secret": BEARER}
UNSET: dict[str, Any] = {
    "product_id": None,
    "items": "",
    "fields": {},
    "make_accounts": False,
    "organization_id": None,
    "old_signatures": False,
    "labels": {},
    "won_stages": [],
    "lost_stages": [],
    "lost_reasons": {},
    "reconcile": [],
}


class TestCreate:
    def test_answers_with_the_connector(self, boss: TestClient) -> None:
        made = boss.post(PATH, json=NEW)

        assert made.status_code == 201
        assert made.json() == {
            "id": made.json()["id"],
            "kind": "generic",
            "name": "Zapier",
            "settings": UNSET,
            "enabled": True,
            "receive_url": f"http://127.0.0.1:8000/hooks/generic/{made.json()['id']}",
            "has_token": False,
        }

    def test_says_where_it_is(self, boss: TestClient) -> None:
        made = boss.post(PATH, json=NEW)

        assert boss.get(made.headers["Location"]).json() == made.json()

    def test_keeps_a_mapping(self, boss: TestClient, make: Make) -> None:
        settings = {
            "product_id": str(make.product().id),
            "items": "data",
            "fields": {"title": "wish"},
            "make_accounts": True,
        }

        made = boss.post(PATH, json=NEW | {"settings": settings}).json()

        assert made["settings"] == UNSET | settings

    @pytest.mark.parametrize(
        ("change", "loc"),
        [
            ({"kind": "carrier_pigeon"}, ["body", "kind"]),
            ({"name": ""}, ["body", "name"]),
            ({"secret": "short"}, ["body", "secret"]),
            ({"secret": "no-control\u0007-characters"}, ["body", "secret"]),
            ({"kind": "standard_webhooks"}, ["body", "secret"]),
            ({"settings": {"fields": {"arr": "arr"}}}, ["body", "settings", "fields"]),
            ({"settings": {"fields": {"title": "a\nb"}}}, ["body", "settings", "fields", "title"]),
            ({"settings": {"product_id": "0" * 32}}, ["body", "settings", "product_id"]),
            ({"settings": {"itms": "data"}}, ["body", "settings", "itms"]),
            ({"password": "x"}, ["body", "password"]),
        ],
    )
    def test_what_cannot_work_is_refused(
        self, boss: TestClient, change: dict[str, Any], loc: list[str]
    ) -> None:
        refused = boss.post(PATH, json=NEW | change)

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["loc"] == loc

    def test_a_refusal_does_not_repeat_the_secret(self, boss: TestClient) -> None:
        secret = "a-secret-without-use"  # noqa: S105  # it is refused

        refused = boss.post(PATH, json=NEW | {"kind": "standard_webhooks", "secret": secret})

        assert secret not in refused.text


class TestRead:
    def test_lists_the_oldest_first(self, boss: TestClient) -> None:
        ids = [sender(boss).connector["id"] for _each in range(2)]

        assert [each["id"] for each in boss.get(PATH).json()["items"]] == ids

    def test_a_page_at_a_time(self, boss: TestClient) -> None:
        ids = [sender(boss).connector["id"] for _each in range(2)]

        first = boss.get(PATH, params={"limit": 1}).json()
        second = boss.get(PATH, params={"limit": 1, "cursor": first["next_cursor"]}).json()

        assert [first["items"][0]["id"], second["items"][0]["id"]] == ids

    def test_no_answer_holds_the_secret(self, boss: TestClient) -> None:
        made = sender(boss, "standard_webhooks")

        answers = [boss.get(PATH), made.change(name="Other"), boss.get("/api/v1/inbox")]

        assert all(SIGNING_SECRET not in answer.text for answer in answers)

    def test_an_unknown_one_is_not_found(self, boss: TestClient) -> None:
        assert boss.get(f"{PATH}/{'0' * 32}").status_code == 404


class TestChange:
    def test_what_is_named_changes(self, boss: TestClient) -> None:
        made = sender(boss)

        changed = made.change(name="Make", enabled=False, settings={"items": "data"})

        assert changed.json() == made.connector | {
            "name": "Make",
            "enabled": False,
            "settings": made.connector["settings"] | {"items": "data"},
        }

    def test_needs_if_match(self, boss: TestClient) -> None:
        path = f"{PATH}/{sender(boss).connector['id']}"

        assert boss.patch(path, json={"name": "x"}).status_code == 428

    def test_a_stale_one_is_refused(self, boss: TestClient) -> None:
        made = sender(boss)
        made.change(name="Other")
        path = f"{PATH}/{made.connector['id']}"

        refused = boss.patch(path, json={"name": "x"}, headers={"If-Match": made.etag})

        assert refused.status_code == 412

    def test_a_secret_that_cannot_work_is_refused(self, boss: TestClient) -> None:
        made = sender(boss, "standard_webhooks")

        assert made.change(secret=BEARER).status_code == 422

    def test_a_mapping_that_cannot_work_is_refused(self, boss: TestClient) -> None:
        assert sender(boss).change(settings={"fields": {"arr": "x"}}).status_code == 422

    def test_null_is_refused(self, boss: TestClient) -> None:
        assert sender(boss).change(name=None).status_code == 422


@pytest.mark.parametrize("role", [Role.se, Role.pm, Role.account_manager, Role.viewer])
def test_only_administrators_manage_them(client_as: As, role: Role) -> None:
    client = client_as(role)

    assert {client.get(PATH).status_code, client.post(PATH, json=NEW).status_code} == {403}


def test_a_key_needs_the_admin_scope(client_as: As) -> None:
    assert client_as(Role.admin, Scope.catalog_write).get(PATH).status_code == 403
