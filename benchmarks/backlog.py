"""How quickly one worker reads a backlog: `python -m benchmarks.backlog [--count N]`.

Prints deliveries a second for each database, and the ratio to storing the same bodies by the bare
driver, one to a transaction, in the same run.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from uuid import UUID

import structlog
from sqlmodel import Session

from api.observing import Figures
from api.worker import Worker
from benchmarks import serving
from models.base import utc_now
from models.connector import ConnectorKind, ConnectorNew, ConnectorSettings
from models.database import Engines, open_engines
from models.product import ProductNew
from models.user import Role, UserNew
from services import connectors, products, receiving, users
from services.crm.dialect import Arrival
from services.policy import Policy
from services.receiving import Posted
from services.vault import Vault

TARGET = 100
BATCH, ACCOUNTS = 100, 200
SECRET = "s" * 20
VAULT = Vault(serving.KEY)


def main() -> None:
    """Measure it on both databases, or on one."""
    options = argparse.ArgumentParser(prog="benchmarks.backlog", description=__doc__)
    options.add_argument("--count", type=int, default=10_000, help="deliveries that wait")
    options.add_argument("--database", choices=["sqlite", "postgresql"], help="one database")
    chosen = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    for name in [chosen.database] if chosen.database else ["sqlite", "postgresql"]:
        with serving.database(name) as url, opened(url) as engines:
            floor = stored_alone(engines, min(chosen.count, 500))
            fill(engines, chosen.count)
            turn = Lock() if name == "sqlite" else nullcontext()
            worker = Worker(engines.writer, turn, Policy(), Figures())
            start = time.monotonic()
            count = worker.drain()
            rate = count / (time.monotonic() - start)
            print(
                f"{name}: {count} read at {rate:.0f} a second (target {TARGET}), ratio"
                f" {rate / floor:.2f} to {floor:.0f} rows a second, each in a transaction"
            )


@contextmanager
def opened(url: str) -> Iterator[Engines]:
    """Engines that are closed in the end."""
    engines = open_engines(url, 4)
    try:
        yield engines
    finally:
        engines.dispose()


def body(number: int) -> bytes:
    """What a sender posts."""
    account = number % ACCOUNTS
    return json.dumps(
        {
            "title": f"Ask {number}",
            "verbatim": "We need it before the audit. " * 5,
            "account_name": f"Account {account}",
            "account_domain": f"a{account}.example",
            "external_id": str(number),
        }
    ).encode()


def stored_alone(engines: Engines, count: int) -> float:
    """Bodies a second that the driver stores by itself, each in a transaction of its own."""
    connection = engines.writer.raw_connection()
    mark = "%s" if engines.writer.dialect.name == "postgresql" else "?"
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE alone (number INTEGER PRIMARY KEY, body TEXT)")
    connection.commit()
    start = time.monotonic()
    for number in range(count):
        cursor.execute("BEGIN" if mark == "?" else "SELECT 1")
        values = (number, body(number).decode())
        cursor.execute(f"INSERT INTO alone VALUES ({mark}, {mark})", values)  # noqa: S608  # ours
        cursor.execute("COMMIT")
    taken = time.monotonic() - start
    cursor.execute("DROP TABLE alone")
    connection.commit()
    connection.close()
    return count / taken


def fill(engines: Engines, count: int) -> None:
    """Have deliveries of a connector wait."""
    with Session(engines.writer, expire_on_commit=False) as session:
        admin = UserNew(email="admin@x.example", name="Admin", role=Role.admin)
        by = users.caller_for(users.add_user(session, admin))
        products.create_product(session, by, ProductNew(name="Product"))
        new = ConnectorNew(
            kind=ConnectorKind.generic,
            name="Sender",
            secret=SECRET,
            settings=ConnectorSettings(make_accounts=True),
        )
        key = connectors.create_connector(session, by, VAULT, new).id
        session.commit()
    for start in range(0, count, BATCH):
        with Session(engines.writer) as session:
            batch = [posted(key, number) for number in range(start, min(count, start + BATCH))]
            receiving.receive(session, VAULT, batch)
            session.commit()


def posted(connector_id: UUID, number: int) -> Posted:
    """One delivery."""
    headers = {"authorization": f"Bearer {SECRET}", "content-type": "application/json"}
    arrival = Arrival("", headers, body(number), utc_now())
    return Posted(ConnectorKind.generic, connector_id, arrival)


if __name__ == "__main__":
    main()
