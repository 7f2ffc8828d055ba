"""The floor: the same work by raw Starlette and the raw driver, on the same tables and triggers.

It looks the key up by its hash, checks what the product checks, writes and reads the same columns
with the same durability, and does nothing else: no validation, no permissions, no rules.
"""

import hashlib
import hmac
import json
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import anyio.to_thread
import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

from models.base import utc_now

ASK = (
    "id", "created_at", "version", "changed_at", "account_id", "product_id", "feature_id", "title",
    "verbatim", "importance", "asked_on", "source", "external_source", "external_id", "logged_by",
    "state", "answer_due_on", "owed_since",
)  # fmt: skip
OWN = (
    "id", "title", "verbatim", "why", "importance", "product_id", "feature_id", "opportunity_id",
    "asked_on", "source_url", "external_id", "state", "answer_due_on", "source", "created_at",
    "withdrawn_reason", "version",
)  # fmt: skip
ANSWER = (
    "id", "ask_id", "feature_id", "kind", "basis", "how", "workaround", "message", "contractual",
    "contract_reference", "evidence", "hedge_override", "created_at", "supersedes",
    "supersedes_reason",
)  # fmt: skip
LIST = (
    f"SELECT {', '.join(f'a.{name}' for name in OWN)}, c.id, c.name, c.domain, p.name, p.email,"  # noqa: S608
    f" u.email, v.response_id, {', '.join(f'r.{name}' for name in ANSWER)}, w.email"
    " FROM ask a JOIN account c ON c.id = a.account_id LEFT JOIN contact p ON p.id = a.contact_id"
    " LEFT JOIN app_user u ON u.id = a.logged_by LEFT JOIN response r ON r.id = a.response_id"
    " LEFT JOIN app_user w ON w.id = r.author_id LEFT JOIN revisit v ON v.response_id ="
    " a.response_id ORDER BY a.id DESC LIMIT 50"
)


def sent(row: tuple[Any, ...]) -> dict[str, Any]:
    """A row of the list as the ask that it is sent as."""
    at = len(OWN)
    account_id, name, domain, contact, email, logged_by, _revisit = row[at : at + 7]
    answer = row[at + 7 : -1]
    return {
        **dict(zip(OWN, row, strict=False)),
        "account": {"id": account_id, "name": name, "domain": domain},
        "contact": contact and {"name": contact, "email": email},
        "logged_by": logged_by,
        "response": answer[0] and {**dict(zip(ANSWER, answer, strict=True)), "author": row[-1]},
    }


class Store:
    """One connection a thread, set up as the product sets its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self.mark = "?" if self.sqlite else "%s"
        self._local = threading.local()

    def connection(self) -> Any:
        """This thread's connection."""
        if not hasattr(self._local, "connection"):
            if self.sqlite:
                found: Any = sqlite3.connect(
                    self.url.removeprefix("sqlite:///"), isolation_level=None
                )
                for pragma in (
                    "busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL",
                    "foreign_keys = ON", "recursive_triggers = ON",
                ):  # fmt: skip
                    found.execute(f"PRAGMA {pragma}")
            else:
                found = psycopg.connect(self.url, autocommit=True)
            self._local.connection = found
        return self._local.connection

    def id(self, value: Any) -> Any:
        """An id as the column holds it."""
        return str(value).replace("-", "") if self.sqlite else str(value)

    def sql(self, text: str) -> str:
        """SQL with this driver's marks for parameters."""
        return text if self.sqlite else text.replace("?", "%s")

    def known(self, request: Request) -> Any:
        """The person behind the key."""
        key = request.headers["authorization"][7:]
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self.connection().execute(
            self.sql(
                "SELECT u.id FROM app_user u JOIN api_key k ON k.user_id = u.id"
                " WHERE k.key_hash = ? AND k.revoked_at IS NULL"
            ),
            (digest,),
        ).fetchone()[0]  # fmt: skip


def serve(url: str, port: int, secret: str) -> None:
    """Serve the floor until the process is ended."""
    store = Store(url)
    begin = "BEGIN IMMEDIATE" if store.sqlite else "BEGIN"
    # One writer at a time on SQLite: waiting for a lock here is far cheaper than its polling.
    turn = threading.Lock() if store.sqlite else nullcontext()

    def insert(table: str, names: tuple[str, ...]) -> str:
        marks = ", ".join("?" * len(names))
        return store.sql(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})")  # noqa: S608

    insert_ask = insert("ask", ASK)
    insert_delivery = insert(
        "delivery",
        ("id", "created_at", "connector_id", "content_type", "headers", "body", "sha256"),
    )

    def log_ask(request: Request, body: bytes) -> bytes:
        user = store.known(request)
        new = json.loads(body)
        with turn:
            return write_ask(user, new)

    def write_ask(user: Any, new: dict[str, Any]) -> bytes:
        connection = store.connection()
        connection.execute(begin)
        account = store.id(new["account"]["id"])
        feature = store.id(new["feature_id"])
        connection.execute(
            store.sql("SELECT name, domain FROM account WHERE id = ?"), (account,)
        ).fetchone()
        product = connection.execute(
            store.sql("SELECT product_id FROM feature WHERE id = ?"), (feature,)
        ).fetchone()[0]
        key, now = uuid7(), utc_now()
        stamp = now.strftime("%Y-%m-%d %H:%M:%S.%f") if store.sqlite else now
        row = (
            store.id(key), stamp, 1, stamp, account, product, feature, new["title"],
            new["verbatim"], new["importance"], str(now.date()), "api", "api", new["external_id"],
            user, "unanswered", str(now.date()), str(now.date()),
        )  # fmt: skip
        connection.execute(insert_ask, row)
        connection.execute("COMMIT")
        return json.dumps(dict(zip(ASK, map(str, row), strict=True))).encode()

    def list_asks(request: Request, _body: bytes) -> bytes:
        store.known(request)
        rows = store.connection().execute(LIST).fetchall()
        items = [sent(row) for row in rows]
        return json.dumps({"items": items, "next_cursor": None}, default=str).encode()

    def receive(request: Request, body: bytes) -> bytes:
        if not hmac.compare_digest(request.headers["authorization"][7:], secret):
            raise PermissionError
        now = utc_now()
        stamp = now.strftime("%Y-%m-%d %H:%M:%S.%f") if store.sqlite else now
        row = (
            store.id(uuid7()), stamp, store.id(request.path_params["connector"]),
            "application/json", "{}", body, hashlib.sha256(body).hexdigest(),
        )  # fmt: skip
        with turn:
            connection = store.connection()
            connection.execute(begin)
            connection.execute(insert_delivery, row)
            connection.execute("COMMIT")
        return b'{"received": true}'

    def route(path: str, method: str, deed: Any) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            return Response(
                await run_in_threadpool(deed, request, body), media_type="application/json"
            )

        return Route(path, endpoint, methods=[method])

    @asynccontextmanager
    async def few_threads(_app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 4 if store.sqlite else 8
        yield

    app = Starlette(
        lifespan=few_threads,
        routes=[
            route("/api/v1/asks", "POST", log_ask),
            route("/api/v1/asks", "GET", list_asks),
            route("/hooks/generic/{connector}", "POST", receive),
        ],
    )

    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3])
