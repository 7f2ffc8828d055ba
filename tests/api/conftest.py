"""Every answer that any test of the API gets is held against the OpenAPI document."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from httpx2 import Request, Response
from sqlalchemy import event

from api.app import create_app
from services.settings import Settings
from tests.api.contract import Contract

Hear = Callable[..., None]


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """Log plainly, as the service does; the log for developers takes seconds over a failure."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )


@pytest.fixture(scope="session")
def contract(template: str, tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """What the OpenAPI document promises; it is the same for every application."""
    settings = Settings(database_url=template, data_dir=tmp_path_factory.mktemp("contract"))
    app = create_app(settings, worker=False)
    app.state.engines.dispose()
    return Contract(app)


@pytest.fixture(autouse=True)
def _keeps_the_contract(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at what every client gets, however it was made."""
    send = TestClient.send

    def checked(client: TestClient, request: Request, **options: Any) -> Response:
        response = send(client, request, **options)
        faults = contract.faults(request, response)
        assert not faults, f"{request.method} {request.url.path}: {faults}\n{response.text[:1000]}"
        return response

    monkeypatch.setattr(TestClient, "send", checked)


@pytest.fixture
def hear() -> Iterator[Hear]:
    """`hear(engine, name, deed)` listens to an engine until the test ends, since others use it."""
    heard: list[tuple[Any, ...]] = []

    def listen(*what: Any) -> None:
        event.listen(*what)
        heard.append(what)

    yield listen
    for what in heard:
        event.remove(*what)
