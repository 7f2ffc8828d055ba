"""For whoever runs the service: alive, ready, its figures."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from models import migrations, triggers
from services.settings import Settings
from tests.databases import ON_SQLITE, database
from tests.factories import Make

UNREACHABLE = (
    "sqlite:////nowhere/nomaybe.db" if ON_SQLITE else "postgresql://nobody@127.0.0.1:1/nothing"
)


def client_of(url: str, folder: Path) -> TestClient:
    """A client of an application on some database."""
    settings = Settings(database_url=url, data_dir=folder, secret_key="s" * 40)
    return TestClient(create_app(settings, worker=False), raise_server_exceptions=False)


@pytest.fixture
def lost(tmp_path: Path) -> TestClient:
    """A client of an application whose database cannot be reached."""
    return client_of(UNREACHABLE, tmp_path)


@pytest.fixture
def unmigrated(tmp_path: Path) -> Iterator[TestClient]:
    """A client of an application whose database is empty."""
    with database(tmp_path) as url:
        client = client_of(url, tmp_path)
        yield client
        client.app.state.engines.dispose()  # type: ignore[attr-defined]  # it is a FastAPI


class TestAlive:
    def test_as_long_as_it_answers(self, lost: TestClient) -> None:
        answer = lost.get("/livez")

        assert (answer.status_code, answer.json()) == (200, {"alive": True})


class TestReady:
    def test_when_all_is_well(self, anybody: TestClient) -> None:
        answer = anybody.get("/readyz")

        head = migrations.head()
        assert answer.status_code == 200
        assert answer.json() == {
            "ready": True,
            "database": "ok",
            "migration": head,
            "migration_wanted": head,
            "waiting": 0,
            "parked": 0,
            "lag_seconds": 0.0,
        }

    def test_not_before_the_migrations(self, unmigrated: TestClient) -> None:
        answer = unmigrated.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["ready"] is False
        assert answer.json()["database"] == "not migrated; run `nomaybe migrate`"
        assert answer.json()["migration"] is None

    def test_not_with_a_migration_of_another_version(self, anybody: TestClient, make: Make) -> None:
        make.session.execute(text("UPDATE alembic_version SET version_num = 'other'"))
        make.session.commit()

        answer = anybody.get("/readyz")

        assert (answer.status_code, answer.json()["migration"]) == (503, "other")

    def test_not_without_a_trigger(self, anybody: TestClient, make: Make) -> None:
        dialect = make.session.get_bind().dialect.name
        lost = next(each for each in triggers.triggers(dialect) if each.table == "response")
        where = "" if ON_SQLITE else f" ON {lost.table}"
        make.session.execute(text(f"DROP TRIGGER {lost.name}{where}"))
        make.session.commit()

        answer = anybody.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["database"] == "lacks 1 trigger(s); run `nomaybe migrate`"

    def test_not_without_a_database(self, lost: TestClient) -> None:
        answer = lost.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["database"] == "cannot be reached"

    def test_not_while_it_stops(self, anybody: TestClient, app: FastAPI) -> None:
        app.state.stopping = True

        assert anybody.get("/readyz").status_code == 503


class TestMetrics:
    def test_count_requests_by_route(self, anybody: TestClient) -> None:
        anybody.get("/api/v1/products/01890a5d-ac96-774b-bcce-b302099a8057")

        found = anybody.get("/metrics").text

        assert re.search(
            r'nomaybe_request_seconds_count\{method="GET",'
            r'route="/api/v1/products/\{product_id\}",status="401"\} 1.0',
            found,
        )

    def test_hold_nothing_that_was_sent(self, anybody: TestClient) -> None:
        anybody.request("BREW", "/canary-path?canary=query", headers={"X-Canary": "canary"})

        found = anybody.get("/metrics").text

        assert 'method="OTHER",route="(none)"' in found
        assert "canary" not in found
        assert "BREW" not in found

    def test_tell_the_backlog(self, anybody: TestClient) -> None:
        found = anybody.get("/metrics").text

        assert "nomaybe_inbox_waiting 0.0" in found
        assert "nomaybe_inbox_parked 0.0" in found

    def test_are_there_when_the_database_is_not(self, lost: TestClient) -> None:
        answer = lost.get("/metrics")

        assert answer.status_code == 200
        assert "nomaybe_inbox_waiting NaN" in answer.text


class TestBroken:
    def test_storage_that_is_down_says_so(self, lost: TestClient) -> None:
        answer = lost.get("/api/v1/products", headers={"Authorization": "Bearer nmk_x"})

        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/storage-unavailable"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["X-Request-ID"]

    def test_our_fault_tells_nothing_of_the_inside(self, boss: TestClient, app: FastAPI) -> None:
        del app.state.policy

        answer = boss.get("/api/v1/products")

        assert answer.status_code == 500
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json() == {
            "type": "/problems/internal",
            "title": "Something broke on our side",
            "status": 500,
            "detail": "The service failed on this request. The log has it under the request id.",
        }

    def test_our_fault_has_the_headers_of_every_answer(
        self, boss: TestClient, app: FastAPI
    ) -> None:
        del app.state.policy

        answer = boss.get("/api/v1/products")

        assert answer.headers["X-Request-ID"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["RateLimit"]
