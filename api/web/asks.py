"""Pages for asks: the list with the debts first, triage of many, and the form to log one."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter

from api.auth import needs
from api.parameters import Cursor, Search
from api.web.pages import By, Filled, Form, Page, by_field, reading, see, writing
from api.web.suggestions import known_account
from api.web.templating import render
from api.work import Session
from models.ask import AskState, Importance
from models.base import Email, Word, utc_today
from models.feature import Feature
from models.user import Role
from services import accounts, ask_views, asks, features, products, triage
from services.ask_views import AnswerOrder, AskFilter, AskOrder
from services.errors import DomainError, Invalid, invalid
from services.permissions import Caller, Permission
from services.policy import Policy

router = APIRouter(route_class=Page)
READ, LOG = [needs(Permission.ask_read)], [needs(Permission.ask_log)]
TRIAGE = [needs(Permission.ask_triage)]

A_PAGE = 50
MOST_ACCOUNTS = 300  # that the form suggests; any other is found by its name all the same
MOST_FEATURES = 500
MOST_PRODUCTS = 200
FIELDS = (
    "account", "domain", "title", "verbatim", "why", "importance", "product_id", "feature_id",
    "asked_on", "contact_name", "contact_email", "opportunity_id",
)  # fmt: skip

SHOWN: dict[str, tuple[str, AskFilter, AskOrder | AnswerOrder]] = {
    "waiting": ("Waiting", AskFilter(state=[AskState.unanswered]), AskOrder.oldest),
    "overdue": ("Overdue", AskFilter(overdue=True), AskOrder.oldest),
    "untriaged": (
        "Not triaged",
        AskFilter(untriaged=True, state=[AskState.unanswered, AskState.answered]),
        AskOrder.oldest,
    ),
    "revisit": ("To revisit", AskFilter(to_revisit=True), AskOrder.oldest),
    "not_told": ("Not told", AskFilter(not_told=True), AnswerOrder.newest),
    "answered": ("Answered", AskFilter(state=[AskState.answered]), AnswerOrder.newest),
    "all": ("All", AskFilter(), AskOrder.newest),
}

# What one's own page shows below the debts, the work first.
BESIDE = ("revisit", "not_told", "answered")
TITLES = {name: label for name, (label, _filter, _order) in SHOWN.items()} | {
    "waiting": "Waiting for an answer",
    "revisit": "To revisit: the bar was reached",
    "answered": "Recently answered",
}
SOME = 5

NONE_REFUSED: Mapping[UUID, DomainError] = MappingProxyType({})
Ticked = Annotated[list[UUID], Field(min_length=1, max_length=A_PAGE)]
_TICKED: TypeAdapter[list[UUID]] = TypeAdapter(Ticked)
Blank = BeforeValidator(lambda value: None if value == "" else value)


def _ids(value: Any) -> Any:
    """What an address holds as one text, with commas."""
    parts = value if isinstance(value, list) else [value]
    return [each for part in parts for each in str(part).split(",") if each]


class Wanted(BaseModel):
    """Which asks are shown."""

    show: Literal["waiting", "overdue", "untriaged", "revisit", "not_told", "answered", "all"] = (
        "waiting"
    )
    feature_id: Annotated[UUID | None, Blank] = None
    q: Annotated[Search | None, Blank] = None
    mine: Annotated[bool, Blank] = False
    triaged: Annotated[bool, Blank] = False  # alone, as the demand board counts them
    logged_by: Annotated[Email | None, Blank] = None
    team: Annotated[Word | None, Blank] = None
    was: Annotated[list[UUID], BeforeValidator(_ids)] = Field(default=[], max_length=A_PAGE)
    cursor: Cursor | None = None

    def address(self, **other: str) -> str:
        """A link to the same asks, shown otherwise."""
        own = {"show": self.show, "feature_id": self.feature_id, "q": self.q}
        own |= {"mine": "yes" if self.mine else "", "logged_by": self.logged_by, "team": self.team}
        own |= {"triaged": "yes" if self.triaged else ""}
        given = {name: str(value) for name, value in (own | other).items() if value}
        return f"/asks?{urlencode(given)}"


@router.get("/asks", dependencies=READ)
def list_asks(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """Asks, the debts first: what has waited longest is at the top; an SE begins with the own."""
    if by.role is Role.se and not request.query_params:
        wanted = wanted.model_copy(update={"mine": True})
    return _list(request, by, wanted)


@router.get("/asks/triage", dependencies=READ)
def back_to_untriaged() -> Response:
    """Whoever reloads the address of the form comes back to the list."""
    return see("/asks?show=untriaged")


@router.post("/asks/triage", dependencies=TRIAGE)
def triage_many(request: Request, by: By, form: Filled) -> Response:
    """Triage the asks that were ticked, or take that back; each that cannot be is told."""
    policy, undo = request.app.state.policy, form.get("undo") != ""
    wanted = Wanted(show="untriaged", mine=form.get("mine") != "")
    try:
        chosen, feature_id = _chosen(form, undo=undo)
        done = writing(
            request, lambda session: triage.triage_asks(session, by, policy, chosen, feature_id)
        )
    except Invalid as error:
        return _list(request, by, wanted, error=error)
    bad = {key: error for key, error in done.items() if error is not None}
    good = [str(key) for key in done if key not in bad]
    if bad:
        return _list(request, by, wanted, refused=bad, kept=len(good))
    if undo:
        return see(wanted.address(notice="untriaged"))
    return see(wanted.address(notice="triaged", was=",".join(good)))


def _chosen(form: Form, *, undo: bool) -> tuple[list[UUID], UUID | None]:
    """The asks that were ticked and the feature they are for.

    Raises:
        Invalid: Something was not chosen, or is no id.
    """
    try:
        chosen = _TICKED.validate_python(form.all("ask_id"))
        feature_id = None if undo else UUID(form.get("feature_id"))
    except ValueError:
        raise Invalid("Tick one ask at least, and choose the feature that they are for.") from None
    return chosen, feature_id


def _list(
    request: Request,
    by: Caller,
    wanted: Wanted,
    *,
    error: Invalid | None = None,
    refused: Mapping[UUID, DomainError] = NONE_REFUSED,
    kept: int = 0,
) -> Response:
    _label, chosen, order = SHOWN[wanted.show]
    within: dict[str, Any] = {"feature_id": [wanted.feature_id]} if wanted.feature_id else {}
    if wanted.triaged and wanted.show != "untriaged":
        within["untriaged"] = False
    whose = by.email if wanted.mine else wanted.logged_by
    own = {"logged_by": [whose] if whose else [], "team": [wanted.team] if wanted.team else []}
    sought = AskFilter(**vars(chosen) | within | own | {"q": wanted.q})
    whole = wanted.mine and wanted.show == "waiting" and not (wanted.q or within or wanted.cursor)
    triages = wanted.show == "untriaged" and by.may(Permission.ask_triage)

    def also(session: Session, name: str) -> tuple[str, Any, int]:
        _label, rest, of_rest = SHOWN[name]
        narrowed = AskFilter(**vars(rest) | own)
        found, more = ask_views.list_asks(session, by, narrowed, limit=SOME, order=of_rest)
        count = ask_views.count_asks(session, by, narrowed) if more else len(found)
        return name, found, count

    def deed(session: Session) -> dict[str, Any]:
        found, more = ask_views.list_asks(
            session, by, sought, limit=A_PAGE, cursor=wanted.cursor, order=order
        )
        key = wanted.feature_id
        return {
            "asks": found,
            "next_page": wanted.address(cursor=more) if more else None,
            "choices": _features(session, by) if triages else None,
            "feature": features.get_feature(session, by, key).title if key else None,
            "also": [also(session, name) for name in BESIDE] if whole else [],
        }

    read = reading(request, deed)
    known = {ask["id"]: ask["title"] for ask in read["asks"]}
    return render(
        request,
        "asks.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error or refused else HTTPStatus.OK,
        **read,
        error=error,
        refused=[(known.get(key, "Another ask"), _told(said)) for key, said in refused.items()],
        kept=kept,
        wanted=wanted,
        titles=TITLES,
        tabs=[(name, label) for name, (label, _filter, _order) in SHOWN.items()],
    )


def _told(error: DomainError) -> str:
    """What kept an ask from being triaged, without the ids of the API's message."""
    if isinstance(error, Invalid):
        return f"the feature {error.errors[0]['msg']}."
    return f"{error.title}. {error.cure}"


@router.get("/asks/new", dependencies=LOG)
def ask_for_ask(request: Request, by: By) -> Response:
    """The form to log an ask; an address may fill in some of it."""
    given = {name: request.query_params.get(name, "") for name in FIELDS}
    given["importance"] = given["importance"] or Importance.important
    given["asked_on"] = given["asked_on"] or utc_today().isoformat()
    return _form(request, by, given)


@router.post("/asks/new", dependencies=LOG)
def log_ask(request: Request, by: By, form: Filled) -> Response:
    """Log an ask; what was typed comes back where something is wrong with it."""
    typed, policy = form.typed(FIELDS), request.app.state.policy
    try:
        ask_id = writing(request, lambda session: _log(session, by, policy, typed))
    except Invalid as error:
        return _form(request, by, typed, error)
    answering = form.get("then") == "answer"
    return see(f"/asks/{ask_id}?notice=logged{'#answer' if answering else ''}")


def _form(
    request: Request, by: Caller, typed: dict[str, str], error: Invalid | None = None
) -> Response:
    def deed(session: Session) -> dict[str, Any]:
        known, _more = products.list_products(session, by, limit=MOST_PRODUCTS)
        suggested, _more = accounts.list_accounts(session, by, limit=MOST_ACCOUNTS)
        return {
            "products": [(str(product.id), product.name) for product in known],
            "features": _features(session, by),
            "accounts": suggested,
            "known": known_account(session, by, typed["account"].strip(), typed["domain"].strip()),
        }

    choices = reading(request, deed)
    if len(choices["products"]) == 1 and not typed["product_id"]:
        typed["product_id"] = choices["products"][0][0]
    return render(
        request,
        "ask_new.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        typed=typed,
        faults=by_field(error, FIELDS, rest="title") if error else {},
        importances=[*Importance],
        due_on=asks.due_on(request.app.state.policy),
        **choices,
    )


def _features(session: Session, by: Caller) -> list[tuple[str, list[Feature]]]:
    """The features that an ask may be for, by the name of their product."""
    known, _more = products.list_products(session, by, limit=MOST_PRODUCTS)
    listed, _more = features.list_features(session, by, limit=MOST_FEATURES)
    return [
        (product.name, [each for each in listed if each.product_id == product.id])
        for product in known
    ]


def _log(session: Session, by: Caller, policy: Policy, typed: dict[str, str]) -> UUID:
    given: dict[str, Any] = {
        name: typed[name]
        for name in FIELDS
        if typed[name].strip()
        and name not in {"account", "domain", "contact_name", "contact_email"}
    }
    contact = {"name": typed["contact_name"], "email": typed["contact_email"]}
    if any(value.strip() for value in contact.values()):
        given["contact"] = {name: value for name, value in contact.items() if value.strip()}
    account = _account(session, by, typed["account"].strip(), typed["domain"].strip())
    if account is not None:
        given["account"] = account
    ask, _new = asks.log_ask(session, by, policy, asks.read_ask(given), asks.FROM_FORM)
    return ask.id


def _account(session: Session, by: Caller, name: str, domain: str) -> dict[str, str] | None:
    """The account that was typed, in the way in which an ask names one.

    Raises:
        Invalid: The name alone fits no account, or several.
    """
    if domain:
        if name:
            return {"name": name, "domain": domain}
        known, _more = accounts.list_accounts(session, by, limit=1, domain=domain[:253])
        if not known:
            raise invalid("account", "is needed, since no account has this domain yet")
        return {"id": str(known[0].id)}
    if not name:
        return None
    alike, _more = accounts.list_accounts(session, by, limit=200, q=name[:200])
    same = [each for each in alike if each.name.casefold() == name.casefold()]
    if len(same) > 1:
        said = ", ".join(each.domain or "one without a domain" for each in same[:5])
        raise invalid("domain", f"is needed: {len(same)} accounts have this name ({said})")
    if not same:
        raise invalid("domain", f"is needed, since no account is called {name[:200]!r} yet")
    return {"id": str(same[0].id)}
