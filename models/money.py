"""Money: an exact amount in minor units, and a currency; decimal text on the wire."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from models.base import Seen, Shape

# Source: ISO 4217, active codes of 2026; the funds and metals codes (X..) are left out.
CURRENCIES = frozenset(
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BGN",
        "BHD",
        "BIF",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BTN",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CRC",
        "CUP",
        "CVE",
        "CZK",
        "DJF",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ERN",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GHS",
        "GIP",
        "GMD",
        "GNF",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "IQD",
        "IRR",
        "ISK",
        "JMD",
        "JOD",
        "JPY",
        "KES",
        "KGS",
        "KHR",
        "KMF",
        "KPW",
        "KRW",
        "KWD",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "LYD",
        "MAD",
        "MDL",
        "MGA",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MRU",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "OMR",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "PYG",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "RWF",
        "SAR",
        "SBD",
        "SCR",
        "SDG",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "SSP",
        "STN",
        "SVC",
        "SYP",
        "SZL",
        "THB",
        "TJS",
        "TMT",
        "TND",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "UGX",
        "USD",
        "UYU",
        "UZS",
        "VES",
        "VND",
        "VUV",
        "WST",
        "XAF",
        "XCD",
        "XCG",
        "XOF",
        "XPF",
        "YER",
        "ZAR",
        "ZMW",
        "ZWG",
    ]
)
_MINOR_UNITS = dict.fromkeys(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
    0,
) | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)

LARGEST_MINOR = 10**14  # sums over ten thousand such amounts still fit 64 bits


def _known(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{code!r} is no currency in use; give an ISO 4217 code such as USD")
    return code


Currency = Annotated[
    str,
    StringConstraints(pattern="^[A-Z]{3}$"),
    AfterValidator(_known),
    Field(description="ISO 4217 code.", examples=["USD"]),
]


def decimals(currency: str) -> int:
    """How many decimal places an amount in `currency` has: 2 for USD, 0 for JPY."""
    return _MINOR_UNITS.get(currency, 2)


class Money(Shape):
    """An amount of money, never negative: `{"amount": "120000.00", "currency": "USD"}`."""

    amount: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,3})?$"),
        Field(description="Decimal text, never a float.", examples=["120000.00"]),
    ]
    currency: Currency

    @model_validator(mode="after")
    def fits_the_currency(self) -> Self:
        """Refuse more decimal places than the currency has, and amounts past the limit."""
        _whole, _point, fraction = self.amount.partition(".")
        if len(fraction.rstrip("0")) > decimals(self.currency):
            raise ValueError(
                f"amount {self.amount} has more decimal places than {self.currency} knows"
                f" ({decimals(self.currency)})"
            )
        if self.minor > LARGEST_MINOR:
            raise ValueError(f"amount {self.amount} is larger than any deal we can add up")
        return self

    @property
    def minor(self) -> int:
        """The amount in minor units: cents for USD, yen for JPY."""
        return int(Decimal(self.amount).scaleb(decimals(self.currency)))


class MoneySeen(Seen):
    """An amount of money as it is sent: always with all decimal places of its currency."""

    amount: str = Field(examples=["120000.00"])
    currency: str = Field(examples=["USD"])

    @property
    def grouped(self) -> str:
        """The amount for people: `120,000`; the places after the point unless all are zero."""
        whole, _point, fraction = self.amount.partition(".")
        return f"{int(whole):,}" + (f".{fraction}" if fraction.strip("0") else "")


def money(minor: int | None, currency: str | None) -> MoneySeen | None:
    """Money from its columns; None where nothing is known."""
    if minor is None or currency is None:
        return None
    return MoneySeen(amount=decimal_text(minor, currency), currency=currency)


def decimal_text(minor: int, currency: str) -> str:
    """Minor units as decimal text: 12000000 of USD is `120000.00`."""
    places = decimals(currency)
    if places == 0:
        return str(minor)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"
