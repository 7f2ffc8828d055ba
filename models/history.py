"""What values held until when: a row a change, written by triggers, and the log of changes.

A version row holds the values that ended at `valid_to`; the table itself holds those that stand.
So the value at an instant is in the version row with `valid_from <= instant < valid_to`, else in
the table.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Uuid

from models.account import Account
from models.ask import Ask
from models.base import Model, UtcDateTime
from models.feature import Feature
from models.opportunity import Opportunity
from models.product import Product

VERSIONED: dict[type[Model], tuple[str, ...]] = {
    Product: (
        "name", "maturity", "bar_accounts", "bar_arr_minor", "bar_arr_currency", "bar_reason",
    ),
    Account: (
        "name", "lifecycle", "arr_minor", "arr_currency", "segment", "industry", "region", "tags",
        "renews_on", "merged_into",
    ),
    Opportunity: (
        "account_id", "amount_minor", "amount_currency", "stage", "probability_ppm", "close_on",
        "outcome", "lost_to_feature_id",
    ),
    Feature: (
        "product_id", "title", "status", "decline_reason", "target_on", "shareable", "bar_accounts",
        "bar_arr_minor", "bar_arr_currency", "bar_reason", "area", "merged_into",
    ),
    Ask: (
        "account_id", "product_id", "feature_id", "opportunity_id", "title", "verbatim", "why",
        "importance", "state", "response_id", "answer_due_on",
    ),
}  # fmt: skip

CHANGES = Table(
    "change",
    Model.metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("row_id", Uuid, nullable=False),
    # PostgreSQL only: which transaction wrote it, since commits come out of the order of ids.
    Column("transaction", BigInteger, index=True),
    sqlite_autoincrement=True,
)


def _plain(kind: Any) -> Any:
    """The type of a versioned column without the CHECK of its enum."""
    return String(32) if getattr(kind, "enums", None) else kind


def _version_table(model: type[Model], names: tuple[str, ...]) -> Table:
    columns: Any = model.__table__.columns  # type: ignore[attr-defined]
    name = model.__tablename__
    return Table(
        f"{name}_version",
        Model.metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column(f"{name}_id", Uuid, nullable=False),
        Column("valid_from", UtcDateTime, nullable=False),
        Column("valid_to", UtcDateTime, nullable=False),
        Column("changed_by", Uuid),
        *(Column(column, _plain(columns[column].type)) for column in names),
        Index(f"ix_{name}_version_of", f"{name}_id", "valid_to"),
    )


VERSIONS: dict[type[Model], Table] = {
    model: _version_table(model, names) for model, names in VERSIONED.items()
}
