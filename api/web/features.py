"""Pages for features: one feature with its demand, and what a PM does to it."""

from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.auth import needs
from api.parameters import Cursor
from api.web.pages import By, Filled, Form, Page, by_field, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.feature import Feature, FeatureChange, FeatureNew, FeatureStatus
from models.money import MoneySeen
from services import bar_changes, commitments, demand, feature_record, features, products, similar
from services.demand import DemandFilter
from services.errors import Conflict, DomainError, Invalid, Stale, invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
READ, WRITE = [needs(Permission.demand_read)], [needs(Permission.catalog_write)]

A_PAGE = 10
MOST = 200
A_FEW = 10  # promises that a page about something else shows
SOME = 5  # answers, and times that the bar was reached
TEXTS = ("title", "area", "description", "owner_email", "public_title")
FIELDS = (*TEXTS, "shareable", "bar_accounts", "bar_amount", "bar_currency", "bar_reason")
NEW = ("product_id", *FIELDS)
STATUS = ("status", "target_on", "decline_reason", "override_reason")
# What the API calls the parts of a bar, and the fields of the form for them.
BAR = {"accounts": "bar_accounts", "amount": "bar_amount", "currency": "bar_currency"}
# What a feature becomes from here, the likeliest first, and the word for doing it.
STEPS: dict[str, tuple[str, ...]] = {
    FeatureStatus.candidate: ("planned", "declined"),
    FeatureStatus.planned: ("in_progress", "planned", "candidate", "declined"),
    FeatureStatus.in_progress: ("shipped", "in_progress", "planned", "declined"),
    FeatureStatus.shipped: ("in_progress",),
    FeatureStatus.declined: ("candidate", "planned", "declined"),
}
VERBS = {
    "candidate": "Back to candidates",
    "planned": "Plan",
    "in_progress": "Start",
    "shipped": "Ship",
    "declined": "Decline",
}
STAY = {"planned": "Move the date", "in_progress": "Move the date", "declined": "Decline anew"}


@router.get("/features/{feature_id:uuid}", dependencies=READ)
def show_feature(
    request: Request,
    by: By,
    feature_id: UUID,
    cursor: Annotated[Cursor | None, Query()] = None,
    undo: UUID | None = None,
) -> Response:
    """One feature: who asks for it, what it is worth, and what was said and promised."""

    def deed(session: Session) -> dict[str, Any]:
        state = request.app.state
        feature = features.get_feature(session, by, feature_id)
        found: dict[str, Any] = {
            "feature": feature,
            "into": features.get_feature(session, by, feature.merged_into)
            if feature.merged_into
            else None,
            "product": products.get_product(session, by, feature.product_id),
            "found": demand.of_feature(
                state.book, session, by, state.policy, feature_id, DemandFilter()
            ),
        }
        found["evidence"], found["more"] = demand.evidence(
            session, by, feature_id, DemandFilter(), limit=A_PAGE, cursor=cursor
        )
        bound = commitments.bound(session, by, feature_id, limit=A_FEW)
        found["promises"], found["more_promises"] = bound.promises, bound.more
        alike = similar.similar_features(
            session, by, feature.title, limit=6, product_id=[feature.product_id]
        )
        found["similar"] = [each for each in alike if each.id != feature_id][:5]
        found["merged"] = features.merged_into(session, by, feature_id)
        found["answers"] = feature_record.answers(session, by, feature_id, limit=SOME)
        found["promised"] = feature_record.promised(session, by).get(feature_id)
        found["bars"] = bar_changes.history(session, by, Feature, feature_id, limit=SOME)
        found["reached"] = feature_record.times_reached(session, by, feature_id, limit=SOME)
        return found

    found = reading(request, deed)
    more = found.pop("more")
    return render(
        request,
        "feature.html",
        **found,
        months=[(_month(each["month"]), each["asks"]) for each in found["found"]["by_month"]],
        parts=_parts_of_bar(found["found"]),
        undone=next((each for each in found["merged"] if each.id == undo), None),
        steps=STEPS[found["feature"].status],
        verbs=_verbs(found["feature"]),
        next_page=f"/features/{feature_id}?cursor={more}#evidence" if more else None,
    )


def _verbs(feature: Feature) -> dict[str, str]:
    """The word for each step from where a feature is."""
    status = str(feature.status)
    return VERBS | ({status: STAY[status]} if status in STAY else {})


def _month(text: str) -> str:
    """`2026-01` as `Jan 26`; other months without their year."""
    first = date.fromisoformat(f"{text}-01")
    return f"{first:%b %y}" if first.month == 1 else f"{first:%b}"


def _parts_of_bar(found: dict[str, Any]) -> list[tuple[str, Any, Any, int]]:
    """Each part of the bar: its name, where demand stands, the bar, and how far in per cent."""
    bar, customers = found["bar"], found["customers"]
    parts: list[tuple[str, Any, Any, int]] = []
    if bar and bar["accounts"] is not None:
        accounts = customers["accounts"]
        share = min(100, 100 * accounts // bar["accounts"])
        parts.append(("Live customers", accounts, bar["accounts"], share))
    if bar and bar["arr"] is not None:
        known = {each.currency: each for each in (customers["arr"], *customers["unconverted"])}
        nothing = MoneySeen(amount="0", currency=bar["arr"].currency)
        arr = known.get(bar["arr"].currency, nothing)
        needed = Decimal(bar["arr"].amount)
        share = min(100, int(100 * Decimal(arr.amount) / needed)) if needed else 100
        parts.append(("Their ARR", arr, bar["arr"], share))
    return parts


@router.get("/features/new", dependencies=WRITE)
def ask_for_feature(request: Request, by: By) -> Response:
    """The form for a new feature; an address may fill in some of it."""
    typed = {name: request.query_params.get(name, "") for name in NEW}
    return _form(request, by, typed)


@router.post("/features/new", dependencies=WRITE)
def create_feature(request: Request, by: By, form: Filled) -> Response:
    """Make a feature; what was typed comes back where something is wrong with it."""
    typed = form.typed(NEW)
    try:
        given = _said(typed) | {"product_id": typed["product_id"]}
        new = shaped(FeatureNew, {name: value for name, value in given.items() if value})
        made = writing(request, lambda session: features.create_feature(session, by, new).id)
    except (Conflict, Invalid) as error:
        return _form(request, by, typed, error)
    return see(f"/features/{made}?notice=created")


@router.get("/features/{feature_id:uuid}/edit", dependencies=WRITE)
def ask_for_change(request: Request, by: By, feature_id: UUID) -> Response:
    """The form to change what is said of a feature."""
    feature = reading(request, lambda session: features.get_feature(session, by, feature_id))
    bar = feature.demand_bar
    arr = bar.arr if bar else None
    typed = {name: getattr(feature, name) or "" for name in TEXTS} | {
        "shareable": "on" if feature.shareable else "",
        "bar_accounts": str(bar.accounts or "") if bar else "",
        "bar_amount": arr.amount if arr else "",
        "bar_currency": arr.currency if arr else "",
        "bar_reason": "",
    }
    return _form(request, by, typed | {"product_id": str(feature.product_id)}, feature=feature)


@router.post("/features/{feature_id:uuid}/edit", dependencies=WRITE)
def change_feature(request: Request, by: By, feature_id: UUID, form: Filled) -> Response:
    """Change what is said of a feature; an emptied field is forgotten."""
    typed, policy = form.typed(FIELDS), request.app.state.policy
    try:
        change = shaped(FeatureChange, _said(typed))
        writing(
            request,
            lambda session: features.change_feature(
                session, by, policy, feature_id, change, expected=_version(form)
            ),
        )
    except (Conflict, Invalid, Stale) as error:
        feature = reading(request, lambda session: features.get_feature(session, by, feature_id))
        return _form(request, by, typed | {"product_id": ""}, error, feature)
    return see(f"/features/{feature_id}?notice=changed")


def _said(typed: dict[str, str]) -> dict[str, Any]:
    """What the form says of a feature, under the names of the API."""
    bar: dict[str, Any] = {}
    if count := typed["bar_accounts"].strip():
        if not count.isdecimal():
            raise invalid("bar_accounts", "is no whole number; write it like 10")
        bar["accounts"] = int(count[:20])
    if amount := typed["bar_amount"].replace(",", "").strip():
        bar["arr"] = {"amount": amount, "currency": typed["bar_currency"].strip()}
    said: dict[str, Any] = {name: typed[name].strip() or None for name in (*TEXTS, "bar_reason")}
    return said | {"shareable": bool(typed["shareable"]), "demand_bar": bar or None}


def _version(form: Form) -> int | None:
    """The version that the form was filled in from; None where it does not say."""
    text = form.get("version")
    return int(text[:18]) if text.isdecimal() else None


def _form(
    request: Request,
    by: Caller,
    typed: dict[str, str],
    error: DomainError | None = None,
    feature: Feature | None = None,
) -> Response:
    known, _more = reading(request, lambda session: products.list_products(session, by, limit=MOST))
    told = by_field(error, (*NEW, *BAR), rest="title") if error else {}
    typed["bar_currency"] = typed["bar_currency"] or request.app.state.policy.currency
    return render(
        request,
        "feature_form.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        feature=feature,
        typed=typed,
        faults={BAR.get(name, name): said for name, said in told.items()},
        problem=error,
        stale=isinstance(error, Stale),
        products=[(str(product.id), product.name) for product in known],
    )


@router.get("/features/{feature_id:uuid}/status", dependencies=WRITE)
def ask_for_status(request: Request, by: By, feature_id: UUID) -> Response:
    """The form to plan, start, ship or decline, with whom it concerns."""
    typed = {name: request.query_params.get(name, "") for name in STATUS}
    return _status_form(request, by, feature_id, typed)


@router.post("/features/{feature_id:uuid}/status", dependencies=WRITE)
def change_status(request: Request, by: By, feature_id: UUID, form: Filled) -> Response:
    """Plan, start, ship or decline a feature."""
    typed, policy = form.typed(STATUS), request.app.state.policy
    wanted = {name: text.strip() for name, text in typed.items() if text.strip()}
    try:
        change = shaped(FeatureChange, wanted)
        if not change.model_fields_set & {"status"}:
            raise invalid("status", "choose what the feature becomes")
        if _slips(request, by, feature_id, change) and form.get("seen") != str(change.target_on):
            return _status_form(request, by, feature_id, typed)
        writing(
            request,
            lambda session: features.change_feature(
                session, by, policy, feature_id, change, expected=_version(form)
            ),
        )
    except (Conflict, Invalid, Stale) as error:
        return _status_form(request, by, feature_id, typed, error)
    return see(f"/features/{feature_id}?notice=status")


def slip_of(
    session: Session, by: Caller, feature_id: UUID, target_on: date | None
) -> dict[str, Any] | None:
    """Which promises of a feature another target would make late, with what was said."""
    if target_on is None:
        return None
    late = commitments.bound(session, by, feature_id, limit=A_FEW, due_before=target_on)
    said = commitments.messages(session, by, [each.id for each in late.promises])
    return {"late": late, "said": said} if late.count else None


def _slips(request: Request, by: Caller, feature_id: UUID, change: FeatureChange) -> bool:
    """Whether a later target breaks what was promised: a PM sees it before it is so."""
    target_on = change.target_on

    def deed(session: Session) -> bool:
        feature = features.get_feature(session, by, feature_id)
        if target_on is None or target_on == feature.target_on:
            return False
        slip = commitments.bound(session, by, feature_id, limit=1, due_before=target_on)
        return slip.count > 0

    return reading(request, deed)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _status_form(
    request: Request,
    by: Caller,
    feature_id: UUID,
    typed: dict[str, str],
    error: DomainError | None = None,
) -> Response:
    def deed(session: Session) -> dict[str, Any]:
        state = request.app.state
        return {
            "feature": features.get_feature(session, by, feature_id),
            "found": demand.of_feature(
                state.book, session, by, state.policy, feature_id, DemandFilter()
            ),
            "promised": commitments.bound(session, by, feature_id, limit=A_FEW),
            "target": target,
            "slip": slip_of(session, by, feature_id, target),
        }

    target = _day(typed["target_on"])

    found = reading(request, deed)
    feature = found["feature"]
    typed = {
        **typed,
        "status": typed["status"] or STEPS[feature.status][0],
        "target_on": typed["target_on"] or (feature.target_on or ""),
        "decline_reason": typed["decline_reason"] or feature.decline_reason or "",
    }
    rest = "override_reason" if isinstance(error, commitments.HasCommitments) else "status"
    faults = by_field(error, STATUS, rest=rest) if error else {}
    if error and not faults:
        again = " Look at it as it is now, and change it again." if isinstance(error, Stale) else ""
        faults = {rest: error.detail + again}
    return render(
        request,
        "feature_status.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        **found,
        typed=typed,
        faults=faults,
        statuses=[(str(each), _verbs(feature)[each]) for each in STEPS[feature.status]],
        breaking=isinstance(error, commitments.HasCommitments),
    )
