"""People: who works here, and that somebody always rules."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import select

from api.auth import COOKIE
from models.user import Role, User
from services import sign_in
from tests.conftest import As
from tests.factories import Make

USERS = "/api/v1/users"
ANY = {"If-Match": "*"}
KIM = {"email": "Kim@Nomaybe.example", "name": "Kim Roe", "role": "se"}


class TestCreate:
    def test_answers_with_a_link_to_sign_in_by(self, boss: TestClient) -> None:
        answer = boss.post(USERS, json=KIM)

        made = answer.json()
        assert answer.status_code == 201
        assert made.pop("sign_in_url").startswith("http://127.0.0.1:8000/sign-in/")
        assert made == {
            **KIM,
            "email": "kim@nomaybe.example",
            "team": None,
            "active": True,
            "id": made["id"],
        }
        assert boss.get(answer.headers["Location"]).json() == made

    def test_the_link_works_once(self, boss: TestClient, anybody: TestClient) -> None:
        link = boss.post(USERS, json=KIM).json()["sign_in_url"].partition(":8000")[2]

        first, second = (anybody.post(link, follow_redirects=False) for _each in range(2))

        assert (first.status_code, second.status_code) == (303, 401)
        assert anybody.get("/api/v1/me").json()["email"] == "kim@nomaybe.example"

    def test_a_password_works_at_once(self, boss: TestClient, make: Make) -> None:
        boss.post(USERS, json=KIM | {"password": "correct horse battery"})

        known = sign_in.check_password(make.session, "kim@nomaybe.example", "correct horse battery")
        assert known.name == "Kim Roe"

    def test_an_email_is_used_once(self, boss: TestClient) -> None:
        boss.post(USERS, json=KIM)

        answer = boss.post(USERS, json=KIM | {"email": "KIM@nomaybe.EXAMPLE"})

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/email-taken")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "kim"),
            ("email", "kim@"),
            ("email", "a@b c"),
            ("email", "İ" * 64 + "@" + "İ" * 189),
            ("role", "boss"),
            ("password", "short"),
            ("password", "x" * 201),
            ("active", True),
        ],
    )
    def test_a_wrong_field_is_named(self, boss: TestClient, field: str, value: Any) -> None:
        answer = boss.post(USERS, json=KIM | {field: value})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", field]

    def test_a_refused_password_is_not_repeated(self, boss: TestClient) -> None:
        answer = boss.post(USERS, json=KIM | {"password": "hunter2"})

        assert "hunter2" not in answer.text


class TestChange:
    def test_a_new_role_holds_at_once(self, boss: TestClient, make: Make, client_as: As) -> None:
        viewer = client_as(Role.viewer)
        me = viewer.get("/api/v1/me").json()

        boss.patch(f"{USERS}/{me['id']}", json={"role": "pm"}, headers={"If-Match": '"1"'})

        assert viewer.post("/api/v1/products", json={"name": "Desk"}).status_code == 201

    def test_who_is_no_longer_active_is_out_at_once(
        self, boss: TestClient, anybody: TestClient, make: Make
    ) -> None:
        user = make.user()
        token, _until = sign_in.open_session(make.session, user)
        make.session.commit()
        anybody.cookies.set(COOKIE, token)
        before = anybody.get("/api/v1/me").status_code

        boss.patch(f"{USERS}/{user.id}", json={"active": False}, headers=ANY)
        out = anybody.get("/api/v1/me").status_code
        boss.patch(f"{USERS}/{user.id}", json={"active": True}, headers=ANY)

        assert (before, out) == (200, 401)
        assert anybody.get("/api/v1/me").status_code == 401, "the old session came back"

    @pytest.mark.parametrize("change", [{"role": "pm"}, {"active": False}])
    def test_somebody_always_rules(
        self, boss: TestClient, make: Make, change: dict[str, Any]
    ) -> None:
        me = boss.get("/api/v1/me").json()["id"]
        make.user(Role.pm)

        answer = boss.patch(f"{USERS}/{me}", json=change, headers=ANY)

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/last-admin")
        assert boss.get(USERS).status_code == 200

    def test_the_last_two_do_not_leave_at_the_same_moment(self, client_as: As, make: Make) -> None:
        leaving = [client_as(Role.admin) for _each in range(4)]

        def leave(client: TestClient) -> Response:
            me = client.get("/api/v1/me").json()["id"]
            return client.patch(f"{USERS}/{me}", json={"role": "viewer"}, headers=ANY)

        with ThreadPoolExecutor(4) as at_once:
            answers = list(at_once.map(leave, leaving))

        admins = select(User).where(User.role == Role.admin)
        assert sorted(each.status_code for each in answers) == [200, 200, 200, 409]
        assert len(make.session.exec(admins).all()) == 1

    @pytest.mark.parametrize("field", ["email", "password", "sign_in_url"])
    def test_the_rest_is_not_changed_here(self, boss: TestClient, make: Make, field: str) -> None:
        answer = boss.patch(
            f"{USERS}/{make.user().id}", json={field: "new@nomaybe.example"}, headers=ANY
        )

        assert answer.status_code == 422

    @pytest.mark.parametrize("value", ["false", 0, None])
    def test_active_is_true_or_false(self, boss: TestClient, make: Make, value: Any) -> None:
        answer = boss.patch(f"{USERS}/{make.user().id}", json={"active": value}, headers=ANY)

        assert answer.status_code == 422


def test_lists_oldest_first(boss: TestClient, make: Make) -> None:
    made = [make.user().email for _each in range(2)]

    assert [each["email"] for each in boss.get(USERS).json()["items"]][-2:] == made
