"""`nomaybe report`: the demand report in the terminal or as a file, with the filters of the API."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.account import Lifecycle, Segment
from models.ask import Importance
from models.feature import FeatureStatus
from models.money import MoneySeen
from services import demand, exporting
from services.book import Book
from services.demand import DemandFilter, DemandOrder
from services.permissions import Caller
from services.policy import Policy

NUMBERS = (
    "Customers", "ARR", "Blockers", "Prospects", "Pipeline", "Held", "Bar", "Owed", "Last asked",
)  # fmt: skip
Opened = tuple[Any, Caller, Policy]  # a reading session, who reads, and how we work
IN_A_TABLE = 30  # features
WIDE = 160  # characters, where nobody says how wide the terminal is


class Format(StrEnum):
    """How the report is written."""

    table = "table"
    json = "json"
    csv = "csv"
    xlsx = "xlsx"


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="By the day asked.")]


def command(opened: Callable[[], AbstractContextManager[Opened]]) -> Callable[..., None]:
    """The command, for a way to open a reading session."""

    def report(  # noqa: PLR0913, PLR0917  # an option each
        product_id: Annotated[list[UUID] | None, typer.Option()] = None,
        feature_status: Annotated[list[FeatureStatus] | None, typer.Option()] = None,
        segment: Annotated[list[Segment] | None, typer.Option()] = None,
        industry: Annotated[list[str] | None, typer.Option()] = None,
        region: Annotated[list[str] | None, typer.Option()] = None,
        tag: Annotated[list[str] | None, typer.Option()] = None,
        lifecycle: Annotated[list[Lifecycle] | None, typer.Option()] = None,
        importance: Annotated[list[Importance] | None, typer.Option()] = None,
        asked_since: Day = None,
        asked_until: Day = None,
        include_empty: Annotated[
            bool, typer.Option("--include-empty", help="Also features nobody asks for.")
        ] = False,
        sort: Annotated[DemandOrder, typer.Option()] = DemandOrder.customer_arr,
        limit: Annotated[
            int | None, typer.Option(min=1, help="The most features; all, unless in a table.")
        ] = None,
        form: Annotated[Format, typer.Option("--format")] = Format.table,
        output: Annotated[Path | None, typer.Option(help="A file; else standard output.")] = None,
    ) -> None:
        """Show what customers ask for, added up: each account once in each number."""
        wanted = DemandFilter(
            product_id=product_id or (),
            feature_status=feature_status or (),
            segment=segment or (),
            industry=industry or (),
            region=region or (),
            tag=tag or (),
            lifecycle=lifecycle or (),
            importance=importance or (),
            asked_since=asked_since.date() if asked_since else None,
            asked_until=asked_until.date() if asked_until else None,
            include_empty=include_empty,
        )
        most = limit or (IN_A_TABLE if form is Format.table else None)
        with opened() as (session, by, policy):
            found = demand.report(Book(), session, by, policy, wanted, sort=sort, limit=most)
        write(found, form, output)

    return report


def write(found: dict[str, Any], form: Format, output: Path | None) -> None:
    """Write a report to a file, or to standard output."""
    if form is Format.table:
        if output is None:
            show(found, Console(width=None if sys.stdout.isatty() else WIDE))
            return
        with output.open("w", encoding="utf-8") as file:
            show(found, Console(file=file, width=WIDE))
        return
    made = {
        Format.json: lambda: to_json(found, indent=2) + b"\n",
        Format.csv: lambda: exporting.as_csv(found),
        Format.xlsx: lambda: exporting.as_xlsx(found),
    }[form]()
    if output is None:
        sys.stdout.buffer.write(made)
        sys.stdout.flush()
    else:
        output.write_bytes(made)


def show(found: dict[str, Any], console: Console) -> None:
    """Show a report as a table, with its totals below."""
    if not found["items"]:
        console.print("No feature is asked for in this scope. Log an ask, or widen the filters.")
        return
    table = Table(header_style="bold", row_styles=["", "dim"])
    for name in ("Feature", "Status"):
        table.add_column(name)
    for name in NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in found["items"]:
        table.add_row(
            Text(row["feature"]["title"]),
            row["feature"]["status"].value.replace("_", " "),
            str(row["customers"]["accounts"]),
            short(row["customers"]["arr"]),
            str(row["blockers"]["customers"] + row["blockers"]["prospects"]),
            str(row["prospects"]["accounts"]),
            short(row["prospects"]["pipeline"]),
            short(row["held"]["amount"]),
            _bar(row),
            str(row["unanswered"]),
            str(row["last_asked_on"] or ""),
        )
    console.print(table)
    totals = found["totals"]
    console.print(
        f"{totals['asks']} asks, {totals['unanswered']} owed an answer, {totals['untriaged']} not"
        f" triaged. {totals['customers']['accounts']} customers with"
        f" {short(totals['customers']['arr'])} ARR, {totals['prospects']['accounts']} prospects"
        f" with {short(totals['prospects']['pipeline'])} pipeline, each counted once."
    )
    if found["next_cursor"]:
        console.print(f"The first {len(found['items'])} features; see more with --limit.")


def short(amount: MoneySeen) -> str:
    """Money as people say it: USD 1.2M, EUR 480k."""
    value = float(amount.amount)
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{amount.currency} {value / size:.3g}{letter}"
    return f"{amount.currency} {value:.0f}"


def _bar(row: dict[str, Any]) -> str:
    bar = row["bar"]
    if bar is None:
        return ""
    parts = [] if bar["accounts"] is None else [f"{bar['accounts']} customers"]
    parts += [] if bar["arr"] is None else [short(bar["arr"])]
    return " and ".join(parts) + (" (reached)" if bar["reached"] else "")
