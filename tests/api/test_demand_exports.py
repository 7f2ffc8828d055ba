"""The demand report as CSV and XLSX: the same numbers, and no text that runs as a formula."""

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook

from models.base import utc_today
from services import exporting
from tests.factories import Make

DEMAND = "/api/v1/demand"
HOSTILE = json.loads((Path(__file__).parent.parent / "data" / "csv_formula_cells.json").read_text())
CELLS: list[str] = HOSTILE["cells"]
FORMULA = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
# What a title can hold: a line has no control characters, and no space at its ends.
LINES = [cell for cell in CELLS if cell.isprintable() and cell == cell.strip()]


def as_csv(client: TestClient, **query: Any) -> list[dict[str, str]]:
    answer = client.get(DEMAND, params={"format": "csv", **query})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def as_xlsx(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(DEMAND, params={"format": "xlsx", **query})
    assert answer.status_code == 200, answer.text
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0)
    head, *rows = sheet.to_python()
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


@pytest.fixture
def wanted(make: Make) -> None:
    """Features that customers and prospects want, in several currencies."""
    customer = make.customer("123456.78", name="Big", renews_on=utc_today() + timedelta(days=9))
    yen = make.account(lifecycle="customer", arr={"amount": "900", "currency": "JPY"})
    euro = make.account(lifecycle="customer", arr={"amount": "70", "currency": "EUR"})
    lead = make.account()
    bar = {"accounts": 2, "arr": {"amount": "0.50", "currency": "USD"}}
    sso = make.planned(title="SSO", area="Log-in", demand_bar=bar)
    deal = make.opportunity(lead, amount={"amount": "0.05", "currency": "USD"}, probability="0.5")
    euros = make.opportunity(euro, amount={"amount": "8.00", "currency": "EUR"})
    pounds = make.opportunity(lead, amount={"amount": "7.10", "currency": "GBP"})
    make.opportunity(
        euro, amount={"amount": "6.00", "currency": "EUR"}, outcome="lost",
        lost_to_feature_id=sso.id,
    )  # fmt: skip
    make.ask(customer, sso, importance="blocker", asked_on=date(2026, 1, 31))
    make.ask(lead, sso, opportunity_id=deal.id)
    make.ask(lead, sso, opportunity_id=pounds.id)
    make.ask(yen, sso)
    held = make.ask(euro, sso, opportunity_id=euros.id)
    make.response(held, kind="yes", basis="committed", contractual=True)
    make.ask(make.customer(), make.feature(title='Ünïcode, “quoted” "and" commas'))


def flat(item: Any) -> dict[str, str]:
    """A row of JSON as the cells of a row of CSV."""
    feature, customers, prospects = item["feature"], item["customers"], item["prospects"]
    bar, largest = item["bar"] or {}, item["largest_account"] or {}
    values = {
        "feature_id": feature["id"],
        "feature": feature["title"],
        "status": feature["status"],
        "area": feature["area"],
        "target_on": feature["target_on"],
        "asks": item["asks"],
        "unanswered": item["unanswered"],
        "yes": item["responses"]["yes"],
        "no": item["responses"]["no"],
        "ranked": item["responses"]["ranked"],
        "customers": customers["accounts"],
        "customer_arr": customers["arr"],
        "customers_arr_unknown": customers["arr_unknown"],
        "customer_arr_unconverted": customers["unconverted"],
        "expansion_pipeline": customers["expansion_pipeline"],
        "expansion_unconverted": customers["expansion_unconverted"],
        "renewing_arr": item["renewing"],
        "prospects": prospects["accounts"],
        "pipeline": prospects["pipeline"],
        "weighted_pipeline": prospects["weighted_pipeline"],
        "probability_unknown": prospects["probability_unknown"],
        "amount_unknown": prospects["amount_unknown"],
        "apportioned_pipeline": prospects["apportioned_pipeline"],
        "pipeline_unconverted": prospects["unconverted"],
        "blocker_customers": item["blockers"]["customers"],
        "blocker_prospects": item["blockers"]["prospects"],
        "held_commitments": item["held"]["commitments"],
        "held_amount": item["held"]["amount"],
        "held_unconverted": item["held"]["unconverted"],
        "lost_opportunities": item["lost"]["opportunities"],
        "lost_amount": item["lost"]["amount"],
        "lost_unconverted": item["lost"]["unconverted"],
        "bar_accounts": bar.get("accounts"),
        "bar_arr": bar.get("arr"),
        "bar_reached": ("yes" if bar["reached"] else "no") if bar else "",
        "last_asked_on": item["last_asked_on"],
        "new_last_90_days": item["trend"]["last_90_days"],
        "new_previous_90_days": item["trend"]["previous_90_days"],
        "largest_account": largest.get("name"),
        "churned_accounts": item["churned"]["accounts"],
        "currency": customers["arr"]["currency"],
    }
    return {name: _cell(value) for name, value in values.items()}


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["amount"])
    if isinstance(value, list):
        return "; ".join(f"{each['currency']} {each['amount']}" for each in value)
    return "" if value is None else str(value)


@pytest.mark.usefixtures("wanted")
def test_csv_says_what_json_says(se: TestClient) -> None:
    report = se.get(DEMAND, params={"include_empty": True}).json()

    assert as_csv(se, include_empty=True) == [flat(item) for item in report["items"]]


@pytest.mark.usefixtures("wanted")
def test_what_is_in_other_currencies_is_in_csv_by_name(se: TestClient) -> None:
    row = as_csv(se)[0]

    assert row["customer_arr_unconverted"] == "EUR 70.00; JPY 900"
    assert row["expansion_unconverted"] == row["held_unconverted"] == "EUR 8.00"
    assert (row["pipeline_unconverted"], row["lost_unconverted"]) == ("GBP 7.10", "EUR 6.00")


@pytest.mark.usefixtures("wanted")
def test_numbers_and_days_of_a_workbook_are_numbers_and_days(se: TestClient) -> None:
    row = as_xlsx(se)[0]

    assert (row["customer_arr"], row["asks"], row["weighted_pipeline"]) == (123456.78, 5.0, 0.02)
    assert (row["last_asked_on"], row["target_on"]) == (utc_today(), date(2100, 3, 1))


@pytest.mark.usefixtures("wanted")
def test_a_workbook_says_what_csv_says(se: TestClient) -> None:
    rows, book = as_csv(se, include_empty=True), as_xlsx(se, include_empty=True)

    for row, line in zip(rows, book, strict=True):
        assert list(line) == list(row)
        for name, text in row.items():
            found = line[name]
            same = float(text) == found if isinstance(found, float) else text == str(found)
            assert same, name


def test_an_export_holds_all_of_the_report_and_not_a_page(se: TestClient, make: Make) -> None:
    account = make.customer()
    for _ in range(4):
        make.ask(account, make.feature())

    assert (len(as_csv(se, limit=2)), len(as_xlsx(se, limit=2))) == (4, 4)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_an_export_is_a_file_with_a_name(se: TestClient, kind: str, said: str) -> None:
    answer = se.get(DEMAND, params={"format": kind})

    assert answer.headers["Content-Type"] == said
    assert answer.headers["Content-Disposition"] == f'attachment; filename="demand.{kind}"'


def test_an_export_of_nothing_is_a_head_alone(se: TestClient) -> None:
    answer = se.get(DEMAND, params={"format": "csv"})

    assert answer.content.decode("utf-8-sig").splitlines() == [",".join(exporting.COLUMNS)]
    assert as_xlsx(se) == []


@pytest.mark.parametrize("cell", CELLS)
def test_no_hostile_text_begins_as_a_formula(cell: str) -> None:
    made = exporting.neutral(cell)

    assert made[0] not in FORMULA
    assert made in {cell, f"'{cell}"}


@pytest.mark.parametrize("text", ["5", "a=b", "(x)", "#1", "", "Ü"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert exporting.neutral(text) == text


def test_no_cell_of_an_export_runs_as_a_formula(se: TestClient, make: Make) -> None:
    for line in LINES:
        account = make.customer(name=line)
        make.ask(account, make.feature(title=line, area=line[:64]))

    rows, book = as_csv(se), as_xlsx(se)

    assert len(rows) == len(book) == len(LINES) > 15
    for row in [*rows, *book]:
        for name in ("feature", "area", "largest_account"):
            assert row[name][0] not in FORMULA
    assert {row["feature"].removeprefix("'") for row in rows} == {
        line.removeprefix("'") for line in LINES
    }


def test_merging_and_unmerging_restores_every_byte(
    se: TestClient, pm: TestClient, make: Make
) -> None:
    lead, customer = make.account(), make.customer("12.34")
    away, into = make.feature(title="Away"), make.feature(title="Into")
    deal = make.opportunity(lead, amount={"amount": "10.01", "currency": "USD"}, probability="0.5")
    for feature in (away, into):
        make.ask(customer, feature)
        make.ask(lead, feature, opportunity_id=deal.id, importance="blocker")
    before = se.get(DEMAND, params={"format": "csv"}).content

    merged = pm.post(f"/api/v1/features/{away.id}/merge", json={"into": str(into.id)})
    rows = as_csv(se)
    unmerged = pm.post(f"/api/v1/features/{away.id}/unmerge")

    assert (merged.status_code, unmerged.status_code) == (200, 200)
    assert [(row["feature"], row["asks"], row["customers"]) for row in rows] == [("Into", "4", "1")]
    assert (rows[0]["pipeline"], rows[0]["apportioned_pipeline"]) == ("10.01", "10.01")
    assert se.get(DEMAND, params={"format": "csv"}).content == before
