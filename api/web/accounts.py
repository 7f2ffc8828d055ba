"""Pages for accounts: the list, one account, and the brief for a call with it."""

from collections.abc import Callable
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator

from api.auth import needs
from api.parameters import Cursor, Search
from api.web.pages import By, Filled, Page, by_field, reading, see, shaped, writing
from api.web.templating import ENVIRONMENT, render
from api.work import Session
from models.account import Account, AccountChange, AccountNew, Lifecycle, Segment
from models.base import utc_today
from services import accounts, brief, outlook
from services.errors import Conflict, DomainError, Invalid, invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
READ, WRITE = [needs(Permission.ask_read)], [needs(Permission.account_write)]

A_PAGE = 50
SINCE_DAYS = 90
TEXTS = ("name", "domain", "industry", "region", "owner_email", "renews_on", "segment")
FIELDS = (*TEXTS, "lifecycle", "arr_amount", "arr_currency")

Blank = BeforeValidator(lambda value: None if value == "" else value)


class Wanted(BaseModel):
    """Which accounts are shown."""

    q: Annotated[Search | None, Blank] = None
    lifecycle: Annotated[Lifecycle | None, Blank] = None
    segment: Annotated[Segment | None, Blank] = None
    cursor: Cursor | None = None


@router.get("/accounts", dependencies=READ)
def list_accounts(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """Accounts, found by name or domain."""
    found, more = reading(
        request,
        lambda session: accounts.list_accounts(
            session,
            by,
            limit=A_PAGE,
            cursor=wanted.cursor,
            q=wanted.q,
            lifecycle=[wanted.lifecycle] if wanted.lifecycle else [],
            segment=[wanted.segment] if wanted.segment else [],
        ),
    )
    next_page = str(request.url.include_query_params(cursor=more).query) if more else None
    return render(
        request,
        "accounts.html",
        accounts=found,
        wanted=wanted,
        lifecycles=[(str(each), each) for each in Lifecycle],
        segments=[*Segment],
        next_page=f"/accounts?{next_page}" if next_page else None,
    )


@router.get("/accounts/new", dependencies=WRITE)
def ask_for_account(request: Request, by: By) -> Response:
    """The form for a new account."""
    currency = request.app.state.policy.currency
    typed = {**dict.fromkeys(FIELDS, ""), "lifecycle": "prospect", "arr_currency": currency}
    return _form(request, by, typed)


@router.post("/accounts/new", dependencies=WRITE)
def create_account(request: Request, by: By, form: Filled) -> Response:
    """Make an account; what was typed comes back where something is wrong with it."""
    typed = form.typed(FIELDS)

    def deed(session: Session) -> UUID:
        new = shaped(AccountNew, {name: v for name, v in _given(typed).items() if v is not None})
        return accounts.create_account(session, by, new).id

    return _kept(request, by, typed, deed, None)


@router.get("/accounts/{account_id:uuid}/edit", dependencies=WRITE)
def ask_for_change(request: Request, by: By, account_id: UUID) -> Response:
    """The form to change an account."""
    account = reading(request, lambda session: accounts.get_account(session, by, account_id))
    typed = {name: str(getattr(account, name) or "") for name in (*TEXTS, "lifecycle")}
    money = account.arr
    typed["arr_amount"] = money.amount if money else ""
    typed["arr_currency"] = money.currency if money else request.app.state.policy.currency
    return _form(request, by, typed, account=account)


@router.post("/accounts/{account_id:uuid}/edit", dependencies=WRITE)
def change_account(request: Request, by: By, account_id: UUID, form: Filled) -> Response:
    """Change an account; an emptied field is forgotten."""
    typed, policy = form.typed(FIELDS), request.app.state.policy

    def deed(session: Session) -> UUID:
        change = shaped(AccountChange, _given(typed))
        return accounts.change_account(session, by, policy, account_id, change).id

    return _kept(request, by, typed, deed, account_id)


def _given(typed: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: typed[name].strip() or None for name in TEXTS}
    if typed["lifecycle"]:
        given["lifecycle"] = typed["lifecycle"]
    amount = typed["arr_amount"].replace(",", "").strip()
    given["arr"] = {"amount": amount, "currency": typed["arr_currency"].strip()} if amount else None
    return given


def _kept(
    request: Request,
    by: Caller,
    typed: dict[str, str],
    deed: Callable[[Session], UUID],
    account_id: UUID | None,
) -> Response:
    try:
        kept = writing(request, deed)
    except (Conflict, Invalid) as error:
        account = (
            reading(request, lambda session: accounts.get_account(session, by, account_id))
            if account_id
            else None
        )
        return _form(request, by, typed, error, account)
    return see(f"/accounts/{kept}?notice={'changed' if account_id else 'created'}")


def _form(
    request: Request,
    _by: Caller,
    typed: dict[str, str],
    error: DomainError | None = None,
    account: Account | None = None,
) -> Response:
    rest = "domain" if isinstance(error, accounts.DomainTaken) else "name"
    faults = (by_field(error, FIELDS, rest=rest) or {rest: error.detail}) if error else {}
    return render(
        request,
        "account_form.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        account=account,
        typed=typed,
        faults=faults,
        lifecycles=[(str(each), str(each).capitalize()) for each in Lifecycle],
        segments=[*Segment],
    )


@router.get("/accounts/{account_id:uuid}", dependencies=READ)
def show_account(request: Request, by: By, account_id: UUID) -> Response:
    """One account: what it asked and was told, its deals, its people, what it was promised."""

    def deed(session: Session) -> tuple[Account, dict[str, Any], Any]:
        account = accounts.get_account(session, by, account_id)
        if account.merged_into is not None:
            return account, {}, ()
        found = brief.brief(session, by, account_id)
        return account, found, accounts.list_contacts(session, by, account_id)

    account, found, people = reading(request, deed)
    if account.merged_into is not None:
        return see(f"/accounts/{account.merged_into}")
    return render(request, "account.html", **found, people=people)


@router.get("/accounts/{account_id:uuid}/merge", dependencies=WRITE)
def ask_for_merge(
    request: Request,
    by: By,
    account_id: UUID,
    q: Annotated[Search | None, Blank, Query()] = None,
) -> Response:
    """The form to merge an account into another one, found by name or domain."""
    return _merge_form(request, by, account_id, q or "")


@router.post("/accounts/{account_id:uuid}/merge", dependencies=WRITE)
def merge_accounts(request: Request, by: By, account_id: UUID, form: Filled) -> Response:
    """Merge an account into another one, which keeps everything."""
    policy = request.app.state.policy
    try:
        into = UUID(form.get("into")) if form.get("into") else None
        if into is None:
            raise invalid("into", "choose the account that remains")
        writing(
            request, lambda session: accounts.merge_accounts(session, by, policy, account_id, into)
        )
    except ValueError:
        return _merge_form(request, by, account_id, "", "choose one of the accounts")
    except (Conflict, Invalid) as error:
        return _merge_form(request, by, account_id, "", error.detail)
    return see(f"/accounts/{into}?notice=changed")


def _merge_form(
    request: Request, by: Caller, account_id: UUID, q: str, fault: str = ""
) -> Response:
    def deed(session: Session) -> tuple[Account, list[Any], dict[str, Any]]:
        account = accounts.get_account(session, by, account_id)
        sought = q or account.name.split()[0]
        listed, _more = accounts.list_accounts(session, by, limit=20, q=sought)
        others = [each for each in listed if each.id != account_id]
        return account, others, brief.brief(session, by, account_id)

    account, others, found = reading(request, deed)
    return render(
        request,
        "account_merge.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK,
        merged=account,
        others=others,
        found=found,
        q=q,
        fault=fault,
    )


class Since(BaseModel):
    """Since when the account was not spoken to."""

    since: Annotated[date | None, Blank] = None


@router.get("/accounts/{account_id:uuid}/brief", dependencies=READ)
def show_brief(
    request: Request, by: By, account_id: UUID, wanted: Annotated[Since, Query()]
) -> Response:
    """What to know before a call, on one page."""
    return render(request, "brief.html", **_brief(request, by, account_id, wanted.since))


@router.get("/accounts/{account_id:uuid}/brief.md", dependencies=READ)
def get_brief_as_markdown(
    request: Request, by: By, account_id: UUID, wanted: Annotated[Since, Query()]
) -> Response:
    """The same as Markdown, to paste into notes."""
    text = ENVIRONMENT.get_template("brief.md").render(
        _brief(request, by, account_id, wanted.since)
    )
    return Response(text, media_type="text/markdown; charset=utf-8")


def _brief(request: Request, by: Caller, account_id: UUID, since: date | None) -> dict[str, Any]:
    last = since or utc_today() - timedelta(days=SINCE_DAYS)
    state = request.app.state

    def deed(session: Session) -> dict[str, Any]:
        found = brief.brief(session, by, account_id)
        remaining = found["account"].id
        return found | outlook.outlook(session, by, state.book, state.policy, remaining, last)

    return {**reading(request, deed), "since": last}
