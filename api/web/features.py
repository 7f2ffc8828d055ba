"""Pages for features: the roadmap, one feature with its demand, and what a PM does to it."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator

from api.auth import needs
from api.parameters import Cursor
from api.web.pages import By, Filled, Form, Page, by_field, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.commitment import CommitmentState
from models.feature import Feature, FeatureChange, FeatureNew, FeatureStatus
from models.product import Product
from services import commitments, demand, features, products, similar
from services.demand import DemandFilter, DemandOrder
from services.errors import Conflict, DomainError, Invalid, invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
READ, WRITE = [needs(Permission.demand_read)], [needs(Permission.catalog_write)]

A_PAGE = 10
MOST = 200
MOST_FEATURES = 500
A_FEW = 10  # promises that a page about something else shows
A_COLUMN = 12  # features that a column of the roadmap shows
TEXTS = ("title", "area", "description", "owner_email", "public_title")
NEW = ("product_id", *TEXTS)
STATUS = ("status", "target_on", "decline_reason", "override_reason")
# What a feature becomes from here, the likeliest first, and the word for doing it.
STEPS: dict[str, tuple[str, ...]] = {
    FeatureStatus.candidate: ("planned", "declined"),
    FeatureStatus.planned: ("in_progress", "candidate", "declined"),
    FeatureStatus.in_progress: ("shipped", "planned", "declined"),
    FeatureStatus.shipped: ("in_progress",),
    FeatureStatus.declined: ("candidate", "planned"),
}
VERBS = {
    "candidate": "Back to candidates",
    "planned": "Plan",
    "in_progress": "Start",
    "shipped": "Ship",
    "declined": "Decline",
}
BINDING = [CommitmentState.open, CommitmentState.overdue]

Blank = BeforeValidator(lambda value: None if value == "" else value)


class Wanted(BaseModel):
    """Whose roadmap is shown."""

    product_id: Annotated[UUID | None, Blank] = None


@router.get("/roadmap", dependencies=READ)
def show_roadmap(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """Features by how far they are, the most wanted first."""

    def deed(session: Session) -> tuple[dict[str, Any], Sequence[Product]]:
        chosen = [wanted.product_id] if wanted.product_id else []
        state = request.app.state
        report = demand.report(
            state.book, session, by, state.policy, DemandFilter(product_id=chosen),
            sort=DemandOrder.customer_arr, limit=None,
        )  # fmt: skip
        asked = {item["feature"]["id"] for item in report["items"]}
        listed, _more = features.list_features(session, by, limit=MOST_FEATURES, product_id=chosen)
        unasked = [
            {"feature": vars_of(each), "customers": None} for each in listed if each.id not in asked
        ]
        known, _more = products.list_products(session, by, limit=MOST)
        return {"items": [*report["items"], *unasked]}, known

    report, known = reading(request, deed)
    columns = [
        (status, [item for item in report["items"] if item["feature"]["status"] == status])
        for status in FeatureStatus
    ]
    return render(
        request,
        "roadmap.html",
        columns=columns,
        shown=A_COLUMN,
        steps={status: STEPS[status][0] for status in ("candidate", "planned", "in_progress")},
        verbs=VERBS,
        products=[(str(product.id), product.name) for product in known],
        wanted=wanted,
    )


def vars_of(feature: Feature) -> dict[str, Any]:
    """What a card shows of a feature that nobody asked for yet."""
    return {name: getattr(feature, name) for name in ("id", "title", "status", "area", "target_on")}


@router.get("/features/{feature_id:uuid}", dependencies=READ)
def show_feature(
    request: Request,
    by: By,
    feature_id: UUID,
    cursor: Annotated[Cursor | None, Query()] = None,
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
        found["promises"], found["more_promises"] = commitments.list_commitments(
            session, by, limit=A_FEW, feature_id=[feature_id], state=BINDING
        )
        alike = similar.similar_features(
            session, by, feature.title, limit=6, product_id=[feature.product_id]
        )
        found["similar"] = [each for each in alike if each.id != feature_id][:5]
        found["merged"] = features.merged_into(session, by, feature_id)
        return found

    found = reading(request, deed)
    more = found.pop("more")
    return render(
        request,
        "feature.html",
        **found,
        months=[(_month(each["month"]), each["asks"]) for each in found["found"]["by_month"]],
        steps=STEPS[found["feature"].status],
        verbs=VERBS,
        next_page=f"/features/{feature_id}?cursor={more}#evidence" if more else None,
    )


def _month(text: str) -> str:
    """`2026-01` as `Jan 26`; other months without their year."""
    first = date.fromisoformat(f"{text}-01")
    return f"{first:%b %y}" if first.month == 1 else f"{first:%b}"


@router.get("/features/new", dependencies=WRITE)
def ask_for_feature(request: Request, by: By) -> Response:
    """The form for a new feature; an address may fill in some of it."""
    return _form(request, by, {name: request.query_params.get(name, "") for name in NEW})


@router.post("/features/new", dependencies=WRITE)
def create_feature(request: Request, by: By, form: Filled) -> Response:
    """Make a feature; what was typed comes back where something is wrong with it."""
    typed = form.typed(NEW)
    try:
        new = shaped(FeatureNew, {name: text for name, text in typed.items() if text.strip()})
        made = writing(request, lambda session: features.create_feature(session, by, new).id)
    except (Conflict, Invalid) as error:
        return _form(request, by, typed, error)
    return see(f"/features/{made}?notice=created")


@router.get("/features/{feature_id:uuid}/edit", dependencies=WRITE)
def ask_for_change(request: Request, by: By, feature_id: UUID) -> Response:
    """The form to change what is said of a feature."""
    feature = reading(request, lambda session: features.get_feature(session, by, feature_id))
    typed = {name: getattr(feature, name) or "" for name in TEXTS}
    return _form(request, by, typed | {"product_id": str(feature.product_id)}, feature=feature)


@router.post("/features/{feature_id:uuid}/edit", dependencies=WRITE)
def change_feature(request: Request, by: By, feature_id: UUID, form: Filled) -> Response:
    """Change what is said of a feature; an emptied field is forgotten."""
    typed, policy = form.typed(TEXTS), request.app.state.policy
    try:
        change = shaped(FeatureChange, {name: text.strip() or None for name, text in typed.items()})
        writing(
            request,
            lambda session: features.change_feature(session, by, policy, feature_id, change),
        )
    except (Conflict, Invalid) as error:
        feature = reading(request, lambda session: features.get_feature(session, by, feature_id))
        return _form(request, by, typed | {"product_id": ""}, error, feature)
    return see(f"/features/{feature_id}?notice=changed")


def _form(
    request: Request,
    by: Caller,
    typed: dict[str, str],
    error: DomainError | None = None,
    feature: Feature | None = None,
) -> Response:
    known, _more = reading(request, lambda session: products.list_products(session, by, limit=MOST))
    return render(
        request,
        "feature_form.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        feature=feature,
        typed=typed,
        faults=by_field(error, NEW, rest="title") if error else {},
        problem=error,
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
        writing(
            request,
            lambda session: features.change_feature(session, by, policy, feature_id, change),
        )
    except (Conflict, Invalid) as error:
        return _status_form(request, by, feature_id, typed, error)
    return see(f"/features/{feature_id}?notice=status")


def _status_form(
    request: Request,
    by: Caller,
    feature_id: UUID,
    typed: dict[str, str],
    error: DomainError | None = None,
) -> Response:
    def deed(session: Session) -> dict[str, Any]:
        state = request.app.state
        promises, _more = commitments.list_commitments(
            session, by, limit=MOST, feature_id=[feature_id], state=BINDING
        )
        return {
            "feature": features.get_feature(session, by, feature_id),
            "found": demand.of_feature(
                state.book, session, by, state.policy, feature_id, DemandFilter()
            ),
            "promises": promises,
        }

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
        faults = {rest: error.detail}
    return render(
        request,
        "feature_status.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        **found,
        typed=typed,
        faults=faults,
        statuses=[(str(each), VERBS[each]) for each in STEPS[feature.status]],
        breaking=isinstance(error, commitments.HasCommitments),
    )


@router.get("/features/{feature_id:uuid}/merge", dependencies=WRITE)
def ask_for_merge(request: Request, by: By, feature_id: UUID) -> Response:
    """The form to merge a feature into another one of its product."""
    return _merge_form(request, by, feature_id)


@router.post("/features/{feature_id:uuid}/merge", dependencies=WRITE)
def merge_features(request: Request, by: By, feature_id: UUID, form: Filled) -> Response:
    """Merge; the page of the one that remains offers to take it back."""
    policy = request.app.state.policy
    try:
        into = _into(form)
        writing(
            request,
            lambda session: features.merge_features(session, by, policy, feature_id, into),
        )
    except (Conflict, Invalid) as error:
        return _merge_form(request, by, feature_id, error)
    return see(f"/features/{into}?notice=merged")


@router.post("/features/{feature_id:uuid}/unmerge", dependencies=WRITE)
def unmerge_feature(request: Request, by: By, feature_id: UUID) -> Response:
    """Take a merge back: every number is as it was."""
    policy = request.app.state.policy
    writing(request, lambda session: features.unmerge_feature(session, by, policy, feature_id))
    return see(f"/features/{feature_id}?notice=unmerged")


def _into(form: Form) -> UUID:
    try:
        return UUID(form.get("into"))
    except ValueError:
        raise invalid("into", "choose the feature that remains") from None


def _merge_form(
    request: Request, by: Caller, feature_id: UUID, error: DomainError | None = None
) -> Response:
    def deed(session: Session) -> dict[str, Any]:
        state = request.app.state
        feature = features.get_feature(session, by, feature_id)
        listed, _more = features.list_features(
            session, by, limit=MOST_FEATURES, product_id=[feature.product_id]
        )
        return {
            "feature": feature,
            "others": [(str(each.id), each.title) for each in listed if each.id != feature_id],
            "found": demand.of_feature(
                state.book, session, by, state.policy, feature_id, DemandFilter()
            ),
        }

    faults = (by_field(error, ("into",), rest="into") or {"into": error.detail}) if error else {}
    return render(
        request,
        "feature_merge.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        **reading(request, deed),
        faults=faults,
    )
