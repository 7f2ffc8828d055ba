"""The pages of people: how long the server takes for each, and how large it is.

On the demo (1,500 asks), one request at a time; and the brief for a call where 10,000 accounts are
on file. The floor is the page with the least on it, in the same run.
"""

import re
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from benchmarks import serving
from benchmarks.rows import seed
from models.account import Account
from models.ask import Ask, AskState
from models.commitment import Commitment
from models.database import connect
from models.feature import Feature
from models.product import Product
from models.user import Role, User
from services import demo, sign_in
from services.policy import Policy

FLOOR = "/password"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
P95_MS, BYTES, BRIEF_MS = 80, 150_000, 300
PLAIN = (
    FLOOR, "/asks?show=waiting", "/asks?show=all", "/asks?show=untriaged", "/asks/new", "/demand",
    "/demand?segment=enterprise&compare=previous", "/roadmap", "/features/new", "/accounts",
    "/accounts/new", "/promises", "/inbox", "/search?q=export", "/admin/products", "/admin/users",
    "/admin/keys", "/admin/connectors", "/docs/asks",
    "/accounts/suggest?account=a", "/asks/similar?title=export",
)  # fmt: skip


def measure(database: str, *, quick: bool) -> list[dict[str, Any]]:
    """Every page on one database; one row a page."""
    count = 20 if quick else 100
    with _on(database) as url:
        print(f"\n{database}: filling the demo", flush=True)
        _fill(url)
        with _served(url) as (port, cookie):
            found = _time(database, port, cookie, [*PLAIN, *_richest(url)], count, P95_MS)
    size = {"asks": 37_500, "accounts": 10_000, "features": 100}
    with _on(database) as url:
        print(f"{database}: seeding {size['accounts']} accounts", flush=True)
        seed(url, **size)
        with _served(url) as (port, cookie):
            brief = next(each for each in _richest(url) if each.endswith("/brief"))
            found += _time(database, port, cookie, [FLOOR, brief], count, BRIEF_MS)
    return found


@contextmanager
def _on(database: str) -> Iterator[str]:
    with serving.database(database) as url:
        yield url


def _fill(url: str) -> None:
    engine = connect(url)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        for _step in demo.fill(session, Policy()):
            pass
    engine.dispose()


@contextmanager
def _served(url: str) -> Iterator[tuple[int, str]]:
    """A server's port, and the cookie of an administrator's session."""
    engine = connect(url)
    with Session(engine) as session, session.begin():
        admin = session.scalars(select(User).where(col(User.role) == Role.admin)).first()
        if admin is None:
            raise LookupError("nobody to sign in")
        token, _until = sign_in.open_session(session, admin)
    engine.dispose()
    with (
        tempfile.TemporaryDirectory() as home,
        serving.server("nomaybe", environment=serving.environment(url, home)) as (port, _pid),
    ):
        yield port, token


def _richest(url: str) -> list[str]:
    """The pages about what most is on file of."""
    engine = connect(url)

    def first(column: Any, *where: Any) -> Any:
        most = select(column).where(*where).group_by(column).order_by(func.count().desc()).limit(1)
        return session.execute(most).scalar()

    with Session(engine) as session:
        account = first(col(Ask.account_id))
        feature = first(col(Ask.feature_id), col(Ask.feature_id).is_not(None))
        waiting = first(col(Ask.id), col(Ask.state) == AskState.unanswered)
        answered = first(col(Ask.id), col(Ask.state) == AskState.answered)
        product, promise = first(col(Product.id)), first(col(Commitment.id))
        other = session.execute(select(col(Feature.id)).where(col(Feature.id) != feature)).scalar()
        known = session.execute(select(func.count(col(Account.id)))).scalar_one()
    engine.dispose()
    print(f"  {known} accounts", flush=True)
    found = [
        f"/accounts/{account}", f"/accounts/{account}/edit", f"/features/{feature}",
        f"/features/{feature}/edit", f"/features/{feature}/status",
        f"/features/{feature}/merge?into={other}", f"/asks/{waiting}", f"/asks/{answered}",
        f"/admin/products/{product}", f"/accounts/{account}/brief",
    ]  # fmt: skip
    return found + ([f"/promises/{promise}/release"] if promise else [])


def _time(
    database: str, port: int, cookie: str, paths: list[str], count: int, limit: int
) -> list[dict[str, Any]]:
    """Fetch each page `count` times after three to warm up, and print what it took."""
    rows: list[dict[str, Any]] = []
    for path in paths:
        times, size = [], 0
        for _ in range(count + 3):
            started = time.perf_counter()
            size = _fetch(port, path, cookie)
            times.append(1000 * (time.perf_counter() - started))
        times = sorted(times[3:])
        p95 = round(times[int(len(times) * 0.95)], 1)
        row = {
            "database": database,
            "case": f"page {_named(path)}",
            "p50_ms": round(times[len(times) // 2], 1),
            "p95_ms": p95,
            "bytes": size,
            "target_p95_ms": limit,
            "target_bytes": BYTES,
        }
        rows.append(row)
        over = " OVER" if p95 > limit or size > BYTES else ""
        print(
            f"{database:10} {row['case']:58} p50 {row['p50_ms']:6} ms, p95 {row['p95_ms']:6} ms,"
            f" {row['p50_ms'] / rows[0]['p50_ms']:5.1f} of the floor, {size / 1000:6.1f} kB{over}",
            flush=True,
        )
    return rows


def _named(path: str) -> str:
    """A path without the ids of this run."""
    return _ID.sub("{id}", path)


def _fetch(port: int, path: str, cookie: str) -> int:
    """One page; its size in bytes. Anything but 200 is an error."""
    asked = urllib.request.Request(  # loopback
        f"http://127.0.0.1:{port}{path}", headers={"Cookie": f"nomaybe_session={cookie}"}
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        return len(answer.read())
