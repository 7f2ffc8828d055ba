"""What is sold, and how grown-up it is."""

from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import model_validator
from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from models.base import LARGEST_INT, Count, Line, Revised, Seen, Shape, Text, choice
from models.money import Money, MoneySeen, money


class Maturity(StrEnum):
    """An early product learns by rankings, an established one says no for lack of demand."""

    early = "early"
    established = "established"


class Bar(Shape):
    """How much live-customer demand lifts a "not enough demand" no: every part that is set."""

    accounts: Count | None = Field(
        default=None, ge=1, le=LARGEST_INT, description="Live customers that ask for it."
    )
    arr: Money | None = Field(default=None, description="ARR of the live customers that ask.")

    @model_validator(mode="after")
    def says_something(self) -> Self:
        """Refuse a bar without a part; no bar at all is written as null."""
        if self.accounts is None and self.arr is None:
            raise ValueError("a bar needs `accounts`, `arr` or both; for no bar give null")
        return self


class BarSeen(Seen):
    """A demand bar as it is sent."""

    accounts: int | None
    arr: MoneySeen | None


def bar_checks() -> tuple[CheckConstraint, ...]:
    """What must hold for the columns of a bar, for each table that has them."""
    return (
        CheckConstraint("bar_accounts >= 1", name="bar_accounts_positive"),
        CheckConstraint("bar_arr_minor >= 0", name="bar_arr_not_negative"),
        CheckConstraint(
            "(bar_arr_minor IS NULL) = (bar_arr_currency IS NULL)", name="bar_arr_whole"
        ),
    )


class Barred(Revised):
    """A record that may have a demand bar."""

    bar_accounts: int | None = None
    bar_arr_minor: int | None = Field(default=None, sa_type=BigInteger)
    bar_arr_currency: str | None = Field(default=None, max_length=3)
    bar_reason: str | None = None

    @property
    def demand_bar(self) -> BarSeen | None:
        """The bar set here, or None."""
        if self.bar_accounts is None and self.bar_arr_minor is None:
            return None
        return BarSeen(
            accounts=self.bar_accounts, arr=money(self.bar_arr_minor, self.bar_arr_currency)
        )


def bar_columns(bar: Bar | None) -> dict[str, Any]:
    """A bar as the columns that keep it."""
    arr = bar.arr if bar else None
    return {
        "bar_accounts": bar.accounts if bar else None,
        "bar_arr_minor": arr.minor if arr else None,
        "bar_arr_currency": arr.currency if arr else None,
    }


class Product(Barred, table=True):
    """What is sold. Its bar is the default for its features."""

    __table_args__ = bar_checks()

    name: str = Field(max_length=200, unique=True)
    maturity: Maturity = Field(default=Maturity.established, sa_type=choice(Maturity))


Reason = Annotated[Text | None, Field(description="Why the bar is set or changed.")]


class ProductNew(Shape):
    """A new product."""

    name: Line = Field(description="What customers call it; unique.")
    maturity: Maturity = Maturity.established
    demand_bar: Bar | None = None
    bar_reason: Reason = None


class ProductChange(Shape):
    """What is to change about a product; what is left out stays."""

    name: Line = Field(default="", description="What customers call it; unique.")
    maturity: Maturity = Maturity.established
    demand_bar: Bar | None = None
    bar_reason: Reason = None


class ProductSeen(Seen):
    """A product as it is sent."""

    id: UUID
    name: str
    maturity: Maturity
    demand_bar: BarSeen | None
    bar_reason: str | None = Field(description="Why the bar was set so.")
