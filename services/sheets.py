"""Tables that people send: a CSV or XLSX file as lines of text under named columns.

CSV is read as UTF-8, with or without a byte order mark, with commas, semicolons or tabs between
the cells. Other encodings are refused: to guess one would turn names into rubbish without a word.
Of a workbook the first sheet is read. A number in it becomes the shortest decimal text that means
the same, a date the text of that day, so that what follows knows one kind of cell.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from services.errors import Invalid

LARGEST = 64 * 1024 * 1024
EXACT = 2**53  # beyond it a spreadsheet's numbers skip whole numbers


@dataclass(frozen=True)
class Row:
    """The cells of one row, and the line of the file that it begins on; the header is line 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table: its header, and its rows that hold anything."""

    name: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def read_sheet(path: Path) -> Sheet:
    """Read a table, by the ending of its name.

    Raises:
        Invalid: It is neither CSV nor XLSX, cannot be read as such, or has no proper header.
    """
    readers = {".csv": _csv_rows, ".xlsx": _xlsx_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise Invalid(f"{path.name} is neither .csv nor .xlsx; save it as one of the two.")
    try:
        if path.stat().st_size > LARGEST:
            raise Invalid(f"{path.name} is larger than {LARGEST >> 20} MiB; split it.")
        rows = [row for row in reader(path) if any(row.cells)]
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror or error}.") from None
    if not rows:
        raise Invalid(f"{path.name} is empty; its first line must name the columns.")
    header = rows[0].cells
    for place, name in enumerate(header, start=1):
        if not name:
            raise Invalid(f"{path.name}: column {place} has no name in the first line.")
    return Sheet(path.name, header, tuple(rows[1:]))


def _csv_rows(path: Path) -> Iterator[Row]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Invalid(
            f"{path.name} is not UTF-8: line {line} holds the byte 0x{raw[error.start]:02X}. Save"
            " it as \u201cCSV UTF-8\u201d, or as .xlsx."
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for cells in reader:
            yield _row(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise Invalid(
            f"{path.name}: from line {line} on it is no CSV ({error}). A cell that holds a quote"
            ' is written "like ""this""".'
        ) from None


def _delimiter(text: str) -> str:
    """What stands between the names of the first line most often."""
    first = re.sub('"[^"]*"', "", text.lstrip().partition("\n")[0])
    return max(",;\t", key=first.count)


def _xlsx_rows(path: Path) -> Iterator[Row]:
    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise Invalid(f"{path.name} is no readable XLSX workbook: {error}.") from None
    for line, cells in enumerate(rows, start=1):
        yield _row(line, [_text(cell, path, line) for cell in cells])


def _row(line: int, cells: Sequence[str]) -> Row:
    stripped = [cell.strip() for cell in cells]
    return Row(line, tuple(stripped))


def _text(cell: Any, path: Path, line: int) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float | int):
        if abs(cell) > EXACT:
            raise Invalid(
                f"{path.name}, line {line}: a spreadsheet does not keep a number as long as"
                f" {cell:.0f} exactly; make the cell a text."
            )
        # Fifteen digits are what a spreadsheet shows; more are noise of its arithmetic.
        return f"{Decimal(f'{cell:.15g}'):f}" if cell % 1 else str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def key(name: str) -> str:
    """A column's name without regard to case, spaces, hyphens and underscores."""
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def nearest(word: str, known: Collection[str]) -> str:
    """The known word that looks most like another one, as a question; empty if none does."""
    by_key = {key(each): each for each in known}
    found = get_close_matches(key(word), by_key, n=1)
    return f"; did you mean `{by_key[found[0]]}`?" if found else ""


def match_columns(
    sheet: Sheet, known: Sequence[str], renamed: Mapping[str, str], ignored: Collection[str] = ()
) -> tuple[str | None, ...]:
    """For each column of a sheet the one of ours that it fills, or None where it is ignored.

    Args:
        sheet: The table.
        known: The columns that we understand.
        renamed: For columns of ours the name that they have in this sheet.
        ignored: Columns of the sheet to pass over.

    Raises:
        Invalid: Columns are unknown, fill the same one, or are named here and not in the sheet.
    """
    ours_by_key = {key(name): name for name in known}
    theirs = {key(name) for name in sheet.header}
    faults = []
    wanted = {}
    for ours, their in renamed.items():
        if key(ours) not in ours_by_key:
            faults.append(f"`{ours}` is no column to map to{nearest(ours, known)}")
        elif key(their) not in theirs:
            faults.append(f"there is no column `{their}` to map{nearest(their, sheet.header)}")
        else:
            wanted[key(their)] = ours_by_key[key(ours)]
    passed = {key(name) for name in ignored}
    faults += [
        f"there is no column `{name}` to ignore{nearest(name, sheet.header)}"
        for name in ignored
        if key(name) not in theirs
    ]
    found: list[str | None] = []
    for name in sheet.header:
        ours_here = wanted.get(key(name)) or ours_by_key.get(key(name))
        if key(name) in passed:
            found.append(None)
        elif ours_here is None:
            faults.append(f"`{name}` is unknown{nearest(name, known)}")
        elif ours_here in found:
            faults.append(f"`{name}` fills `{ours_here}`, which another column fills already")
        else:
            found.append(ours_here)
    if faults:
        raise Invalid(
            f"{sheet.name}: {'; '.join(faults)}. Known columns: {', '.join(known)}. Map a column"
            " of another name to one of them, or ignore it."
        )
    return tuple(found)
