"""Money is exact: decimal text in, minor units kept, the same decimal text out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.money import CURRENCIES, LARGEST_MINOR, Money, decimal_text, decimals, money

pytestmark = pytest.mark.once


MINOR = st.integers(0, LARGEST_MINOR)
CURRENCY = st.sampled_from(sorted(CURRENCIES))


class TestRoundTrip:
    @given(MINOR, CURRENCY)
    def test_from_columns_and_back(self, minor: int, currency: str) -> None:
        seen = money(minor, currency)

        assert seen is not None
        assert Money(amount=seen.amount, currency=seen.currency).minor == minor

    @given(MINOR, CURRENCY)
    def test_is_the_same_number(self, minor: int, currency: str) -> None:
        assert Decimal(decimal_text(minor, currency)) == Decimal(minor).scaleb(-decimals(currency))

    @given(MINOR, CURRENCY)
    def test_shows_all_places_of_its_currency(self, minor: int, currency: str) -> None:
        _whole, _point, places = decimal_text(minor, currency).partition(".")

        assert len(places) == decimals(currency)

    @given(st.integers(-LARGEST_MINOR, -1), CURRENCY)
    def test_a_difference_may_be_negative(self, minor: int, currency: str) -> None:
        assert decimal_text(minor, currency) == f"-{decimal_text(-minor, currency)}"

    @pytest.mark.parametrize(
        ("amount", "currency", "minor"),
        [
            ("120000.00", "USD", 12_000_000),
            ("0.1", "USD", 10),
            ("7", "EUR", 700),
            ("12.500", "EUR", 1250),
            ("500", "JPY", 500),
            ("500.00", "JPY", 500),
            ("1.234", "KWD", 1234),
            ("0", "GBP", 0),
            ("1000000000000.00", "USD", LARGEST_MINOR),
        ],
    )
    def test_is_kept_in_minor_units(self, amount: str, currency: str, minor: int) -> None:
        assert Money(amount=amount, currency=currency).minor == minor

    @pytest.mark.parametrize(("minor", "currency"), [(None, "USD"), (1, None), (None, None)])
    def test_what_is_not_known_is_none(self, minor: int | None, currency: str | None) -> None:
        assert money(minor, currency) is None


class TestRefusals:
    @given(
        CURRENCY.filter(lambda each: decimals(each) < 3), st.integers(0, 10**9), st.integers(1, 9)
    )
    def test_more_places_than_the_currency_has(self, currency: str, whole: int, last: int) -> None:
        amount = f"{whole}.{'0' * decimals(currency)}{last}"

        with pytest.raises(ValidationError, match=f"more decimal places than {currency} knows"):
            Money(amount=amount, currency=currency)

    @given(st.integers(LARGEST_MINOR + 1, 10**15 - 1))
    def test_more_than_can_be_added_up(self, minor: int) -> None:
        with pytest.raises(ValidationError, match="larger than any deal"):
            Money(amount=decimal_text(minor, "USD"), currency="USD")

    @pytest.mark.parametrize(
        "amount",
        ["", "-1", "+1", "1e3", "1,000", ".5", "5.", "NaN", "Infinity", " 1", "1\n", "1_000",
         "\u0661", "0x10", "1.0001", "9" * 14],
    )  # fmt: skip
    def test_text_that_is_no_amount(self, amount: str) -> None:
        with pytest.raises(ValidationError, match="amount"):
            Money(amount=amount, currency="USD")

    @pytest.mark.parametrize("amount", [1, 1.5, True, None])
    def test_a_number_that_is_no_text(self, amount: object) -> None:
        with pytest.raises(ValidationError, match="amount"):
            Money.model_validate({"amount": amount, "currency": "USD"})

    @pytest.mark.parametrize("currency", ["usd", "US", "USDD", "XYZ", "BTC", "", "U$D", "USD\n"])
    def test_a_currency_not_in_use(self, currency: str) -> None:
        with pytest.raises(ValidationError, match="currency"):
            Money(amount="1", currency=currency)


@pytest.mark.parametrize(
    ("currency", "places"),
    [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("CLP", 0), ("BHD", 3), ("TND", 3)],
)
def test_decimal_places(currency: str, places: int) -> None:
    assert decimals(currency) == places
