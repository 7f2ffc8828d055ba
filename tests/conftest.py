"""Fixtures: each test has a migrated database of its own, and really commits to it."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from coverage import Coverage
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from api.app import create_app, furnish
from models import migrations
from models.database import Engines, connect, open_engines
from models.user import Role, Scope
from services.permissions import Caller
from services.policy import Policy
from services.settings import Settings
from services.users import caller_for
from tests.databases import ON_SQLITE, database, drop_spare, scratch
from tests.factories import Make

As = Callable[..., TestClient]
TRACED = pytest.StashKey[bool]()  # on tests that reach lines of their own

os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(scratch()))
gc.freeze()  # what is loaded now stays to the end, and need not be looked through again


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database at head, migrated once."""
    with database(tmp_path_factory.mktemp("template")) as url:
        migrations.upgrade(url)
        yield url
        drop_spare()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' databases lie, one after the other."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture
def database_url(template: str, place: Path) -> Iterator[str]:
    """This test's copy of the template, at an address that other tests have before and after."""
    with database(place, template, bare=True) as url:
        yield url


@cache
def engine_at(url: str) -> Engine:
    """An engine that the tests at an address share: to compile statements takes most of one."""
    return connect(url)


@cache
def engines_at(url: str) -> Engines:
    """Likewise those of an application."""
    return open_engines(url)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    """A session for arranging and looking; the app under test has its own."""
    engine = engine_at(database_url)
    with Session(engine, expire_on_commit=False) as session:
        yield session
    if ON_SQLITE:
        engine.dispose()


@pytest.fixture
def policy() -> Policy:
    """The operator's decisions, as they are by default."""
    return Policy()


@pytest.fixture
def make(session: Session, policy: Policy) -> Make:
    """Rows on demand, made through the services."""
    return Make(session, policy)


@pytest.fixture
def admin(make: Make) -> Caller:
    """An administrator, for calling services."""
    return caller_for(make.user(Role.admin))


@pytest.fixture(scope="session")
def by_default() -> Settings:
    """What is set where nobody sets anything; to look for it takes longer than many a test."""
    return Settings(secret_key="s" * 40)


@pytest.fixture
def settings(by_default: Settings, database_url: str, tmp_path: Path) -> Settings:
    """The settings of the application under test."""
    return by_default.model_copy(update={"database_url": database_url, "data_dir": tmp_path})


@pytest.fixture(scope="session")
def built(template: str, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """An application whose routes are built once, since that takes longer than most tests."""
    folder = tmp_path_factory.mktemp("built")
    return create_app(Settings(database_url=template, data_dir=folder), worker=False)


@pytest.fixture
def app(built: FastAPI, settings: Settings) -> Iterator[FastAPI]:
    """The application under test, furnished anew and not yet running."""
    engines = engines_at(settings.database)
    furnish(built, settings, engines=engines)
    yield built
    if ON_SQLITE:
        engines.dispose()


@pytest.fixture
def anybody(app: FastAPI) -> Iterator[TestClient]:
    """A client that is nobody; the application runs while it is open."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client_as(app: FastAPI, anybody: TestClient, make: Make) -> As:
    """`client_as(Role.se)` is a client with a key of an SE; scopes may be named after the role."""

    def sign_in(role: Role, *scopes: Scope) -> TestClient:
        key = make.key(make.user(role), *scopes)
        client = TestClient(
            app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {key}"}
        )
        client.portal = anybody.portal  # else each request starts a loop, and a thread for it
        return client

    return sign_in


@pytest.fixture
def se(client_as: As) -> TestClient:
    """A client with the key of an SE."""
    return client_as(Role.se)


@pytest.fixture
def pm(client_as: As) -> TestClient:
    """A client with the key of a PM."""
    return client_as(Role.pm)


@pytest.fixture
def boss(client_as: As) -> TestClient:
    """A client with the key of an administrator."""
    return client_as(Role.admin)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with those in a browser, which then is started once; say what reaches new lines.

    Tests that take seconds repeat what quick ones reach, and so do the further cases of one test,
    and properties that are tried on many examples.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)
    seen = set[object]()
    for item in items:
        test = getattr(item, "function", item)
        tried = getattr(test, "is_hypothesis_test", False)
        kept = any(map(item.get_closest_marker, ("slow", "browser")))
        if not (test in seen or tried or kept):
            item.stash[TRACED] = True
        seen.add(test)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace what reaches new lines alone: to trace a test makes it take twice as long."""
    paused = list[Coverage]()
    # In a process of several there are two, and to stop the inner one starts the outer.
    while TRACED not in item.stash and (tracing := Coverage.current()):
        tracing.stop()
        paused.append(tracing)
    try:
        return (yield)
    finally:
        while paused:
            paused.pop().start()
