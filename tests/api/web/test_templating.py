from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from api.web import templating
from models.base import utc_today
from models.money import MoneySeen

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("0.00", "USD", "$0"),
        ("948.49", "USD", "$948"),
        ("999.49", "USD", "$999"),
        ("999.50", "USD", "$1k"),
        ("948000.10", "USD", "$948k"),
        ("999499.99", "USD", "$999k"),
        ("999500.00", "USD", "$1.0M"),
        ("5942000.00", "EUR", "€5.9M"),
        ("59420000.00", "GBP", "£59M"),
        ("1200000000", "JPY", "¥1.2B"),
        ("1500.00", "CHF", "CHF 2k"),
    ],
)
def test_money_at_a_glance(amount: str, currency: str, said: str) -> None:
    assert templating.short(MoneySeen(amount=amount, currency=currency)) == said


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("600000.10", "USD", "$600,000.10"),
        ("600000.00", "USD", "$600,000"),
        ("1200000", "JPY", "¥1,200,000"),
        ("0.005", "KWD", "KWD 0.005"),
    ],
)
def test_exact_money(amount: str, currency: str, said: str) -> None:
    assert templating.exact(MoneySeen(amount=amount, currency=currency)) == said


def test_money_that_is_not_known() -> None:
    assert templating.short(None) == "\N{EN DASH}"
    assert templating.exact(None) == "not known"


def test_a_day_is_for_people_and_machines() -> None:
    said = '<time datetime="2026-11-20">20 Nov 2026</time>'

    assert templating.day(date(2026, 11, 20)) == said
    assert templating.day(datetime(2026, 11, 20, 9, 30, tzinfo=UTC)) == said
    assert templating.day(None) == "\N{EN DASH}"


def test_a_near_day_goes_without_its_year() -> None:
    today = utc_today()

    assert f">{today.day} {today:%b}</time>" in templating.near_day(today)
    assert ">1 Feb 2020</time>" in templating.near_day(date(2020, 2, 1))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "due today"),
        (1, "due in 1 day"),
        (3, "due in 3 days"),
        (-1, "1 day overdue"),
        (-2, "2 days overdue"),
    ],
)
def test_days_from_now(days: int, said: str) -> None:
    assert templating.days_from_now(utc_today() + timedelta(days=days)) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [("nice_to_have", "Nice to have"), ("smb", "SMB"), ("pm", "PM"), ("", "")],
)
def test_words(name: str, said: str) -> None:
    assert templating.words(name) == said


def test_prose_sets_names_as_code_and_escapes_the_rest() -> None:
    assert templating.prose("<b> `a<b` c") == "&lt;b&gt; <code>a&lt;b</code> c"


@pytest.mark.parametrize(
    ("name", "said"), [("Ada Minnow", "AM"), ("Ada", "A"), ("Ada von Minnow", "AM"), ("?", "?")]
)
def test_initials(name: str, said: str) -> None:
    assert templating.initials(name) == said


def test_a_mail_has_the_words_and_the_address() -> None:
    link = templating.mail("No: it is not planned.\nWe say so & mean it.", "a+b@c.example", "SSO?")

    parts = urlsplit(link)
    assert (parts.scheme, unquote(parts.path)) == ("mailto", "a+b@c.example")
    assert parse_qs(parts.query) == {
        "subject": ["SSO?"],
        "body": ["No: it is not planned.\r\nWe say so & mean it."],
    }
    assert "+" not in parts.query


def test_a_mail_of_long_words_is_opened_without_them() -> None:
    assert templating.mail("x" * 1501, None, "SSO") == "mailto:?subject=SSO"
