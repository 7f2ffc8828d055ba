"""No key, password, cookie or link is found in the log or in the database, whatever happens."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlmodel import Session, col

from api.app import create_app
from api.auth import COOKIE
from api.observing import set_up_logging
from models.base import Model
from models.user import Role, User
from services.settings import Settings
from tests.conftest import As
from tests.factories import Make

PASSWORD = "correct horse battery staple"  # noqa: S105  # it is planted, to be looked for
WRONG = "incorrect horse battery"
PLANTED = "planted-canary-in-a-wrong-place"
CONNECTOR = "connector-secret-canary-0123456789"
CRM_TOKEN = "pat-eu1-token-canary-0123456789"  # noqa: S105  # invented
KEY, KEY_2 = {"Idempotency-Key": "one"}, {"Idempotency-Key": "two"}


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """The log as an operator gets it who wants to see all."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    configured = structlog.get_config()
    set_up_logging("debug")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # that is the client of these tests
    yield capsys
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.configure(**configured)


def dump(session: Session) -> str:
    """All that the database holds, as text."""
    session.rollback()
    return "\n".join(
        repr(row)
        for table in Model.metadata.sorted_tables
        for row in session.execute(select(table))
    )


def use_everything(boss: TestClient, browser: TestClient) -> dict[str, str]:
    """Do what makes and uses secrets, rightly and wrongly, and tell them."""
    found = {"password": PASSWORD, "wrong password": WRONG, "connector": CONNECTOR}
    found["token"] = CRM_TOKEN
    found["planted"] = PLANTED
    found["own key"] = boss.headers["Authorization"].removeprefix("Bearer ")
    user = {"email": "kim@acme.example", "name": "Kim Roe", "role": "admin", "password": PASSWORD}
    keys = [boss.post("/api/v1/api-keys", json={"name": "CRM"}, headers=KEY) for _each in "ab"]
    people = [boss.post("/api/v1/users", json=user, headers=KEY_2) for _each in "ab"]
    found["new key"] = keys[1].json()["secret"]
    found["link"] = people[1].json()["sign_in_url"].rpartition("/")[2]
    form = {"email": "kim@acme.example", "password": PASSWORD}
    browser.post("/sign-in", data=form | {"password": WRONG})
    browser.post("/sign-in", data=form)
    found["cookie"] = browser.cookies[COOKIE]
    browser.get("/demand")
    browser.get(f"/sign-in/{found['link']}")
    browser.post(f"/sign-in/{found['link']}")
    found["second cookie"] = browser.cookies[COOKIE]
    browser.post(f"/sign-in/{found['link']}")
    browser.post("/password", data={"password": PASSWORD + "2", "again": PASSWORD + "2"})
    _deliver(boss)
    _go_astray(boss, found["new key"])
    return found


def _deliver(boss: TestClient) -> None:
    made = boss.post(
        "/api/v1/connectors",
        json={"kind": "generic", "name": "Home-made", "secret": CONNECTOR},
        headers={"Idempotency-Key": "three"},
    )
    asked = {"kind": "hubspot", "name": "HubSpot", "secret": CONNECTOR, "token": CRM_TOKEN}
    boss.post("/api/v1/connectors", json=asked, headers={"Idempotency-Key": "four"})
    path = f"/hooks/generic/{made.json()['id']}"
    for secret in (CONNECTOR, PLANTED):
        boss.post(path, json={"title": "SSO"}, headers={"Authorization": f"Bearer {secret}"})


def _go_astray(boss: TestClient, key: str) -> None:
    """Send secrets where they do not belong."""
    for secret in (key, PLANTED):
        boss.get(f"/api/v1/{secret}", params={"key": secret})
        boss.get(f"/api/v1/products/{secret}", headers={"X-Request-ID": secret})
        boss.post("/api/v1/products", json={"name": "", secret: secret})
        boss.post("/api/v1/products", content=f'{{"name": "{secret}')
        boss.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}x"})
        boss.get("/api/v1/me", headers={"Authorization": secret})
        boss.get(f"/nothing/{secret}?token={secret}")
        boss.request(secret, "/api/v1/products")


@pytest.fixture
def used(
    log: pytest.CaptureFixture[str],  # noqa: ARG001  # it is set up before the application
    settings: Settings,
    make: Make,
) -> Iterator[dict[str, str]]:
    """The secrets that were used."""
    app = create_app(settings)
    key = make.key(make.user(Role.admin))
    with TestClient(app, raise_server_exceptions=False) as browser:
        boss = TestClient(
            app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {key}"}
        )
        yield use_everything(boss, browser)


def test_none_is_in_the_log(used: dict[str, str], log: pytest.CaptureFixture[str]) -> None:
    said = "".join(log.readouterr())

    assert said.count('"event": "request"') > 25
    assert [name for name, secret in used.items() if secret in said] == []


def test_none_is_in_the_database(used: dict[str, str], make: Make) -> None:
    held = dump(make.session)

    assert "kim@acme.example" in held
    assert [name for name, secret in used.items() if secret in held] == []


def test_a_password_is_kept_as_argon2id(used: dict[str, str], make: Make) -> None:
    user = make.session.execute(
        select(User).where(col(User.email) == "kim@acme.example")
    ).scalar_one()

    assert used
    assert str(user.password_hash).startswith("$argon2id$")


def test_none_is_in_what_is_logged_when_we_fail(
    log: pytest.CaptureFixture[str], client_as: As, make: Make
) -> None:
    boss = client_as(Role.admin)
    make.session.execute(text("DROP TABLE first_answer"))
    make.session.commit()
    user = {"email": "kim@acme.example", "name": "Kim Roe", "role": "se", "password": PASSWORD}

    answer = boss.post("/api/v1/users", json=user, headers={"Idempotency-Key": PLANTED})

    said = "".join(log.readouterr())
    assert answer.status_code in {500, 503}
    assert "request_failed" in said
    assert "first_answer" in said
    assert PLANTED not in said
    assert PASSWORD not in said


def test_none_is_in_an_answer_about_our_failure(app: FastAPI, client_as: As) -> None:
    boss = client_as(Role.admin)
    del app.state.turn

    answer: Any = boss.post("/api/v1/api-keys", json={"name": PLANTED})

    assert answer.status_code == 500
    assert PLANTED not in answer.text
    assert "turn" not in answer.text
