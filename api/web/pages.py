"""What every page rests on: who is there, the form that was sent, one transaction."""

import re
from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from api.auth import COOKIE, SAFE, CrossSite, StrictRequest, identify, same_origin
from api.work import Session, transaction
from services import sign_in
from services.asks import not_valid
from services.errors import DomainError, Invalid, invalid
from services.permissions import Caller

Found = TypeVar("Found")
Shaped = TypeVar("Shaped", bound=BaseModel)

MOST_FIELDS = 200
FORM = "application/x-www-form-urlencoded"
# Browsers drop tabs and line breaks from addresses, and read a backslash as a slash.
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,2000}")


def _known(request: Request) -> Caller:
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return identify(request)
    with Session(request.app.state.reader) as session:
        return sign_in.caller_of_session(session, cookie)


class OpenPage(APIRoute):
    """A page for everybody; it knows who is signed in, if anybody is."""

    needs_caller = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            if request.method not in SAFE and not same_origin(request):
                raise CrossSite("The form came from a page of another site.")
            try:
                caller = await run_in_threadpool(_known, request)
            except sign_in.NotSignedIn:
                if self.needs_caller:
                    raise
            else:
                request.state.caller = caller
                request.app.state.limiter.count(request, str(caller.principal))
            await request.body()
            return await handler(request)

        return guarded


class Page(OpenPage):
    """A page for whoever is signed in."""

    needs_caller = True


class Form:
    """What was typed into a form, text by text."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def all(self, name: str) -> list[str]:
        """Every value sent under a name, in order."""
        return [value for known, value in self._pairs if known == name]

    def get(self, name: str) -> str:
        """The last value sent under a name; nothing where there is none."""
        return next(iter(reversed(self.all(name))), "")

    def typed(self, names: Iterable[str]) -> dict[str, str]:
        """The values of the fields named, as they were typed."""
        return {name: self.get(name) for name in names}


def read_form(body: bytes) -> Form:
    """A form from the body that a browser sent, with plain line breaks.

    Raises:
        Invalid: It has too many fields, or holds a character that no text may hold.
    """
    try:
        pairs = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise Invalid(f"The form has more than {MOST_FIELDS} fields.") from None
    for name, value in pairs:
        if "\x00" in name + value:
            raise invalid(name.replace("\x00", "?"), "holds the character U+0000")
    return Form((name, value.replace("\r\n", "\n")) for name, value in pairs)


async def _form(request: Request) -> Form:
    sent = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    if sent != FORM:
        raise Invalid(f"This page reads forms ({FORM}), not {sent[:100]}; programs use /api/v1.")
    return read_form(await request.body())


async def _by(request: Request) -> Caller:  # no thread for a look-up
    caller: Caller = request.state.caller
    return caller


Filled = Annotated[Form, Depends(_form)]
By = Annotated[Caller, Depends(_by)]


def reading(request: Request, deed: Callable[[Session], Found]) -> Found:
    """Read in one snapshot, in which the database itself refuses every write."""
    with Session(request.app.state.reader) as session:
        return deed(session)


def writing(request: Request, deed: Callable[[Session], Found]) -> Found:
    """Write in one transaction, kept whole before the page is made, or not at all.

    Raises:
        Busy: It met other transactions again and again.
    """
    return transaction(request.app.state, deed)


def see(path: str) -> Response:
    """Send the browser on to a page of ours, with a GET."""
    return RedirectResponse(path, 303)


def own_path(wanted: str) -> str:
    """Where to go after signing in: a path of ours, whatever the address said."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"


def shaped(shape: type[Shaped], given: dict[str, Any]) -> Shaped:
    """What a form says, as a shape that a service takes.

    Raises:
        Invalid: It is none; the errors name the fields.
    """
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        raise not_valid(error) from None


def by_field(error: DomainError, fields: Iterable[str], rest: str = "") -> dict[str, str]:
    """What is wrong with each field of a form.

    Args:
        error: The problem; its `errors` say where.
        fields: The fields of the form. `a_b` stands for `a.b` in the body.
        rest: The field that is told what fits no other; unless given, nothing is.
    """
    known, told = set(fields), dict[str, str]()
    for fault in error.errors:
        place = [str(part) for part in fault["loc"][1:] if not isinstance(part, int)]
        named = ["_".join(place), *reversed(place), *re.findall(r"`(\w+)`", fault["msg"])]
        field = next((name for name in named if name in known), rest)
        said = "is needed" if fault["msg"] == "Field required" else str(fault["msg"])
        if field:
            told.setdefault(field, said)
    return told


def faults_of(error: DomainError | None, fields: Iterable[str], rest: str) -> dict[str, str]:
    """What to say at each field of a form; at `rest` what names none of them."""
    if error is None:
        return {}
    return by_field(error, fields, rest) or {rest: error.detail}
