"""Every route and every principal against one table; a route without a row fails."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from api.app import create_app
from api.auth import COOKIE
from models.base import utc_now
from models.user import ApiKey, Role, Scope
from services import sign_in
from services.permissions import GRANTS, SCOPES, Permission
from services.policy import Policy
from services.settings import Settings
from tests.api.contract import routes
from tests.databases import database
from tests.factories import Make

P = Permission
Table = dict[tuple[str, str], Permission]
SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"

API: Table = {
    ("GET", "/api/v1/accounts"): P.ask_read,
    ("POST", "/api/v1/accounts"): P.account_write,
    ("PUT", "/api/v1/accounts/by-ref/{source}/{external_id}"): P.account_write,
    ("GET", "/api/v1/accounts/{account_id}"): P.ask_read,
    ("PATCH", "/api/v1/accounts/{account_id}"): P.account_write,
    ("GET", "/api/v1/accounts/{account_id}/brief"): P.ask_read,
    ("POST", "/api/v1/accounts/{account_id}/merge"): P.account_write,
    ("GET", "/api/v1/api-keys"): P.key_manage,
    ("POST", "/api/v1/api-keys"): P.key_manage,
    ("DELETE", "/api/v1/api-keys/{key_id}"): P.key_manage,
    ("GET", "/api/v1/asks"): P.ask_read,
    ("POST", "/api/v1/asks"): P.ask_log,
    ("POST", "/api/v1/asks/batch"): P.ask_log,
    ("GET", "/api/v1/asks/{ask_id}"): P.ask_read,
    ("PATCH", "/api/v1/asks/{ask_id}"): P.ask_triage,
    ("GET", "/api/v1/asks/{ask_id}/guide"): P.ask_read,
    ("GET", "/api/v1/asks/{ask_id}/responses"): P.ask_read,
    ("POST", "/api/v1/asks/{ask_id}/responses"): P.ask_answer,
    ("POST", "/api/v1/asks/{ask_id}/withdraw"): P.ask_triage,
    ("GET", "/api/v1/commitments"): P.ask_read,
    ("GET", "/api/v1/commitments/{commitment_id}"): P.ask_read,
    ("POST", "/api/v1/commitments/{commitment_id}/release"): P.commitment_release,
    ("GET", "/api/v1/connectors"): P.connector_manage,
    ("POST", "/api/v1/connectors"): P.connector_manage,
    ("GET", "/api/v1/connectors/{connector_id}"): P.connector_manage,
    ("PATCH", "/api/v1/connectors/{connector_id}"): P.connector_manage,
    ("GET", "/api/v1/contradictions"): P.ask_read,
    ("GET", "/api/v1/debts"): P.ask_read,
    ("GET", "/api/v1/demand"): P.demand_read,
    ("GET", "/api/v1/demand/{feature_id}"): P.demand_read,
    ("GET", "/api/v1/demand/{feature_id}/evidence"): P.demand_read,
    ("GET", "/api/v1/features"): P.ask_read,
    ("POST", "/api/v1/features"): P.catalog_write,
    ("GET", "/api/v1/features/similar"): P.ask_read,
    ("GET", "/api/v1/features/{feature_id}"): P.ask_read,
    ("PATCH", "/api/v1/features/{feature_id}"): P.catalog_write,
    ("POST", "/api/v1/features/{feature_id}/merge"): P.catalog_write,
    ("POST", "/api/v1/features/{feature_id}/unmerge"): P.catalog_write,
    ("GET", "/api/v1/inbox"): P.inbox_read,
    ("POST", "/api/v1/inbox/replay"): P.inbox_replay,
    ("GET", "/api/v1/inbox/{delivery_id}"): P.inbox_read,
    ("POST", "/api/v1/inbox/{delivery_id}/dismiss"): P.inbox_dismiss,
    ("POST", "/api/v1/inbox/{delivery_id}/replay"): P.inbox_replay,
    ("GET", "/api/v1/me"): P.self_read,
    ("POST", "/api/v1/messages/check"): P.ask_read,
    ("GET", "/api/v1/opportunities"): P.ask_read,
    ("POST", "/api/v1/opportunities"): P.account_write,
    ("PUT", "/api/v1/opportunities/by-ref/{source}/{external_id}"): P.account_write,
    ("GET", "/api/v1/opportunities/{opportunity_id}"): P.ask_read,
    ("PATCH", "/api/v1/opportunities/{opportunity_id}"): P.account_write,
    ("GET", "/api/v1/products"): P.ask_read,
    ("POST", "/api/v1/products"): P.catalog_write,
    ("GET", "/api/v1/products/{product_id}"): P.ask_read,
    ("PATCH", "/api/v1/products/{product_id}"): P.catalog_write,
    ("GET", "/api/v1/responses/{response_id}"): P.ask_read,
    ("POST", "/api/v1/responses/{response_id}/told"): P.ask_answer,
    ("GET", "/api/v1/users"): P.user_manage,
    ("POST", "/api/v1/users"): P.user_manage,
    ("GET", "/api/v1/users/{user_id}"): P.user_manage,
    ("PATCH", "/api/v1/users/{user_id}"): P.user_manage,
}
PAGES: Table = {  # for people: each role reads all, which a key of one scope does not
    ("GET", "/asks"): P.ask_read,
    ("GET", "/asks/new"): P.ask_log,
    ("POST", "/asks/new"): P.ask_log,
    ("GET", "/asks/{ask_id}"): P.ask_read,
    ("GET", "/asks/{ask_id}/feature"): P.ask_read,
    ("POST", "/asks/{ask_id}/feature"): P.ask_triage,
    ("GET", "/asks/{ask_id}/responses"): P.ask_read,
    ("POST", "/asks/{ask_id}/responses"): P.ask_answer,
    ("GET", "/asks/{ask_id}/told"): P.ask_read,
    ("POST", "/asks/{ask_id}/told"): P.ask_answer,
    ("GET", "/asks/similar"): P.ask_read,
    ("GET", "/asks/triage"): P.ask_read,
    ("POST", "/asks/triage"): P.ask_triage,
    ("POST", "/asks/{ask_id}/check"): P.ask_read,
    ("GET", "/search"): P.ask_read,
    ("GET", "/demand"): P.demand_read,
    ("POST", "/demand/views"): P.demand_read,
    ("POST", "/demand/views/{view_id}/delete"): P.demand_read,
    ("GET", "/contradictions"): P.ask_read,
    ("GET", "/debts"): P.ask_read,
    ("GET", "/digest"): P.ask_read,
    ("GET", "/styleguide"): P.self_read,
    ("GET", "/admin"): P.catalog_write,
    ("GET", "/admin/products"): P.catalog_write,
    ("POST", "/admin/products"): P.catalog_write,
    ("GET", "/admin/products/{product_id}"): P.catalog_write,
    ("POST", "/admin/products/{product_id}"): P.catalog_write,
    ("GET", "/admin/users"): P.user_manage,
    ("POST", "/admin/users"): P.user_manage,
    ("GET", "/admin/users/{user_id}"): P.user_manage,
    ("POST", "/admin/users/{user_id}"): P.user_manage,
    ("GET", "/admin/users/{user_id}/link"): P.user_manage,
    ("POST", "/admin/users/{user_id}/link"): P.user_manage,
    ("GET", "/admin/keys"): P.key_manage,
    ("POST", "/admin/keys"): P.key_manage,
    ("GET", "/admin/keys/{key_id}/revoke"): P.key_manage,
    ("POST", "/admin/keys/{key_id}/revoke"): P.key_manage,
    ("GET", "/admin/connectors"): P.connector_manage,
    ("POST", "/admin/connectors"): P.connector_manage,
    ("GET", "/admin/connectors/{connector_id}"): P.connector_manage,
    ("POST", "/admin/connectors/{connector_id}"): P.connector_manage,
    ("GET", "/admin/connectors/{connector_id}/preview"): P.connector_manage,
    ("POST", "/admin/connectors/{connector_id}/preview"): P.connector_manage,
    ("GET", "/admin/connectors/{connector_id}/settings"): P.connector_manage,
    ("POST", "/admin/connectors/{connector_id}/settings"): P.connector_manage,
    ("GET", "/admin/connectors/{connector_id}/test"): P.connector_manage,
    ("POST", "/admin/connectors/{connector_id}/test"): P.connector_manage,
    ("GET", "/welcome"): P.user_manage,
    ("POST", "/welcome"): P.user_manage,
    ("GET", "/accounts"): P.ask_read,
    ("GET", "/accounts/new"): P.account_write,
    ("GET", "/accounts/suggest"): P.ask_read,
    ("POST", "/accounts/new"): P.account_write,
    ("GET", "/accounts/{account_id}"): P.ask_read,
    ("GET", "/accounts/{account_id}/edit"): P.account_write,
    ("POST", "/accounts/{account_id}/edit"): P.account_write,
    ("GET", "/accounts/{account_id}/merge"): P.account_write,
    ("POST", "/accounts/{account_id}/merge"): P.account_write,
    ("GET", "/accounts/{account_id}/brief"): P.ask_read,
    ("GET", "/accounts/{account_id}/brief.md"): P.ask_read,
    ("GET", "/roadmap"): P.demand_read,
    ("GET", "/features/new"): P.catalog_write,
    ("POST", "/features/new"): P.catalog_write,
    ("GET", "/features/{feature_id}"): P.demand_read,
    ("GET", "/features/{feature_id}/edit"): P.catalog_write,
    ("POST", "/features/{feature_id}/edit"): P.catalog_write,
    ("GET", "/features/{feature_id}/status"): P.catalog_write,
    ("POST", "/features/{feature_id}/status"): P.catalog_write,
    ("GET", "/features/{feature_id}/merge"): P.catalog_write,
    ("POST", "/features/{feature_id}/merge"): P.catalog_write,
    ("POST", "/features/{feature_id}/unmerge"): P.catalog_write,
    ("GET", "/inbox"): P.inbox_read,
    ("GET", "/inbox/{delivery_id}"): P.inbox_read,
    ("GET", "/inbox/{delivery_id}/dismiss"): P.inbox_read,
    ("POST", "/inbox/{delivery_id}/dismiss"): P.inbox_dismiss,
    ("GET", "/inbox/{delivery_id}/replay"): P.inbox_read,
    ("POST", "/inbox/{delivery_id}/replay"): P.inbox_replay,
    ("POST", "/inbox/replay"): P.inbox_replay,
    ("GET", "/promises"): P.ask_read,
    ("GET", "/promises/{commitment_id}/release"): P.commitment_release,
    ("POST", "/promises/{commitment_id}/release"): P.commitment_release,
    ("GET", "/password"): P.self_read,
    ("POST", "/password"): P.self_read,
    ("POST", "/sign-out-everywhere"): P.self_read,
}
EVERYBODY = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/docs/{tag}"),
    ("POST", "/hooks/{kind}/{connector_id}"),  # who delivers is known by the signature
    ("POST", "/hooks/{kind}/{connector_id}/{proof}"),  # or by the address
    ("GET", "/livez"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("HEAD", "/openapi.json"),
    ("GET", "/problems"),
    ("GET", "/problems/{slug}"),
    ("GET", "/readyz"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/{token}"),
    ("POST", "/sign-in/{token}"),
    ("POST", "/sign-out"),
    ("GET", "/static/{name}"),
    ("GET", "/favicon.ico"),
}

# Who may do what, as it was decided: these are written out, so that a wrong grant is found.
READS = {P.ask_read, P.demand_read, P.self_read}
ANSWERS = {P.ask_log, P.ask_triage, P.ask_answer}
ROLES = {
    Role.se: READS | ANSWERS | {P.account_write, P.inbox_read},
    Role.pm: READS
    | ANSWERS
    | {P.account_write, P.catalog_write, P.commitment_release, P.inbox_read, P.inbox_replay},
    Role.account_manager: READS | {P.ask_log, P.account_write},
    Role.viewer: READS,
    Role.admin: {*Permission},
}
KEYS = {
    Scope.asks_write: ANSWERS | {P.self_read},
    Scope.asks_read: {P.ask_read, P.self_read},
    Scope.demand_read: {P.demand_read, P.self_read},
    Scope.catalog_write: {
        P.account_write,
        P.catalog_write,
        P.commitment_release,
        P.self_read,
    },
    Scope.admin: {
        P.connector_manage,
        P.inbox_dismiss,
        P.inbox_read,
        P.inbox_replay,
        P.key_manage,
        P.self_read,
        P.user_manage,
    },
}


def test_roles_grant_what_was_decided() -> None:
    assert GRANTS == ROLES


def test_scopes_grant_what_was_decided() -> None:
    assert SCOPES == KEYS


def test_every_permission_is_in_some_scope() -> None:
    assert set().union(*KEYS.values()) == {*Permission}


def test_every_route_has_a_row(app: FastAPI) -> None:
    assert set(routes(app)) == API.keys() | PAGES.keys() | EVERYBODY


def test_every_route_names_its_permission(app: FastAPI) -> None:
    for route in iter_route_contexts(app.routes):
        named = [
            each.dependency.permission
            for each in getattr(route, "dependencies", [])
            if hasattr(each.dependency, "permission")
        ]
        for method in route.methods or ():
            wanted = (API | PAGES).get((method, str(route.path_format)))
            assert named == ([wanted] if wanted else []), (method, route.path_format)


@pytest.fixture(scope="module")
def client(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One application for all principals."""
    folder = tmp_path_factory.mktemp("permissions")
    with database(folder, template) as url:
        app = create_app(Settings(database_url=url, data_dir=folder, secret_key="s" * 40))
        with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
            yield client


@pytest.fixture(scope="module")
def person(client: TestClient) -> Iterator[Make]:
    """People and keys on demand, in the database of that application."""
    app = client.app
    assert isinstance(app, FastAPI)
    with Session(app.state.writer, expire_on_commit=False) as session:
        make = Make(session, Policy())
        make.user(Role.admin)
        yield make


def signed_in(make: Make, role: Role) -> dict[str, str]:
    """The headers of a browser in which somebody of a role is signed in."""
    token, _until = sign_in.open_session(make.session, make.user(role))
    make.session.commit()
    return {"Cookie": f"{COOKIE}={token}"}


def with_key(key: str) -> dict[str, str]:
    """The headers of a machine."""
    return {"Authorization": f"Bearer {key}"}


def refused(
    client: TestClient, headers: dict[str, str], table: Table
) -> dict[tuple[str, str], tuple[int, str]]:
    """The routes of a table that refuse a principal, each with the status and the problem."""
    found = {}
    for method, path in table:
        answer = client.request(method, re.sub(r"\{[^}]+\}", SOME_ID, path), headers=headers)
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code in {401, 403}:
            slug = answer.json()["type"].removeprefix("/problems/")
            found[method, path] = (answer.status_code, slug)
    return found


def all_but(held: set[Permission], table: Table) -> dict[tuple[str, str], tuple[int, str]]:
    """What must be refused to whoever holds some permissions."""
    return {route: (403, "not-permitted") for route in table if table[route] not in held}


@pytest.mark.parametrize("role", Role)
def test_a_person_may_what_the_role_grants(client: TestClient, person: Make, role: Role) -> None:
    table = API | PAGES

    assert refused(client, signed_in(person, role), table) == all_but(ROLES[role], table)


@pytest.mark.parametrize("role", Role)
def test_a_key_of_all_scopes_may_what_its_maker_may(
    client: TestClient, person: Make, role: Role
) -> None:
    key = person.key(person.user(role), *Scope)

    assert refused(client, with_key(key), API) == all_but(ROLES[role], API)


@pytest.mark.parametrize("scope", Scope)
def test_a_key_of_one_scope_may_no_more(client: TestClient, person: Make, scope: Scope) -> None:
    key = person.key(person.user(Role.admin), scope)

    assert refused(client, with_key(key), API) == all_but(KEYS[scope], API)


class TestNobody:
    EVERYTHING = dict.fromkeys(API | PAGES, (401, "not-signed-in"))

    def test_without_key_and_cookie(self, client: TestClient) -> None:
        assert refused(client, {}, API | PAGES) == self.EVERYTHING

    def test_with_a_revoked_key(self, client: TestClient, person: Make) -> None:
        user = person.user(Role.admin)
        key = person.key(user)
        row = person.session.exec(select(ApiKey).where(ApiKey.user_id == user.id)).one()
        row.revoked_at = utc_now()
        person.session.commit()

        assert refused(client, with_key(key), API | PAGES) == self.EVERYTHING

    def test_with_the_key_of_somebody_who_left(self, client: TestClient, person: Make) -> None:
        user = person.user(Role.admin)
        key = person.key(user)
        user.active = False
        person.session.commit()

        assert refused(client, with_key(key), API | PAGES) == self.EVERYTHING

    def test_with_a_session_that_is_too_old(self, client: TestClient, person: Make) -> None:
        with time_machine.travel(utc_now() - timedelta(days=15), tick=False):
            headers = signed_in(person, Role.admin)

        assert refused(client, headers, API | PAGES) == self.EVERYTHING

    def test_sees_what_is_for_everybody(self, client: TestClient) -> None:
        for method, path in EVERYBODY:
            if method == "GET":
                answer = client.get(re.sub(r"\{[^}]+\}", "x", path))
                assert answer.status_code in {200, 303, 404}, path
