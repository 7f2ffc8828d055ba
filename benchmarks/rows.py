"""Rows to measure on, put straight into the tables: valid, and many.

Numbers: ARR log-normal by segment (medians 6, 36 and 180 thousand, sigma 0.7, 0.7, 0.8), features
asked for by Zipf's law with exponent 1, a tenth of the asks withdrawn or answered.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session

from models.account import Account, Lifecycle, Segment
from models.ask import Ask, Importance
from models.base import new_id, utc_now, utc_today
from models.database import connect
from models.feature import Feature
from models.opportunity import Opportunity
from models.product import Product
from models.user import ApiKeyNew, Role, UserNew
from services import api_keys, users

CHUNK = 5000
MEDIANS = {
    Segment.smb: (6_000, 0.7, 70),
    Segment.mid_market: (36_000, 0.7, 22),
    Segment.enterprise: (180_000, 0.8, 8),
}


@dataclass(frozen=True)
class Seeded:
    """What requests name."""

    key: str
    account: UUID
    feature: UUID


def seed(url: str, *, asks: int, accounts: int, features: int) -> Seeded:
    """Fill a migrated, empty database."""
    luck = random.Random(7)  # noqa: S311  # the same rows in every run
    engine = connect(url)
    now = utc_now()
    base = {"created_at": now, "version": 1, "changed_at": now}
    with Session(engine) as session, session.begin():
        user = users.add_user(
            session, UserNew(email="load@nomaybe.example", name="Load", role=Role.admin)
        )
        key = api_keys.add_key(session, user, ApiKeyNew(name="load")).secret
        product = new_id()
        session.execute(
            insert(Product),
            [{**base, "id": product, "name": "Product", "maturity": "established",
              "bar_accounts": 200}],
        )  # fmt: skip
        wanted: list[dict[str, Any]] = [
            {**base, "id": new_id(), "product_id": product, "title": f"Feature {n}",
             "status": "candidate", "shareable": True}
            for n in range(features)
        ]  # fmt: skip
        session.execute(insert(Feature), wanted)
        asking = [_account(luck, base, n) for n in range(accounts)]
        session.execute(insert(Account), asking)
        deals = [
            {**base, "id": new_id(), "account_id": each["id"], "name": "Deal",
             "amount_minor": luck.randrange(10**5, 10**8), "amount_currency": "USD",
             "probability_ppm": luck.choice((50_000, 100_000, 250_000, 450_000, 700_000)),
             "outcome": "open"}
            for each in asking
        ]  # fmt: skip
        session.execute(insert(Opportunity), deals)
        weights = [1 / (rank + 1) for rank in range(features)]
        for start in range(0, asks, CHUNK):
            session.execute(
                insert(Ask),
                [
                    _ask(luck, base, user.id, luck.choices(wanted, weights)[0], asking, deals)
                    for _ in range(min(CHUNK, asks - start))
                ],
            )
    engine.dispose()
    return Seeded(key, asking[0]["id"], wanted[-1]["id"])


def _account(luck: random.Random, base: dict[str, Any], number: int) -> dict[str, Any]:
    segment = luck.choices([*MEDIANS], [each[2] for each in MEDIANS.values()])[0]
    median, sigma, _part = MEDIANS[segment]
    lifecycle = luck.choices([*Lifecycle], [35, 60, 5])[0]
    return {
        **base,
        "id": new_id(),
        "name": f"Account {number}",
        "domain": f"account{number}.example",
        "lifecycle": lifecycle,
        "arr_minor": int(100 * median * luck.lognormvariate(0, sigma)),
        "arr_currency": "USD",
        "segment": segment,
        "industry": luck.choice(("retail", "health", "finance", "public", "software")),
        "region": luck.choice(("emea", "amer", "apac")),
        "tags": [],
    }


def _ask(  # what an ask is made of
    luck: random.Random,
    base: dict[str, Any],
    user: UUID,
    feature: dict[str, Any],
    asking: list[dict[str, Any]],
    deals: list[dict[str, Any]],
) -> dict[str, Any]:
    place = luck.randrange(len(asking))
    today = utc_today()
    return {
        **base,
        "id": new_id(),
        "account_id": asking[place]["id"],
        "product_id": feature["product_id"],
        "feature_id": feature["id"],
        "opportunity_id": deals[place]["id"] if luck.random() < 0.3 else None,  # noqa: PLR2004
        "title": f"We need {feature['title']}",
        "verbatim": "We cannot roll out without it.",
        "importance": luck.choice([*Importance]),
        "asked_on": today - timedelta(days=luck.randrange(720)),
        "source": "import",
        "logged_by": user,
        "state": "unanswered",
        "answer_due_on": today,
    }
