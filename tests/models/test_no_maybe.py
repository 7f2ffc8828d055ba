"""R1, R4: no row can rest on a maybe, whatever way is tried. By raw SQL, past all of our code."""

# ruff: noqa: S608  # the SQL is put together from the names of our own tables

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, Enum, Table, insert, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

import models
from models import Ask, Model, Response
from models.base import new_id

CHOICES = [
    (table, column.name)
    for table in Model.metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, Enum)
]
CLASSES = {each.__table__: each for each in vars(models).values() if hasattr(each, "__table__")}


def copied(table: Table, where: str = "true", **changed: str) -> str:
    """SQL that puts a copy of the rows of a table into it, with some columns changed."""
    names = [column.name for column in table.columns]
    values = ", ".join(changed.get(name, name) for name in names)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)})"
        f" SELECT {values} FROM {table.name} WHERE {where}"
    )


def refused(connection: Connection, statement: str, constraint: str) -> None:
    """Check that a CHECK constraint refuses a statement."""
    with pytest.raises(IntegrityError, match=rf"(?i)check constraint.*{constraint}"):
        connection.execute(text(statement))


def test_every_kind_of_choice_is_tried() -> None:
    tried = {f"{table.name}.{column}" for table, column in CHOICES}

    assert {
        "response.kind", "response.basis", "ask.state", "ask.importance", "ask.source",
        "account.lifecycle", "account.segment", "feature.status", "opportunity.outcome",
        "product.maturity", "told.channel", "app_user.role", "delivery_status.state",
        "connector.kind",
    } <= tried  # fmt: skip


@pytest.mark.parametrize(("table", "column"), CHOICES, ids=str)
class TestAnotherWord:
    def test_is_refused_by_the_database(self, table: Table, column: str, full: Connection) -> None:
        refused(full, copied(table, **{column: "'maybe'"}), f"ck_{table.name}_")

    def test_is_refused_by_core(self, table: Table, column: str, full: Connection) -> None:
        with pytest.raises(StatementError, match="'maybe' is not among the defined enum values"):
            full.execute(update(table).values({column: "maybe"}))

    def test_is_refused_by_the_constructor(self, table: Table, column: str) -> None:
        with pytest.raises(ValidationError, match=column):
            CLASSES[table](**{column: "maybe"})

    def test_is_refused_on_assignment(self, table: Table, column: str) -> None:
        row = CLASSES[table]()

        with pytest.raises(ValidationError, match=column):
            setattr(row, column, "maybe")


RESPONSE, ASK = Response.__table__, Ask.__table__  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("where", "changed", "constraint"),
    [
        ("kind = 'no'", {"basis": "NULL"}, "basis_fits_kind"),
        ("kind = 'no'", {"basis": "'available'", "how": "'so'"}, "basis_fits_kind"),
        ("kind = 'yes'", {"basis": "NULL"}, "basis_fits_kind"),
        ("kind = 'yes'", {"basis": "'not_planned'"}, "basis_fits_kind"),
        ("kind = 'ranked'", {"basis": "'not_planned'"}, "basis_fits_kind"),
        ("kind = 'yes'", {"basis": "'available'", "how": "NULL"}, "available_says_how"),
        ("kind = 'yes'", {"feature_id": "NULL"}, "needs_feature"),
        ("kind = 'ranked'", {"feature_id": "NULL"}, "needs_feature"),
        ("basis = 'insufficient_demand'", {"feature_id": "NULL"}, "needs_feature"),
        ("kind = 'no'", {"supersedes_reason": "'why'"}, "reason_needs_superseded"),
    ],
)
def test_an_answer_that_says_too_little_is_refused(
    where: str, changed: dict[str, str], constraint: str, full: Connection
) -> None:
    refused(full, copied(RESPONSE, where, **changed), constraint)


@pytest.mark.parametrize(
    ("where", "changed", "constraint"),
    [
        ("state = 'answered'", {"response_id": "NULL"}, "answered_iff_response"),
        ("state = 'answered'", {"state": "'unanswered'"}, "answered_iff_response"),
        ("state = 'withdrawn'", {"withdrawn_reason": "NULL"}, "withdrawn_says_why"),
        ("state = 'answered'", {"withdrawn_reason": "'why'"}, "withdrawn_says_why"),
        ("state = 'answered'", {"external_id": "'1'"}, "external_id_has_source"),
    ],
)
def test_an_ask_that_rests_on_nothing_is_refused(
    where: str, changed: dict[str, str], constraint: str, full: Connection
) -> None:
    refused(full, copied(ASK, where, **changed), constraint)


@pytest.mark.parametrize(
    ("table", "changed", "constraint"),
    [
        ("account", {"arr_minor": "-1"}, "arr_not_negative"),
        ("account", {"arr_minor": "NULL"}, "arr_whole"),
        ("account", {"merged_into": "id"}, "merged_into_another"),
        ("opportunity", {"amount_minor": "1"}, "amount_whole"),
        ("opportunity", {"amount_minor": "-1", "amount_currency": "'USD'"}, "amount_not_negative"),
        ("opportunity", {"probability_ppm": "1000001"}, "probability_in_range"),
        ("opportunity", {"probability_ppm": "-1"}, "probability_in_range"),
        ("feature", {"status": "'declined'"}, "declined_says_why"),
        ("feature", {"target_on": "NULL"}, "planned_has_target"),
        ("feature", {"merged_into": "id"}, "merged_into_another"),
        ("feature", {"bar_accounts": "0"}, "bar_accounts_positive"),
        ("product", {"bar_arr_minor": "1"}, "bar_arr_whole"),
        ("product", {"bar_arr_minor": "-1", "bar_arr_currency": "'USD'"}, "bar_arr_not_negative"),
        ("response_choice", {"position": "0"}, "position_from_one"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(
    table: str, changed: dict[str, str], constraint: str, full: Connection
) -> None:
    where = "arr_minor IS NOT NULL" if table == "account" else "true"
    refused(full, copied(Model.metadata.tables[table], where, **changed), constraint)


def a_no(connection: Connection) -> dict[str, Any]:
    """The row of an answer."""
    return dict(
        connection.execute(select(RESPONSE).where(RESPONSE.c.kind == "no")).mappings().one()
    )


def test_an_ask_cannot_rest_on_the_answer_to_another(full: Connection) -> None:
    theirs = a_no(full)
    other = (ASK.c.state == "answered") & (ASK.c.id != theirs["ask_id"])

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        full.execute(update(ASK).where(other).values(response_id=theirs["id"]))


def test_an_ask_has_one_first_answer(full: Connection) -> None:
    second = a_no(full) | {"id": new_id()}

    with pytest.raises(IntegrityError, match=r"(?i)unique.*ask"):
        full.execute(insert(RESPONSE).values(second))


def test_an_answer_is_superseded_once(full: Connection) -> None:
    first = a_no(full)
    full.execute(insert(RESPONSE).values(first | {"id": new_id(), "supersedes": first["id"]}))

    with pytest.raises(IntegrityError, match=r"(?i)unique.*supersedes"):
        full.execute(insert(RESPONSE).values(first | {"id": new_id(), "supersedes": first["id"]}))
