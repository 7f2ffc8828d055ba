"""How bars came to be: who changed them, when, from what to what, and why.

The reason belongs to the bar that it set. So it ends with that bar, in the same version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from models.history import VERSIONS
from models.money import money
from models.product import Barred, BarSeen, bar_columns
from models.user import User
from services.errors import invalid
from services.permissions import Caller, Permission
from services.revisions import load


@dataclass(frozen=True)
class BarChanged:
    """That a bar was changed, from what to what, by whom and why."""

    at: datetime
    by: str | None
    before: BarSeen | None
    after: BarSeen | None
    why: str | None


def columns(values: Mapping[str, Any], standing: Barred | None = None) -> dict[str, Any]:
    """What is said of a record, its bar and the reason as the columns that keep them.

    Args:
        values: As the API names them.
        standing: The record that is changed; None where it is new.

    Raises:
        Invalid: A reason is given, and the bar stays as it is.
    """
    kept = {**values}
    why = kept.pop("bar_reason", None)
    bar = bar_columns(kept.pop("demand_bar")) if "demand_bar" in kept else {}
    if any(getattr(standing, name, None) != value for name, value in bar.items()):
        return kept | bar | {"bar_reason": why}
    if why is not None and why != getattr(standing, "bar_reason", None):
        said = "goes with a change of `demand_bar`, and the bar stays as it is"
        raise invalid("bar_reason", said)
    return kept | bar


def history(
    session: Session, by: Caller, kind: type[Barred], key: UUID, *, limit: int
) -> list[BarChanged]:
    """When the bar of a product or a feature itself was changed, the latest first.

    Args:
        session: Any session.
        by: Who asks.
        kind: `Product` or `Feature`.
        key: Which one.
        limit: The most to return.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is none.
    """
    by.require(Permission.ask_read)
    standing = load(session, kind, key)
    after, why = standing.demand_bar, standing.bar_reason
    past: Any = VERSIONS[kind].c
    rows = session.execute(
        select(
            past.valid_to, col(User.name), past.bar_accounts, past.bar_arr_minor,
            past.bar_arr_currency, past.bar_reason,
        )
        .outerjoin(User, col(User.id) == past.changed_by)
        .where(past[f"{kind.__tablename__}_id"] == key)
        .order_by(past.valid_to.desc(), past.id.desc())
    )  # fmt: skip
    found: list[BarChanged] = []
    for at, name, accounts, minor, currency, said in rows:
        unset = accounts is None and minor is None
        before = None if unset else BarSeen(accounts=accounts, arr=money(minor, currency))
        if before != after:
            found.append(BarChanged(at, name, before, after, why))
        after, why = before, said
    return found[:limit]
