"""Pages to merge a feature into another one, and to take that back."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from api.auth import needs
from api.web.features import slip_of
from api.web.pages import By, Filled, Form, Page, by_field, reading, see, writing
from api.web.templating import render
from api.work import Session
from models.feature import COMMITABLE, Feature
from services import feature_record, features
from services.errors import Conflict, DomainError, Invalid, invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
WRITE = [needs(Permission.catalog_write)]

A_LOAD = 500

Blank = BeforeValidator(lambda value: None if value == "" else value)


@router.get("/features/{feature_id:uuid}/merge", dependencies=WRITE)
def ask_for_merge(
    request: Request,
    by: By,
    feature_id: UUID,
    into: Annotated[UUID | None, Blank, Query()] = None,
) -> Response:
    """The form to merge a feature; with the other one chosen, what that brings together."""
    return _merge_form(request, by, feature_id, into)


@router.post("/features/{feature_id:uuid}/merge", dependencies=WRITE)
def merge_features(request: Request, by: By, feature_id: UUID, form: Filled) -> Response:
    """Merge; the page of the one that remains offers to take it back."""
    policy = request.app.state.policy
    into = None
    try:
        into = _into(form)
        writing(
            request,
            lambda session: features.merge_features(session, by, policy, feature_id, into),
        )
    except (Conflict, Invalid) as error:
        return _merge_form(request, by, feature_id, into, error)
    return see(f"/features/{into}?notice=merged&undo={feature_id}")


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
    request: Request,
    by: Caller,
    feature_id: UUID,
    into: UUID | None,
    error: DomainError | None = None,
) -> Response:
    def deed(session: Session) -> dict[str, Any]:
        feature = features.get_feature(session, by, feature_id)
        others = {each.id: each for each in _others(session, by, feature)}
        chosen = others.get(into) if into else None
        return {
            "feature": feature,
            "others": [(str(each.id), each.title) for each in others.values()],
            "chosen": chosen,
            "found": feature_record.together(session, by, feature_id, chosen.id)
            if chosen
            else None,
            "slip": slip_of(session, by, feature_id, chosen.target_on)
            if chosen and chosen.status in COMMITABLE
            else None,
        }

    faults = (by_field(error, ("into",), rest="into") or {"into": error.detail}) if error else {}
    found = reading(request, deed)
    if into and not found["chosen"] and not faults:
        faults = {"into": "is no other feature of this product; choose one from the list"}
    return render(
        request,
        "feature_merge.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        **found,
        faults=faults,
    )


def _others(session: Session, by: Caller, feature: Feature) -> list[Feature]:
    """The other features of its product, by title."""
    found: list[Feature] = []
    cursor = None
    while True:
        listed, cursor = features.list_features(
            session, by, limit=A_LOAD, cursor=cursor, product_id=[feature.product_id]
        )
        found += [each for each in listed if each.id != feature.id]
        if cursor is None:
            return sorted(found, key=lambda each: each.title.casefold())
