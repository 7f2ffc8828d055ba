"""Where everything is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from threading import Lock

import anyio.to_thread
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI

from api import (
    accounts,
    asks,
    commitments,
    connectors,
    contradictions,
    debts,
    demand,
    features,
    hooks,
    inbox,
    openapi,
    opportunities,
    problems,
    products,
    responses,
    running,
    users,
    web,
)
from api.auth import CrossSite, Limiter
from api.inlet import Inlet
from api.mailing import Postman
from api.observing import Figures, Observed
from api.web.sign_in import TRIES_A_MINUTE
from api.work import Busy
from api.worker import Worker
from models.base import new_id
from models.database import Engines, check_settings, open_engines
from models.migrations import head
from services import errors, sign_in
from services.book import Book
from services.idempotency import KeyReused
from services.permissions import NotPermitted
from services.settings import Settings
from services.vault import Vault, key_in

API = "/api/v1"
NOUNS = (
    products,
    accounts,
    opportunities,
    features,
    asks,
    responses,
    commitments,
    contradictions,
    debts,
    demand,
    connectors,
    inbox,
    users,
)
ANYWHERE = (
    sign_in.NotSignedIn,
    NotPermitted,
    CrossSite,
    errors.TooSlow,
    Busy,
    errors.TooLarge,
    errors.Invalid,
    KeyReused,
    errors.TooFast,
    errors.Unavailable,
)


def create_app(
    settings: Settings | None = None, *, worker: bool = True, demo: bool = False
) -> FastAPI:
    """The application, for the settings given or those of the environment.

    Args:
        settings: What the operator set.
        worker: Whether deliveries are read in this process; else `nomaybe worker` must run.
        demo: Whether it shows invented data, and the pages about pages.
    """
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = app.state.threads
        state = app.state
        check_settings(state.writer)
        state.inlet.start()
        if worker:
            state.worker.start()
        # Invented people get no mail.
        postman = state.postman if worker and not demo else None
        if postman is not None:
            postman.start()
        yield
        state.stopping = True
        # What was taken in is written, and what is being read is finished, before all ends.
        await anyio.to_thread.run_sync(state.inlet.stop)
        await anyio.to_thread.run_sync(state.worker.stop)
        if postman is not None:
            await anyio.to_thread.run_sync(postman.stop)
        if state.engines_end_with_it:
            state.engines.dispose()

    app = FastAPI(
        title="Nomaybe",
        version="1",
        summary="Feature-request triage in which every ask ends in an answer.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    furnish(app, settings, demo=demo)
    problems.install(app)
    app.include_router(hooks.router)  # the first, since routes are tried one after another
    for noun in NOUNS:
        app.include_router(
            noun.router,
            prefix=API,
            responses=problems.problems(*ANYWHERE),
        )
    app.include_router(running.router)
    openapi.install(app)
    web.install(app)
    app.add_middleware(Observed)
    app.add_middleware(
        CorrelationIdMiddleware, header_name="X-Request-ID", generator=lambda: str(new_id())
    )
    return app


def furnish(
    app: FastAPI, settings: Settings, *, demo: bool = False, engines: Engines | None = None
) -> None:
    """Give an application what its endpoints work with: at first, or anew between two runs.

    Args:
        app: The application, not running.
        settings: The operator's.
        demo: Whether it shows invented data.
        engines: Those of an earlier run on the same database; they know its statements already,
            and stay open when this run ends.
    """
    state = app.state
    state.demo = demo
    state.threads = settings.threads or (4 if settings.database.startswith("sqlite") else 8)
    secret = settings.secret_key.get_secret_value() if settings.secret_key else None
    state.engines = engines or open_engines(settings.database, pool_size=state.threads + 4)
    state.engines_end_with_it = engines is None
    state.writer, state.reader, state.glance = state.engines
    engine = state.writer
    # SQLite has one writer at a time: waiting here costs nothing, waiting there means polling.
    state.turn = Lock() if engine.dialect.name == "sqlite" else nullcontext()
    state.policy = settings.policy
    state.vault = Vault(secret or key_in(settings.data_dir))
    state.limiter = Limiter(settings.rate_limit)
    state.sign_in_limiter = Limiter(TRIES_A_MINUTE)
    state.book = Book()
    state.figures = Figures()
    state.worker = Worker(engine, state.turn, state.policy, state.figures)
    state.postman = None
    if settings.mail is not None:
        state.postman = Postman(state, state.policy, settings.mail, settings.digest_hour)
    state.inlet = Inlet(engine, state.turn, state.vault, state.figures, state.worker.wake)
    state.migration_wanted = head()
    state.stopping = False
