"""What one may do with the keys of machines."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import utc_now
from models.user import ApiKey, ApiKeyMade, ApiKeyNew, ApiKeySeen, Scope, User
from services import paging
from services.permissions import Caller, NotPermitted, Permission
from services.revisions import load
from services.sign_in import KEY_PREFIX, digest, new_token

SHOWN = 12  # characters of a key that tell it apart without giving it away


def create_key(session: Session, by: Caller, new: ApiKeyNew) -> ApiKeyMade:
    """Make a key for oneself; the answer is the only place that ever shows it.

    A key that makes a key gives at most the scopes it has, and all of them unless told otherwise.

    Raises:
        NotPermitted: `by` may not manage keys, or is a key without one of the scopes.
    """
    by.require(Permission.key_manage)
    if by.scopes is not None:
        if "scopes" not in new.model_fields_set:
            new = ApiKeyNew(name=new.name, scopes=sorted(by.scopes))
        if beyond := sorted(set(new.scopes) - by.scopes):
            raise NotPermitted(f"This key lacks scopes and cannot give them: {', '.join(beyond)}.")
    return add_key(session, session.get_one(User, by.id), new)


def add_key(session: Session, user: User, new: ApiKeyNew) -> ApiKeyMade:
    """Make a key for a person on behalf of whoever runs the machine."""
    secret = KEY_PREFIX + new_token()
    key = ApiKey(
        user_id=user.id,
        name=new.name,
        prefix=secret[:SHOWN],
        key_hash=digest(secret),
        scopes=sorted({scope.value for scope in new.scopes}),
    )
    session.add(key)
    session.flush()
    return ApiKeyMade(**_seen(key, user.email).model_dump(), secret=secret)


def list_keys(
    session: Session, by: Caller, *, limit: int, cursor: str | None = None
) -> tuple[Sequence[ApiKeySeen], str | None]:
    """List keys, revoked ones included, and where the next page begins.

    Raises:
        NotPermitted: `by` may not manage keys.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.key_manage)
    statement = select(ApiKey, User.email).join(User, col(User.id) == col(ApiKey.user_id))
    statement = paging.by_id(statement, col(ApiKey.id), cursor, descending=False)
    rows, more = paging.cut(session.exec(statement.limit(limit + 1)).all(), limit)
    seen = [_seen(key, email) for key, email in rows]
    return seen, paging.encode([rows[-1][0].id]) if more else None


def get_key(session: Session, by: Caller, key_id: UUID) -> ApiKeySeen:
    """Read one key; never the key itself.

    Raises:
        NotPermitted: `by` may not manage keys.
        NotFound: There is none.
    """
    by.require(Permission.key_manage)
    key = load(session, ApiKey, key_id)
    return _seen(key, session.get_one(User, key.user_id).email)


def revoke_key(session: Session, by: Caller, key_id: UUID) -> None:
    """Make a key worthless from this moment on; revoking it again changes nothing.

    Raises:
        NotPermitted: `by` may not manage keys.
        NotFound: There is none.
    """
    by.require(Permission.key_manage)
    key = load(session, ApiKey, key_id, lock=True)
    key.revoked_at = key.revoked_at or utc_now()
    session.flush()


def _seen(key: ApiKey, email: str) -> ApiKeySeen:
    return ApiKeySeen(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=[Scope(scope) for scope in key.scopes],
        user_email=email,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )
