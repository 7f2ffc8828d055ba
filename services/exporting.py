"""The demand report as CSV and XLSX: numbers stay numbers, and no text becomes a formula."""

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import xlsxwriter

Cell = str | int | float | date | None

# In this order; each takes a row in the shape of `DemandItem`.
COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "feature_id": lambda row: str(row["feature"]["id"]),
    "feature": lambda row: row["feature"]["title"],
    "status": lambda row: row["feature"]["status"].value,
    "area": lambda row: row["feature"]["area"],
    "target_on": lambda row: row["feature"]["target_on"],
    "asks": lambda row: row["asks"],
    "unanswered": lambda row: row["unanswered"],
    "yes": lambda row: row["responses"]["yes"],
    "no": lambda row: row["responses"]["no"],
    "ranked": lambda row: row["responses"]["ranked"],
    "customers": lambda row: row["customers"]["accounts"],
    "customer_arr": lambda row: row["customers"]["arr"],
    "customers_arr_unknown": lambda row: row["customers"]["arr_unknown"],
    "customer_arr_unconverted": lambda row: row["customers"]["unconverted"],
    "expansion_pipeline": lambda row: row["customers"]["expansion_pipeline"],
    "expansion_unconverted": lambda row: row["customers"]["expansion_unconverted"],
    "renewing_arr": lambda row: row["renewing"],
    "prospects": lambda row: row["prospects"]["accounts"],
    "pipeline": lambda row: row["prospects"]["pipeline"],
    "weighted_pipeline": lambda row: row["prospects"]["weighted_pipeline"],
    "probability_unknown": lambda row: row["prospects"]["probability_unknown"],
    "amount_unknown": lambda row: row["prospects"]["amount_unknown"],
    "apportioned_pipeline": lambda row: row["prospects"]["apportioned_pipeline"],
    "pipeline_unconverted": lambda row: row["prospects"]["unconverted"],
    "blocker_customers": lambda row: row["blockers"]["customers"],
    "blocker_prospects": lambda row: row["blockers"]["prospects"],
    "held_commitments": lambda row: row["held"]["commitments"],
    "held_amount": lambda row: row["held"]["amount"],
    "held_unconverted": lambda row: row["held"]["unconverted"],
    "lost_opportunities": lambda row: row["lost"]["opportunities"],
    "lost_amount": lambda row: row["lost"]["amount"],
    "lost_unconverted": lambda row: row["lost"]["unconverted"],
    "bar_accounts": lambda row: row["bar"] and row["bar"]["accounts"],
    "bar_arr": lambda row: row["bar"] and row["bar"]["arr"],
    "bar_reached": lambda row: "" if row["bar"] is None else _yes(row["bar"]["reached"]),
    "last_asked_on": lambda row: row["last_asked_on"],
    "new_last_90_days": lambda row: row["trend"]["last_90_days"],
    "new_previous_90_days": lambda row: row["trend"]["previous_90_days"],
    "largest_account": lambda row: row["largest_account"] and row["largest_account"]["name"],
    "churned_accounts": lambda row: row["churned"]["accounts"],
    "currency": lambda row: row["customers"]["arr"].currency,
}
MONEY = frozenset(
    {
        "customer_arr", "expansion_pipeline", "renewing_arr", "pipeline", "weighted_pipeline",
        "apportioned_pipeline", "held_amount", "lost_amount", "bar_arr",
    }
)  # fmt: skip
STARTS_FORMULA = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")


def neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    Source: OWASP ASVS 5.0, V1.2.10: a leading apostrophe before what may begin a formula.
    """
    return f"'{text}" if text.startswith(STARTS_FORMULA) else text


def as_csv(report: dict[str, Any]) -> bytes:
    """The rows of a report as CSV (RFC 4180), UTF-8 with a mark that spreadsheets look for."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in report["items"]:
        writer.writerow([_csv_cell(of(row)) for of in COLUMNS.values()])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(report: dict[str, Any]) -> bytes:
    """The rows of a report as a workbook, money and counts as numbers, days as days."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet("Demand")
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    amount = book.add_format({"num_format": "#,##0.00"})
    sheet.freeze_panes(1, 2)
    for at, name in enumerate(COLUMNS):
        sheet.write_string(0, at, name, bold)
    for line, row in enumerate(report["items"], start=1):
        for at, (name, of) in enumerate(COLUMNS.items()):
            value = of(row)
            if value is None:
                continue
            if name in MONEY:
                sheet.write_number(line, at, float(value.amount), amount)
            elif isinstance(value, date):
                sheet.write_datetime(line, at, value, day)
            elif isinstance(value, int):
                sheet.write_number(line, at, value)
            else:
                sheet.write_string(line, at, neutral(_text(value)))
    sheet.autofilter(0, 0, max(1, len(report["items"])), len(COLUMNS) - 1)
    book.close()
    return out.getvalue()


def _csv_cell(value: Any) -> Any:
    if value is None or isinstance(value, int):
        return value
    if hasattr(value, "amount"):
        return value.amount
    return value.isoformat() if isinstance(value, date) else neutral(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(f"{each.currency} {each.amount}" for each in value)
    return str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
