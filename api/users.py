"""REST endpoints for people, their keys, and who is asking."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from api.auth import KnownCallers, needs
from api.parameters import PageSlice
from api.problems import problems
from api.work import Caller, Expected, Post, Read, Reply, Session, Write, created, etag, page
from models.page import Page
from models.user import (
    ApiKeyMade,
    ApiKeyNew,
    ApiKeySeen,
    Me,
    User,
    UserChange,
    UserMade,
    UserNew,
    UserSeen,
)
from services import api_keys, sign_in, users
from services.errors import NotFound, Stale, Unconditional
from services.permissions import Permission

router = APIRouter(route_class=KnownCallers)
USERS, KEYS = [needs(Permission.user_manage)], [needs(Permission.key_manage)]


def _one(user: User) -> Reply:
    return Reply(UserSeen.model_validate(user), headers=etag(user.version))


@router.get("/me", tags=["people"], response_model=Me, dependencies=[needs(Permission.self_read)])
def get_me(read: Read) -> Response:
    """Who is asking, and what they may do."""
    return read(
        lambda _session, by: Reply(
            Me(
                id=by.id,
                email=by.email,
                name=by.name,
                role=by.role,
                scopes=None if by.scopes is None else sorted(by.scopes),
                permissions=[each for each in Permission if by.may(each)],
            )
        )
    )


@router.post(
    "/users",
    tags=["people"],
    status_code=status.HTTP_201_CREATED,
    response_model=UserMade,
    dependencies=USERS,
    responses=problems(users.EmailTaken),
)
def create_user(write: Post, new: UserNew) -> Response:
    """Add a person; the answer has the link by which they sign in, once."""

    def deed(session: Session, by: Caller) -> Reply:
        user = users.create_user(session, by, new)
        url = f"{write.policy.public_url}/sign-in/{sign_in.new_link(session, user)}"
        seen = UserMade(**UserSeen.model_validate(user).model_dump(), sign_in_url=url)
        return created(seen, "users", user.id, user.version)

    return write(deed)


@router.get("/users", tags=["people"], response_model=Page[UserSeen], dependencies=USERS)
def list_users(read: Read, part: PageSlice) -> Response:
    """List people, oldest first."""

    def deed(session: Session, by: Caller) -> Reply:
        found, more = users.list_users(session, by, limit=part.limit, cursor=part.cursor)
        return page([UserSeen.model_validate(each) for each in found], more)

    return read(deed)


@router.get(
    "/users/{user_id:uuid}",
    tags=["people"],
    response_model=UserSeen,
    dependencies=USERS,
    responses=problems(NotFound),
)
def get_user(read: Read, user_id: UUID) -> Response:
    """Read one person."""
    return read(lambda session, by: _one(users.get_user(session, by, user_id)))


@router.patch(
    "/users/{user_id:uuid}",
    tags=["people"],
    response_model=UserSeen,
    dependencies=USERS,
    responses=problems(NotFound, users.LastAdmin, Stale, Unconditional),
)
def change_user(write: Write, expected: Expected, user_id: UUID, change: UserChange) -> Response:
    """Change a person's name, role or team, or whether they may sign in."""
    return write(
        lambda session, by: _one(users.change_user(session, by, user_id, change, expected=expected))
    )


@router.post(
    "/api-keys",
    tags=["keys"],
    status_code=status.HTTP_201_CREATED,
    response_model=ApiKeyMade,
    dependencies=KEYS,
)
def create_key(write: Post, new: ApiKeyNew) -> Response:
    """Make a key; this answer is the only place that shows its secret."""

    def deed(session: Session, by: Caller) -> Reply:
        made = api_keys.create_key(session, by, new)
        return created(made, "api-keys", made.id)

    return write(deed)


@router.get("/api-keys", tags=["keys"], response_model=Page[ApiKeySeen], dependencies=KEYS)
def list_keys(read: Read, part: PageSlice) -> Response:
    """List keys, oldest first, revoked ones included."""
    return read(
        lambda session, by: page(
            *api_keys.list_keys(session, by, limit=part.limit, cursor=part.cursor)
        )
    )


@router.delete(
    "/api-keys/{key_id}",
    tags=["keys"],
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=KEYS,
    responses=problems(NotFound),
)
def revoke_key(write: Write, key_id: UUID) -> Response:
    """Make a key worthless from this moment on."""

    def deed(session: Session, by: Caller) -> Reply:
        api_keys.revoke_key(session, by, key_id)
        return Reply(status=status.HTTP_204_NO_CONTENT)

    return write(deed)
