"""What the service says of itself: one structured line a request, and figures for Prometheus.

Neither holds a path as it was asked for, a query, a header or a body: links and keys are secrets.
"""

import logging
import sys
import time
from typing import Any

import structlog
from asgi_correlation_id import correlation_id
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import answer

log = structlog.get_logger("nomaybe")

UNROUTED = "(none)"


class Figures:
    """The figures of one application; each has a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "nomaybe_request_seconds",
            "Time until the answer began.",
            ["method", "route", "status"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
        )
        self.deliveries = Counter(
            "nomaybe_deliveries_total",
            "Deliveries by what became of them.",
            ["kind", "state"],
            registry=self.registry,
        )
        self.waiting = Gauge(
            "nomaybe_inbox_waiting", "Deliveries not read yet.", registry=self.registry
        )
        self.parked = Gauge(
            "nomaybe_inbox_parked", "Deliveries that wait for a person.", registry=self.registry
        )
        self.lag = Gauge(
            "nomaybe_inbox_lag_seconds",
            "Age of the oldest delivery not read yet.",
            registry=self.registry,
        )
        self.silent = Gauge(
            "nomaybe_silent_connectors",
            "Connectors that used to deliver, and have been silent for longer than ever.",
            registry=self.registry,
        )
        self.digests_not_taken = Gauge(
            "nomaybe_digests_not_taken",
            "Digests of today that no mail server is known to have taken, in all processes.",
            registry=self.registry,
        )
        self.mail_failures = Counter(
            "nomaybe_mail_failures_total",
            "Times that a mail server could not be reached, or did not take a letter.",
            registry=self.registry,
        )


class Observed:
    """Logs and measures each request, and adds the headers that every answer has.

    What breaks is answered here and not further out, so that these answers have them too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"] = [*message["headers"], *_headers(scope)]
            await send(message)

        try:
            await self.app(scope, receive, observed)
        except Exception as error:
            log.exception("request_failed", **_said(scope), request_id=correlation_id.get())
            if status:  # it has begun, and can only be cut off
                raise
            await answer(Request(scope), error)(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - started
            said = _said(scope)
            figures: Figures = scope["app"].state.figures
            figures.requests.labels(said["method"], said["route"], status).observe(seconds)
            log.info(
                "request",
                **said,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                request_id=correlation_id.get(),
            )


def _said(scope: Scope) -> dict[str, Any]:
    route = getattr(scope.get("route"), "path_format", UNROUTED)
    if scope["path"].startswith("/api/v1/") and route != UNROUTED:
        route = f"/api/v1{route}"
    found: dict[str, Any] = {
        "method": scope["method"] if scope["method"] in _METHODS else "OTHER",
        "route": route,
    }
    caller = scope.get("state", {}).get("caller")
    if caller is not None:
        found["caller"] = str(caller.principal)
    return found


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    # Under `no-referrer` browsers send `Origin: null` with our own forms, and we refuse those.
    found = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
    rate = scope.get("state", {}).get("rate")
    if rate is not None:
        allowed, remaining, seconds = rate
        found += [
            (b"ratelimit-policy", f'"default";q={allowed};w=60'.encode()),
            (b"ratelimit", f'"default";r={remaining};t={seconds}'.encode()),
        ]
    if not scope["path"].startswith("/static/"):
        found.append((b"cache-control", b"no-store"))
    return found


def set_up_logging(level: str) -> None:
    """JSON lines on standard error, for our own messages and those of the libraries."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for quiet in ("uvicorn.access", "httpx", "alembic", "sqlalchemy"):  # rows are not for logs
        logging.getLogger(quiet).setLevel(logging.WARNING)
