"""Pages to sign in by password or by link, to sign out, and to set one's password."""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.datastructures import URL
from pydantic import TypeAdapter, ValidationError

from api.auth import COOKIE, needs
from api.web.pages import By, Filled, OpenPage, Page, own_path, reading, see, writing
from api.web.templating import caller_of, render
from api.work import Session
from models.base import Email
from models.user import Password, Role, User
from services import first_run, sign_in, users
from services.permissions import Caller, Permission

router = APIRouter(route_class=OpenPage)
own = APIRouter(route_class=Page)

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_PASSWORD = TypeAdapter(Password)
LONGEST_PASSWORD = 200
TRIES_A_MINUTE = 10  # to sign in, for an address


def _with_cookie(request: Request, response: Response, token: str, until: datetime) -> Response:
    response.set_cookie(
        COOKIE,
        token,
        expires=until,
        path="/",
        httponly=True,
        samesite="lax",
        secure=URL(request.app.state.policy.public_url).scheme == "https",
    )
    return response


def _signed_in(request: Request, user: User, wanted: str) -> Response:
    token, until = writing(request, lambda session: sign_in.open_session(session, user))
    return _with_cookie(request, see(own_path(wanted)), token, until)


@router.get("/")
def home(request: Request) -> Response:
    """On to one's work, or to the door; at first an administrator is led to the first ask."""
    by = caller_of(request)
    if by is None:
        return see("/sign-in")
    if by.may(Permission.user_manage):
        steps = reading(request, lambda session: first_run.look(session, by))
        return see(_begins_at(by) if steps.ready else "/welcome")
    return see(_begins_at(by))


def _begins_at(by: Caller, **query: str) -> str:
    """Where a person's day begins: an SE owes answers, everybody else reads the demand."""
    path, own = ("/asks", {"mine": "yes"}) if by.role is Role.se else ("/demand", {})
    given = own | query
    return f"{path}?{urlencode(given)}" if given else path


@router.get("/sign-in")
def ask_for_password(request: Request) -> Response:
    """The door."""
    wanted = own_path(request.query_params.get("next", ""))
    if caller_of(request):
        return see(wanted)
    return render(request, "sign_in.html", next=wanted, email="", fault=None)


@router.post("/sign-in")
def sign_in_by_password(request: Request, form: Filled) -> Response:
    """Sign in with an e-mail and a password."""
    address = request.client.host if request.client else "unknown"
    request.app.state.sign_in_limiter.count(request, address)
    email, password, wanted = form.get("email"), form.get("password"), form.get("next")
    try:
        # Outside the writing transaction: the check takes long on purpose.
        user = reading(request, lambda session: _checked(session, email, password))
    except sign_in.WrongPassword as error:
        return render(
            request,
            "sign_in.html",
            HTTPStatus.UNAUTHORIZED,
            next=own_path(wanted),
            email=email[:254],
            fault=error,
        )
    return _signed_in(request, user, wanted)


def _checked(session: Session, email: str, password: str) -> User:
    try:
        known = _EMAIL.validate_python(email)
    except ValidationError:
        known = ""
    if not known or not 0 < len(password) <= LONGEST_PASSWORD:
        raise sign_in.WrongPassword("Give your e-mail and your password.")
    return sign_in.check_password(session, known, password)


@router.get("/sign-in/{token}")
def offer_link(request: Request, token: str) -> Response:
    """A page with one button: looking at it, as mail scanners do, does not spend the link."""
    return render(request, "sign_in_link.html", token=quote(token, safe=""), fault=None)


@router.post("/sign-in/{token}")
def sign_in_by_link(request: Request, token: str) -> Response:
    """Sign in with a link that works once."""

    def deed(session: Session) -> tuple[str, datetime]:
        return sign_in.open_session(session, sign_in.use_link(session, token))

    try:
        cookie, until = writing(request, deed)
    except sign_in.LinkSpent as error:
        return render(
            request, "sign_in_link.html", HTTPStatus.UNAUTHORIZED, token=None, fault=error
        )
    return _with_cookie(request, see("/"), cookie, until)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Sign this browser out."""
    token = request.cookies.get(COOKIE)
    if token is not None:
        writing(request, lambda session: sign_in.close_session(session, token))
    response = see("/sign-in")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return response


SELF = [needs(Permission.self_read)]


@own.get("/password", dependencies=SELF)
def ask_for_new_password(request: Request) -> Response:
    """The form for one's own password."""
    return render(request, "password.html", faults={})


@own.post("/password", dependencies=SELF)
def set_password(request: Request, by: By, form: Filled) -> Response:
    """Set one's own password; every other browser is signed out, this one stays."""
    password, faults = form.get("password"), dict[str, str]()
    try:
        _PASSWORD.validate_python(password)
    except ValidationError:
        faults["password"] = f"needs 12 to 200 characters, has {len(password)}"
    if not faults and form.get("again") != password:
        faults["again"] = "is not the same as the first"
    if faults:
        return render(request, "password.html", HTTPStatus.UNPROCESSABLE_ENTITY, faults=faults)

    def deed(session: Session) -> tuple[str, datetime]:
        users.set_password(session, by, password)
        return sign_in.open_session(session, users.find_user(session, by.email))

    token, until = writing(request, deed)
    return _with_cookie(request, see(_begins_at(by, notice="password")), token, until)


@own.post("/sign-out-everywhere", dependencies=SELF)
def sign_out_everywhere(request: Request, by: By) -> Response:
    """Sign every browser of the caller out, this one as well."""
    writing(request, lambda session: sign_in.close_all_sessions(session, by.id))
    return see("/sign-in")


router.include_router(own)
