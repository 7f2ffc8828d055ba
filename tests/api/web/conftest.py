"""Fixtures for pages: browsers that are signed in."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.auth import COOKIE
from models.user import Role, User
from services import sign_in
from tests.factories import Make

Browser = Callable[..., TestClient]
ACCEPT = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def visitor(app: FastAPI, anybody: TestClient) -> TestClient:
    """A browser that nobody is signed in with; it does not follow redirects."""
    client = TestClient(app, raise_server_exceptions=False, headers=ACCEPT, follow_redirects=False)
    client.portal = anybody.portal
    return client


@pytest.fixture
def browser_as(app: FastAPI, visitor: TestClient, make: Make) -> Browser:
    """`browser_as(Role.se)` is a browser with the session of an SE, or of the user given."""

    def open_browser(role: Role, user: User | None = None) -> TestClient:
        token, _until = sign_in.open_session(make.session, user or make.user(role))
        make.session.commit()
        client = TestClient(
            app,
            raise_server_exceptions=False,
            headers=ACCEPT,
            cookies={COOKIE: token},
            follow_redirects=False,
        )
        client.portal = visitor.portal
        return client

    return open_browser


@pytest.fixture
def desk(browser_as: Browser) -> TestClient:
    """The browser of an SE."""
    return browser_as(Role.se)


def link_for(make: Make, user: User) -> str:
    """The path of a one-time sign-in link."""
    token = sign_in.new_link(make.session, user)
    make.session.commit()
    return f"/sign-in/{token}"


@pytest.fixture
def office(browser_as: Browser) -> TestClient:
    """The browser of a PM."""
    return browser_as(Role.pm)
