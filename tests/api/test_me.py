"""Who is asking, and what they may do."""

import pytest
from fastapi.testclient import TestClient

from api.auth import COOKIE
from models.user import Role, Scope
from services import sign_in
from services.permissions import GRANTS, SCOPES
from tests.conftest import As
from tests.factories import Make

ME = "/api/v1/me"


@pytest.mark.parametrize("role", Role)
def test_a_person_may_what_the_role_grants(anybody: TestClient, make: Make, role: Role) -> None:
    user = make.user(role, name="Kim Roe")
    token, _until = sign_in.open_session(make.session, user)
    make.session.commit()
    anybody.cookies.set(COOKIE, token)

    assert anybody.get(ME).json() == {
        "id": str(user.id),
        "email": user.email,
        "name": "Kim Roe",
        "role": role,
        "scopes": None,
        "permissions": sorted(GRANTS[role]),
    }


@pytest.mark.parametrize("scope", Scope)
def test_a_key_may_what_its_scope_grants(client_as: As, scope: Scope) -> None:
    me = client_as(Role.admin, scope).get(ME).json()

    assert me["scopes"] == [scope]
    assert me["permissions"] == sorted(SCOPES[scope])


def test_a_key_before_a_cookie(anybody: TestClient, make: Make) -> None:
    token, _until = sign_in.open_session(make.session, make.user(Role.admin))
    key = make.key(make.user(Role.viewer))
    anybody.cookies.set(COOKIE, token)

    found = anybody.get(ME, headers={"Authorization": f"Bearer {key}"})

    assert found.json()["role"] == "viewer"


class TestCookies:
    @pytest.fixture
    def browser(self, anybody: TestClient, make: Make) -> TestClient:
        """A browser in which an administrator is signed in."""
        token, _until = sign_in.open_session(make.session, make.user(Role.admin))
        make.session.commit()
        anybody.cookies.set(COOKIE, token)
        return anybody

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ],
    )
    def test_another_site_changes_nothing(
        self, browser: TestClient, headers: dict[str, str]
    ) -> None:
        answer = browser.post("/api/v1/products", json={"name": "Desk"}, headers=headers)

        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/cross-site")

    @pytest.mark.parametrize(
        "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}, {}]
    )
    def test_our_own_pages_do(self, browser: TestClient, headers: dict[str, str]) -> None:
        answer = browser.post("/api/v1/products", json={"name": "Desk"}, headers=headers)

        assert answer.status_code == 201

    @pytest.mark.parametrize("cookie", ["", "x", "x" * 4000])
    def test_a_cookie_that_is_none_of_ours_is_nobody(
        self, anybody: TestClient, cookie: str
    ) -> None:
        anybody.cookies.set(COOKIE, cookie)

        assert anybody.get(ME).status_code == 401
