"""Reading tables: CSV and XLSX as lines of text, and which column is which."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from services.errors import Invalid
from services.sheets import Sheet, match_columns, read_sheet

pytestmark = pytest.mark.once


KNOWN = ("title", "account_domain", "asked_on")


def csv(folder: Path, content: str | bytes) -> Path:
    path = folder / "asks.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def xlsx(folder: Path, *rows: list[Any]) -> Path:
    path = folder / "asks.xlsx"
    book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    for line, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(line, column, cell)
    book.close()
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_stands_between_the_names_stands_between_the_cells(
    tmp_path: Path, delimiter: str
) -> None:
    path = csv(tmp_path, f"title{delimiter}why\nSSO{delimiter}Policy\n")

    sheet = read_sheet(path)

    assert [row.cells for row in sheet.rows] == [("SSO", "Policy")]


def test_a_byte_order_mark_belongs_to_no_name(tmp_path: Path) -> None:
    path = csv(tmp_path, b"\xef\xbb\xbftitle\nSSO\n")

    sheet = read_sheet(path)

    assert sheet.header == ("title",)


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = csv(tmp_path, "title\nSSO\nGrün\n".encode("cp1252"))

    with pytest.raises(Invalid, match=r"not UTF-8: line 3 holds the byte 0xFC.*CSV UTF-8"):
        read_sheet(path)


def test_a_row_is_told_by_the_line_that_it_begins_on(tmp_path: Path) -> None:
    path = csv(tmp_path, 'title,why\n"two\nlines",x\n\nSSO,y\n')

    sheet = read_sheet(path)

    assert [row.line for row in sheet.rows] == [2, 5]


def test_a_quote_that_does_not_end_is_refused_with_its_line(tmp_path: Path) -> None:
    path = csv(tmp_path, 'title\nSSO\n"open\n')

    with pytest.raises(Invalid, match="from line 3 on it is no CSV"):
        read_sheet(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [("asks.txt", "neither .csv nor .xlsx"), ("none.csv", "cannot be read"), ("asks.xlsx", "XLSX")],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "asks.txt").write_text("title\n")
    (tmp_path / "asks.xlsx").write_text("title\n")

    with pytest.raises(Invalid, match=said):
        read_sheet(tmp_path / name)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, "\n\n")

    with pytest.raises(Invalid, match="is empty"):
        read_sheet(path)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "asks.csv"
    with path.open("wb") as file:
        file.truncate(65 * 1024 * 1024)

    with pytest.raises(Invalid, match="larger than 64 MiB"):
        read_sheet(path)


def test_a_column_without_a_name_is_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, "title,,why\nSSO,?,x\n")

    with pytest.raises(Invalid, match="column 2 has no name"):
        read_sheet(path)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (120000, "120000"),
        (0.1 + 0.2, "0.3"),
        (1234567.89, "1234567.89"),
        (date(2026, 3, 1), "2026-03-01"),
        (True, "yes"),
        (datetime(2026, 3, 1, 9, 30), "2026-03-01 09:30:00"),  # noqa: DTZ001  # as a cell is
        ("=1+1 as text", "=1+1 as text"),
    ],
)
def test_a_cell_of_a_workbook_is_the_text_that_means_the_same(
    tmp_path: Path, cell: Any, text: str
) -> None:
    if isinstance(cell, datetime):
        path = tmp_path / "times.xlsx"
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write_datetime(1, 0, cell, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
        book.close()
    elif isinstance(cell, str):
        path = tmp_path / "text.xlsx"
        book = xlsxwriter.Workbook(path, {"strings_to_formulas": False})
        book.add_worksheet().write_column(0, 0, ["a", cell])
        book.close()
    else:
        path = xlsx(tmp_path, ["a"], [cell])

    found = read_sheet(path)

    assert found.rows[0].cells == (text,)


def test_a_number_too_long_for_a_workbook_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path, ["external_id"], [12345678901234567])

    with pytest.raises(Invalid, match=r"line 2: .* make the cell a text"):
        read_sheet(path)


def test_columns_are_known_without_regard_to_case_spaces_and_hyphens() -> None:
    sheet = Sheet("asks.csv", ("Account Domain", "ASKED-ON", "title"), ())

    columns = match_columns(sheet, KNOWN, {})

    assert columns == ("account_domain", "asked_on", "title")


def test_an_unknown_column_is_named_with_the_nearest_known_one() -> None:
    sheet = Sheet("asks.csv", ("titel", "colour"), ())

    with pytest.raises(Invalid, match=r"`titel` is unknown; did you mean `title`\?; `colour`"):
        match_columns(sheet, KNOWN, {})


def test_a_column_of_another_name_can_be_mapped() -> None:
    sheet = Sheet("asks.csv", ("Summary", "account_domain"), ())

    columns = match_columns(sheet, KNOWN, {"title": "summary"})

    assert columns == ("title", "account_domain")


def test_a_column_can_be_ignored() -> None:
    sheet = Sheet("asks.csv", ("title", "Colour"), ())

    columns = match_columns(sheet, KNOWN, {}, ["colour"])

    assert columns == ("title", None)


@pytest.mark.parametrize(
    ("header", "renamed", "ignored", "said"),
    [
        (("title",), {"titel": "title"}, (), "`titel` is no column to map to"),
        (("title",), {"title": "Sumary"}, (), "no column `Sumary` to map"),
        (("title",), {}, ("colour",), "no column `colour` to ignore"),
        (("title", "Title"), {}, (), "`Title` fills `title`, which another column fills"),
        (("title", "name"), {"title": "name"}, (), "`name` fills `title`, which another column"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    header: tuple[str, ...], renamed: dict[str, str], ignored: tuple[str, ...], said: str
) -> None:
    sheet = Sheet("asks.csv", header, ())

    with pytest.raises(Invalid, match=said):
        match_columns(sheet, KNOWN, renamed, ignored)
