"""One ask and its answer: yes, no or ranked. There is no maybe."""

import re
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError

from api.auth import needs
from api.problems import status_of
from api.web.pages import By, Filled, Form, Page, by_field, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.ask import AskChange, AskState
from models.feature import RANKABLE, Feature
from models.response import (
    BASES,
    Basis,
    Channel,
    MessageCheck,
    NoNew,
    RankedNew,
    ResponseKind,
    ResponseNew,
    ToldNew,
    YesNew,
)
from services import (
    accounts,
    ask_views,
    asks,
    debts,
    features,
    guide,
    messages,
    opportunities,
    orders,
    products,
    response_views,
    responses,
    similar,
    wording,
)
from services.errors import Conflict, DomainError, Invalid, Stale
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
READ = [needs(Permission.ask_read)]
ANSWER, TRIAGE = [needs(Permission.ask_answer)], [needs(Permission.ask_triage)]

PLACES = 6  # that the form has for a strict order
MOST_FEATURES = 500
MOST_CHOICES = 60  # features that one place offers
MOST_SIMILAR = 5
FIELDS = (
    "kind", "basis", "how", "workaround", "contractual", "contract_reference", "message",
    "supersedes_reason", "hedge_override", "order", "feature_id",
)  # fmt: skip
# The field to look at, where the state of things forbids an answer.
AT: dict[type[DomainError], str] = {
    responses.AlreadyAnswered: "supersedes_reason",
    responses.DemandBarReached: "basis",
    responses.NoBar: "basis",
    responses.NotAvailable: "how",
    responses.NotCommitted: "basis",
    responses.Untriaged: "kind",
}
CURES: dict[type[DomainError], str] = {
    responses.AlreadyAnswered: "If the mind changed, say why below.",
    messages.HedgedMessage: "Take the straight wording, or say below why these words must stand.",
    messages.ContradictingMessage: (
        "Choose the answer that the words give, or change the words. If both are right as they"
        " are, say below why these words must stand."
    ),
    responses.Untriaged: "Say first which feature it is for; without one it can only be told no.",
    responses.NotAvailable: "If there is a way to do it today, describe it and mark it as one.",
}
_GIVEN: TypeAdapter[YesNew | NoNew | RankedNew] = TypeAdapter(ResponseNew)
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_OWN = re.compile(rf"\bAsk {_ID.pattern}")


@router.get("/asks/{ask_id:uuid}", dependencies=READ)
def show_ask(request: Request, by: By, ask_id: UUID) -> Response:
    """One ask: what the customer said, what it was told, and the answer that the facts support."""
    wanted = {name: request.query_params.get(name, "") for name in ("kind", "basis")}
    return _page(request, by, ask_id, wanted=wanted)


@router.get("/asks/{ask_id:uuid}/responses", dependencies=READ)
@router.get("/asks/{ask_id:uuid}/feature", dependencies=READ)
@router.get("/asks/{ask_id:uuid}/told", dependencies=READ)
def back_to_ask(ask_id: UUID) -> Response:
    """Whoever reloads the address of a form comes back to the ask."""
    return see(f"/asks/{ask_id}")


@router.post("/asks/{ask_id:uuid}/responses", dependencies=ANSWER)
def give_response(request: Request, by: By, ask_id: UUID, form: Filled) -> Response:
    """Answer an ask; a refused answer comes back with what is wrong with it."""
    policy = request.app.state.policy
    try:
        given = read_response(form)
        writing(
            request, lambda session: responses.give_response(session, by, policy, ask_id, given)
        )
    except (Conflict, Invalid) as error:
        return _page(request, by, ask_id, form=form, error=error)
    # A browser keeps the fragment of the form's address, unless it is given another one; from this
    # one the ask to answer next is two keys away.
    return see(f"/asks/{ask_id}?notice=answered#main")


@router.post("/asks/{ask_id:uuid}/feature", dependencies=TRIAGE)
def triage(request: Request, by: By, ask_id: UUID, form: Filled) -> Response:
    """Say which feature an ask is for."""
    policy = request.app.state.policy
    try:
        change = _triaged(form)
        writing(request, lambda session: asks.change_ask(session, by, policy, ask_id, change))
    except (Conflict, Invalid) as error:
        return _page(request, by, ask_id, error=error)
    return see(f"/asks/{ask_id}?notice=triaged")


@router.post("/asks/{ask_id:uuid}/told", dependencies=ANSWER)
def tell(request: Request, by: By, ask_id: UUID, form: Filled) -> Response:
    """Note that the customer was told the answer that stands."""

    def deed(session: Session) -> None:
        ask, _version = ask_views.get_ask(session, by, ask_id)
        if ask["response"] is None:
            raise Invalid("There is no answer yet that the customer could have been told.")
        if form.get("response_id") not in {"", str(ask["response"]["id"])}:
            raise Stale("The answer has changed since this page was opened. Read it again here.")
        told = shaped(ToldNew, {"channel": form.get("channel"), "on": form.get("on")})
        responses.tell(session, by, ask["response"]["id"], told)

    try:
        writing(request, deed)
    except (Conflict, Invalid, Stale) as error:
        return _page(request, by, ask_id, error=error, untold=error.detail)
    return see(f"/asks/{ask_id}?notice=told#main")


@router.post("/asks/{ask_id:uuid}/check", dependencies=READ)
def check_message(request: Request, by: By, ask_id: UUID, form: Filled) -> Response:
    """A fragment: the words to the customer with their hedges marked, and what to say instead."""
    typed = {"message": _typed(form)["message"], "kind": form.get("kind") or None}
    given = shaped(MessageCheck, typed)
    policy = request.app.state.policy
    facts = reading(request, lambda session: guide.known_of(session, by, policy, ask_id))
    found = wording.read(given.message, given.kind, facts)
    spans = [asdict(span) for span in found.spans]
    return render(
        request,
        "reading.html",
        message=given.message.strip(),
        blanks=wording.blanks(given.message),
        verdict=found.verdict,
        spans=spans,
        marked=_marked(given.message, spans),
        contradicts=given.kind is not None and wording.contradicts(found, given.kind),
        kind=given.kind,
    )


def _triaged(form: Form) -> AskChange:
    try:
        return AskChange.model_validate({"feature_id": form.get("feature_id")})
    except ValidationError:
        said = {"loc": ["body", "feature_id"], "msg": "choose a feature", "type": "value_error"}
        raise Invalid("Choose the feature that the customer asks for.", errors=[said]) from None


def read_response(form: Form) -> YesNew | NoNew | RankedNew:
    """An answer from the form. Fields of another kind, which the page hides, are left out.

    Raises:
        Invalid: It is none; above all, it is a maybe.
    """
    kind, typed = form.get("kind"), _typed(form)
    given: dict[str, Any] = {"kind": kind} if kind else {}
    names = ["message", "supersedes_reason", "hedge_override"]
    if kind in {ResponseKind.yes, ResponseKind.no}:
        names.append("basis")
    if kind == ResponseKind.yes:
        available = typed["basis"] == Basis.available
        names.append("how" if available else "contract_reference")
        flag = "workaround" if available else "contractual"
        given[flag] = typed[flag] != ""
    if kind == ResponseKind.ranked:
        given["order"] = [place for place in form.all("order") if place]
    given |= {name: typed[name] for name in names if typed[name].strip()}
    try:
        return _GIVEN.validate_python(given)
    except ValidationError as error:
        raise asks.not_valid(error) from None


def _typed(form: Form) -> dict[str, Any]:
    """The form as it was typed; basis and message are those of the kind chosen.

    The page has a basis and a message for each kind and shows those of one.
    """
    kind = form.get("kind")
    fitting = BASES[ResponseKind(kind)] if kind in {*ResponseKind} else ()
    bases = sorted(filter(None, form.all("basis")), key=lambda basis: basis in fitting)
    messages = {f"message_{each}": form.get(f"message_{each}") for each in ResponseKind}
    return {
        **form.typed(FIELDS),
        **messages,
        "basis": bases[-1] if bases else "",
        "message": messages.get(f"message_{kind}") or form.get("message"),
        "order": form.all("order"),
    }


def _proposed(guided: dict[str, Any], wanted: dict[str, str]) -> dict[str, Any]:
    """The form before anything is typed: what the guide proposes, or the alternative chosen."""
    first = {**guided["proposal"], "wording": guided["wording"]}
    options = [first, *guided["alternatives"]]
    chosen = next(
        (
            each
            for each in options
            if wanted == {"kind": each["kind"], "basis": each["basis"] or ""}
        ),
        first,
    )
    typed: dict[str, Any] = dict.fromkeys(FIELDS, "")
    for option in [*reversed(options), chosen]:
        typed[f"message_{option['kind']}"] = option["wording"]
    missing = {f"message_{kind}": "" for kind in ResponseKind}
    return {
        **missing,
        **typed,
        "kind": chosen["kind"],
        "basis": chosen["basis"],
        "how": guided["how"] or "",
        "order": [],
    }


def _page(
    request: Request,
    by: Caller,
    ask_id: UUID,
    *,
    form: Form | None = None,
    error: DomainError | None = None,
    wanted: dict[str, str] | None = None,
    untold: str = "",
) -> Response:
    read = reading(request, lambda session: _read(session, request, by, ask_id))
    return render(
        request,
        "ask.html",
        status_of(type(error)) if error else HTTPStatus.OK,
        **read,
        typed=_typed(form) if form else _proposed(read["guide"], wanted or {}),
        faults=_faults(error) if error else {},
        refusal=_refusal(error, form) if error else None,
        bases=BASES,
        channels=[*Channel],
        goes_on=_goes_on(request, by),
        untold=untold,
        places=range(min(PLACES, len(read["choices"]))),
    )


def _read(session: Session, request: Request, by: Caller, ask_id: UUID) -> dict[str, Any]:
    """What the page of an ask shows."""
    ask, _version = ask_views.get_ask(session, by, ask_id)
    given = response_views.of_ask(session, responses.list_responses(session, by, ask_id))
    feature = _standing(session, by, ask["feature_id"]) if ask["feature_id"] else None
    deal = ask["opportunity_id"]
    product = products.get_product(session, by, ask["product_id"])
    shareable, _more = features.list_features(
        session, by, limit=MOST_CHOICES, product_id=[product.id], shareable=True
    )
    open_ones = [each for each in shareable if each.status in RANKABLE and each != feature]
    rankable = [feature, *open_ones] if feature else []
    known = {each.id: each for each in [*rankable, *shareable]}
    for key in {key for each in given for key in each["order"] or ()} - known.keys():
        known[key] = features.get_feature(session, by, key)
    names = {key: each.public_title or each.title for key, each in known.items()}
    return {
        "ask": ask,
        "account": accounts.get_account(session, by, ask["account"]["id"]),
        "deal": opportunities.get_opportunity(session, by, deal) if deal else None,
        "responses": given,
        "feature": feature,
        "product": product,
        "choices": {each.id: each.title for each in rankable},
        "question": orders.question([names[each.id] for each in rankable[:PLACES]]),
        "titles": {key: each.title for key, each in known.items()},
        "to_send": response_views.to_send(ask["response"], names) if ask["response"] else "",
        "guide": guide.guide(session, by, request.app.state.policy, ask_id),
        "triage": _triage_choices(session, by, ask),
        "next_ask": debts.next_of(session, by) if _goes_on(request, by) else None,
    }


def _goes_on(request: Request, by: Caller) -> bool:
    """Whether the page says what to answer next: after an answer, and after it was told."""
    done = request.query_params.get("notice") in {"answered", "told"}
    return done and by.may(Permission.ask_answer)


def _standing(session: Session, by: Caller, feature_id: UUID) -> Feature:
    """The feature, or the one that it was merged into."""
    feature = features.get_feature(session, by, feature_id)
    while feature.merged_into is not None:
        feature = features.get_feature(session, by, feature.merged_into)
    return feature


def _triage_choices(session: Session, by: Caller, ask: dict[str, Any]) -> Any:
    """The features an ask may be for, those like it first; nothing where it is triaged."""
    if ask["feature_id"] or ask["state"] is AskState.withdrawn:
        return None
    own = [ask["product_id"]]
    like = similar.similar_features(session, by, ask["title"], product_id=own, limit=MOST_SIMILAR)
    listed, _more = features.list_features(session, by, limit=MOST_FEATURES, product_id=own)
    found = {each.id for each in like}
    return {"like": like, "other": [each for each in listed if each.id not in found]}


def _faults(error: DomainError) -> dict[str, str]:
    faults = by_field(error, FIELDS, rest="kind")
    if type(error) in AT:
        faults[AT[type(error)]] = _plain(error.detail)
    return faults


def _refusal(error: DomainError, form: Form | None) -> dict[str, Any]:
    """Why an answer was not taken, with the words that hedge marked in the message."""
    hedges = [each for each in error.errors if each.get("type") == "hedge"]
    typed = _typed(form) if form else {}
    return {
        "slug": error.slug,
        "title": error.title,
        "detail": _plain(error.detail) if isinstance(error, Conflict) else "",
        "cure": CURES.get(type(error), error.cure) if type(error) is not Invalid else "",
        "faults": {} if hedges or isinstance(error, Conflict) else _faults(error),
        "hedges": hedges,
        "contradicts": isinstance(error, messages.ContradictingMessage),
        "marked": [
            _marked(typed[field].strip(), found)
            for field in ("message", "how")
            if (found := [each for each in hedges if each["loc"][-1] == field])
        ],
    }


def _marked(message: str, hedges: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it hedges."""
    pieces, at = list[tuple[str, bool]](), 0
    for each in sorted(hedges, key=lambda hedge: int(hedge["start"])):
        start, end = max(at, each["start"]), each["end"]
        pieces += [(message[at:start], False), (message[start:end], True)]
        at = max(at, end)
    return [piece for piece in [*pieces, (message[at:], False)] if piece[0]]


def _plain(detail: str) -> str:
    """What happened, without the ids that the page need not show."""
    return _ID.sub("", _OWN.sub("This ask", detail)).replace(", .", ".")
