"""The cells of one imported row, read as what they mean. Whatever is wrong is kept as a fault."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.errors import DomainError
from services.sheets import key, nearest

Shaped = TypeVar("Shaped")

# Where a field is read from a column of another name.
READ_FROM = {
    "account": "account_domain",
    "account_external_ref_id": "account_ref",
    "account_external_ref_source": "account_ref",
    "amount_amount": "amount",
    "amount_currency": "currency",
    "arr_amount": "arr",
    "arr_currency": "currency",
    "external_refs_id": "external_id",
    "feature_id": "feature",
    "id": "external_id",
    "lost_to_feature_id": "lost_to_feature",
    "opportunity_id": "opportunity_ref",
    "product_id": "product",
    "response": "response_basis",
}
FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: in which column, or in none of them, and why."""

    column: str
    said: str


class BadRow(Exception):
    """A row that cannot be taken; its cells know why."""


@dataclass
class Cells:
    """The cells of a row that hold anything, by column, and what is wrong with them.

    Each reader gives None for a cell that is empty or at fault, so that one pass finds all faults.
    """

    texts: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def fault(self, column: str, said: str) -> None:
        """Note what is wrong in a column; of several things in one column the first."""
        if all(each.column != column for each in self.faults):
            self.faults.append(Fault(column, said))

    def text(self, column: str) -> str | None:
        """The text as it is."""
        return self.texts.get(column)

    def choice(self, column: str, words: Iterable[str]) -> str | None:
        """One of some words, without regard to case and spaces: `Mid market` is `mid_market`."""
        text = self.texts.get(column)
        known = [str(word) for word in words]
        if text is None or key(text) in known:
            return text and key(text)
        said = f"{text!r} is none of {', '.join(known)}{nearest(text, known)}"
        self.fault(column, said)
        return None

    def day(self, column: str) -> date | None:
        """A day, written 2026-03-01; a time of day after it is passed over."""
        text = self.texts.get(column)
        if text is None:
            return None
        written = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?", text, re.ASCII)
        try:
            return date.fromisoformat(written[1] if written else "")
        except ValueError:
            self.fault(column, f"{text!r} is no day; write it like 2026-03-01")
            return None

    def flag(self, column: str) -> bool | None:
        """Yes or no."""
        text = self.texts.get(column)
        if text is not None and text.casefold() not in FLAGS:
            self.fault(column, f"{text!r} is neither `yes` nor `no`")
        return FLAGS.get(text.casefold()) if text else None

    def words(self, column: str) -> list[str] | None:
        """Words between `;` or `|`."""
        words = [word.strip() for word in re.split(r"[;|]", self.texts.get(column, ""))]
        return [word for word in words if word] or None

    def money(self, column: str) -> dict[str, str] | None:
        """An amount from a column, and its currency from `currency`."""
        text, currency = self.texts.get(column), self.texts.get("currency")
        if text is None:
            return None
        if not re.fullmatch(r"\d{1,13}(\.\d+)?", text, re.ASCII):
            said = f"{text!r} is no amount; write digits and at most one point, such as 120000.00"
            self.fault(column, said)
            return None
        if currency is None:
            self.fault("currency", f"is needed beside an amount in `{column}`, such as USD")
            return None
        whole, _point, fraction = text.partition(".")
        amount = f"{whole}.{fraction.rstrip('0')}".rstrip(".")
        return {"amount": amount, "currency": currency.upper()}

    def probability(self, column: str) -> str | None:
        """A probability, written 0.25 or 25%."""
        text = self.texts.get(column)
        percent = re.fullmatch(r"(\d{1,3}(?:\.\d{1,6})?) ?%", text or "", re.ASCII)
        return f"{Decimal(percent[1]) / 100:f}" if percent else text

    def shaped(self, shape: Any, values: Mapping[str, Any], *, within: str = "") -> Any:
        """What the cells say, as one of the shapes in which the outside speaks to us.

        Args:
            shape: The type.
            values: By field; those that are None were not said.
            within: What the columns' names begin with, for instance `response`.

        Returns:
            The shape, or None where it cannot be made; then there is a fault.
        """
        said = {name: value for name, value in values.items() if value is not None}
        try:
            return TypeAdapter(shape).validate_python(said)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_context=False):
                message = each["msg"].removeprefix("Value error, ")
                message = "is needed" if each["type"] == "missing" else message
                self.fault(_column(each["loc"], within), message)
            return None

    def whole(self, shape: Any, values: Mapping[str, Any]) -> Any:
        """What the cells say, `shaped`, where nothing in the row is at fault.

        Raises:
            BadRow: Something is.
        """
        found = self.shaped(shape, values)
        if self.faults:
            raise BadRow
        return found

    def blame(self, error: DomainError, *, within: str = "") -> None:
        """Note a rule that the row broke, in the column that it is about."""
        for each in error.errors:
            said = each["msg"]
            if "phrase" in each:
                said = f"\u201c{each['phrase']}\u201d: {said} Say: {each['suggestion']}"
            self.fault(_column(each["loc"][1:], within), said)
        if not error.errors:
            self.fault(_column((), within), error.detail)


def _column(place: Sequence[Any], within: str) -> str:
    """The column that a place in a shape was read from; empty for the row as a whole."""
    # Numbers are places in lists, and `yes` and `no` which of several shapes it is.
    parts = [part for part in place if isinstance(part, str) and part not in {"yes", "no"}]
    name = "_".join(filter(None, [within, *parts]))
    return READ_FROM.get(name, name)
