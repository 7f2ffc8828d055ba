"""How pages are rendered: the templates, what they may use, and the headers that guard them."""

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from api.web import assets
from models.base import utc_today
from models.money import MoneySeen
from services.permissions import Caller, Permission

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self';"
    " img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
SAID = {
    "emea": "EMEA",
    "apac": "APAC",
    "smb": "SMB",
    "se": "SE",
    "pm": "PM",
    "api": "API",
    "q": "Search",
    "hubspot": "HubSpot",
}
LONGEST_MAIL = 1500  # characters; some systems take no link of more than 2,000
NOTICES = {
    "logged": "Logged. It is a debt from now on, until it is answered.",
    "answered": "Answered. What was said stays said.",
    "told": "Noted: the customer was told.",
    "triaged": "Triaged. It counts for this feature now.",
    "untriaged": "Taken back: they are not triaged again.",
    "created": "Made.",
    "settings": "Kept. What comes is read by these settings from now on; replay what was parked.",
    "changed": "Changed. What it was is kept in its history.",
    "status": "The status changed. What was said to customers before stays said.",
    "merged": "Merged. Its asks count here now; below you can take that back.",
    "unmerged": "Taken apart again; every number is as it was.",
    "released": "Released. That it was promised stays on file.",
    "replayed": "It is read again, by the settings of now.",
    "replayed_all": "They are read again, by the settings of now. What cannot be read parks here.",
    "dismissed": "Dismissed. It stays on file; a replay takes that back.",
    "revoked": "Revoked; whatever uses the key is refused from now on.",
    "view_saved": "Saved. It stands above the board, for you alone.",
    "password": "Your password is set; other browsers are signed out.",
}
NOTHING = "\N{EN DASH}"
_UNITS = ((10**9, "B"), (10**6, "M"), (10**3, "k"))
_TEN, _THOUSAND = 10, 1000
_HALF_A_YEAR = 182


def _symbol(currency: str) -> str:
    return SYMBOLS.get(currency, f"{currency} ")


def short(money: MoneySeen | None) -> str:
    """Money at a glance: `$948k`, `$5.9M`; an en dash where nothing is known."""
    if money is None:
        return NOTHING
    amount, sign = Decimal(money.amount), _symbol(money.currency)
    for size, letter in _UNITS:
        # 999,600 would be written 1000k, so the larger unit begins a little earlier.
        if amount >= size * Decimal("0.9995"):
            part = amount / size
            places = Decimal("0.1") if part < _TEN and size > _THOUSAND else Decimal(1)
            return f"{sign}{part.quantize(places, ROUND_HALF_UP)}{letter}"
    return f"{sign}{amount.quantize(Decimal(1), ROUND_HALF_UP)}"


def exact(money: MoneySeen | None) -> str:
    """Money to the last minor unit: `$600,000.10`; no decimals where they are all zero."""
    if money is None:
        return "not known"
    return f"{_symbol(money.currency)}{money.grouped}"


def day(value: date | None) -> Markup:
    """A day for people and machines: 20 Nov 2026."""
    if value is None:
        return escape(NOTHING)
    if isinstance(value, datetime):
        value = value.date()
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(), f"{value.day} {value:%b %Y}"
    )


def near_day(value: date | None) -> Markup:
    """A day in a dense table: without its year within half a year of today."""
    if isinstance(value, datetime):
        value = value.date()
    if value is None or abs((value - utc_today()).days) > _HALF_A_YEAR:
        return day(value)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(), f"{value:%A}, {value.day} {value:%B %Y}", f"{value.day} {value:%b}"
    )


def days_from_now(value: date) -> str:
    """How far a due date is: `due today`, `due in 3 days`, `2 days overdue`."""
    left = (value - utc_today()).days
    if left == 0:
        return "due today"
    many = f"{abs(left)} day{'s' if abs(left) != 1 else ''}"
    return f"due in {many}" if left > 0 else f"{many} overdue"


def some(money: MoneySeen | None) -> bool:
    """Whether it is money at all, and more than nothing."""
    return money is not None and Decimal(money.amount) > 0


def words(value: StrEnum | str) -> str:
    """A name of the API in words: `nice_to_have` is `Nice to have`."""
    text = str(value)
    plain = text.replace("_", " ")
    return SAID.get(text, plain[:1].upper() + plain[1:])


def prose(text: str) -> Markup:
    """A sentence in which `names` between backticks are set as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def plain(text: str) -> str:
    """Text for a line of Markdown: on one line, and no mark in it means anything."""
    return re.sub(r"([\\`*_\[\]<>#|!~])", r"\\\1", " ".join(text.split()))


def mail(message: str, to: str | None, subject: str) -> str:
    """A link that opens a mail with these words; without them where links may not be so long."""
    said = "\r\n".join(message.splitlines())
    given = {"subject": subject} | ({"body": said} if len(said) <= LONGEST_MAIL else {})
    return f"mailto:{quote(to or '', safe='@')}?{urlencode(given, quote_via=quote)}"


def initials(name: str) -> str:
    """At most two letters for a person."""
    found = re.findall(r"\w+", name)
    return "".join(part[0] for part in (found[:1] + found[1:][-1:])).upper() or "?"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(disabled_extensions=("md",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "short": short,
        "exact": exact,
        "day": day,
        "near_day": near_day,
        "days_from_now": days_from_now,
        "words": words,
        "prose": prose,
        "initials": initials,
        "plain": plain,
        "mail": mail,
    }
    environment.tests["some_money"] = some
    environment.globals |= {"asset": assets.address, "today": utc_today}
    return environment


ENVIRONMENT = _environment()


def caller_of(request: Request) -> Caller | None:
    """Who looks at the page, if it is known."""
    caller: Caller | None = getattr(request.state, "caller", None)
    return caller


def render(
    request: Request, template: str, status: int = HTTPStatus.OK, /, **context: Any
) -> Response:
    """A page made from a template, under a policy by which nothing runs but files of ours."""
    caller = caller_of(request)

    def may(permission: str) -> bool:
        return caller is not None and caller.may(Permission(permission))

    notice = NOTICES.get(request.query_params.get("notice", ""))
    given = {"person": caller, "may": may, "path": request.url.path, "notice": notice}
    html = ENVIRONMENT.get_template(template).render(given | context)
    return HTMLResponse(html, status, headers={"Content-Security-Policy": POLICY})
