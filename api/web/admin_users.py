"""Pages of administration: people, their roles, and the links that sign them in once."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.auth import needs
from api.parameters import Cursor
from api.web.pages import By, Filled, Page, faults_of, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.user import Role, UserChange, UserNew
from services import sign_in, users
from services.errors import Conflict, DomainError, Invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
PEOPLE = [needs(Permission.user_manage)]

A_PAGE = 100
FIELDS = ("email", "name", "role", "team")


@router.get("/admin/users", dependencies=PEOPLE)
def list_users(
    request: Request, by: By, cursor: Annotated[Cursor | None, Query()] = None
) -> Response:
    """People with their roles, and the form to invite one."""
    return _page(request, by, cursor=cursor)


@router.post("/admin/users", dependencies=PEOPLE)
def add_user(request: Request, by: By, form: Filled) -> Response:
    """Add a person, and show the link that signs them in once."""
    typed = form.typed(FIELDS)

    def deed(session: Session) -> tuple[str, str]:
        new = shaped(UserNew, typed | {"team": typed["team"].strip() or None})
        user = users.create_user(session, by, new)
        return user.name, sign_in.new_link(session, user)

    try:
        made = writing(request, deed)
    except (Conflict, Invalid) as error:
        return _page(request, by, typed=typed, faults=faults_of(error, FIELDS, rest="email"))
    return _page(request, by, made=made)


@router.get("/admin/users/{user_id:uuid}", dependencies=PEOPLE)
@router.get("/admin/users/{user_id:uuid}/link", dependencies=PEOPLE)
def back_to_users(user_id: UUID) -> Response:  # noqa: ARG001  # whoever it is about
    """Where one arrives who had to sign in again while changing somebody."""
    return see("/admin/users")


@router.post("/admin/users/{user_id:uuid}", dependencies=PEOPLE)
def change_user(request: Request, by: By, user_id: UUID, form: Filled) -> Response:
    """Give a person another role or team, or let them in no more."""
    given: dict[str, Any] = {}
    if form.get("role"):  # the team stands beside it
        given = {"role": form.get("role"), "team": form.get("team").strip() or None}
    if form.get("active"):
        given["active"] = form.get("active") == "yes"
    try:
        change = shaped(UserChange, given)
        kept = writing(
            request, lambda session: users.change_user(session, by, user_id, change).role
        )
    except (Conflict, Invalid) as error:
        return _page(request, by, problem=error)
    if user_id == by.id and kept is not Role.admin:
        return see("/")  # what is left of administration is no longer theirs
    return see("/admin/users?notice=changed")


@router.post("/admin/users/{user_id:uuid}/link", dependencies=PEOPLE)
def make_link(request: Request, by: By, user_id: UUID) -> Response:
    """A new link that signs a person in once."""

    def deed(session: Session) -> tuple[str, str]:
        user = users.get_user(session, by, user_id)
        return user.name, sign_in.new_link(session, user)

    return _page(request, by, made=writing(request, deed))


def _page(request: Request, by: Caller, *, cursor: str | None = None, **shown: Any) -> Response:
    """The list, with what was `typed` and its `faults`, a `problem`, or a link just `made`."""
    listed, more = reading(
        request, lambda session: users.list_users(session, by, limit=A_PAGE, cursor=cursor)
    )
    problem: DomainError | None = shown.get("problem")
    faults: dict[str, str] = shown.get("faults", {})
    return render(
        request,
        "admin_users.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if problem or faults else HTTPStatus.OK,
        section="users",
        users=listed,
        next_page=f"/admin/users?cursor={more}" if more else None,
        typed=shown.get("typed", {"email": "", "name": "", "role": "se", "team": ""}),
        faults=faults,
        problem=problem,
        roles=[*Role],
        made=shown.get("made"),
        address=request.app.state.policy.public_url,
    )
