"""Who is asking: passwords, one-time links, sessions and API keys. Only hashes are kept."""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from pwdlib import PasswordHash
from sqlalchemy import bindparam, delete, select, update
from sqlmodel import Session, col

from models.base import utc_now
from models.user import ApiKey, Scope, SignInLink, User, UserSession
from services.errors import Unauthenticated
from services.permissions import Caller

KEY_PREFIX = "nmk_"
LINK_LASTS = timedelta(hours=24)
SESSION_LASTS = timedelta(days=14)

_HASHER = PasswordHash.recommended()
# Each check takes 64 MiB and a quarter of a second: a crowd at the door must not fill the memory.
_AT_ONCE = BoundedSemaphore(2)


class NotSignedIn(Unauthenticated):
    """Nobody we know is asking: no key, no session, or one that does not hold any more."""

    slug, title = "not-signed-in", "Sign in first"
    cure = "Send `Authorization: Bearer nmk_...`, or sign in on the pages."


class WrongPassword(Unauthenticated):
    """The e-mail and the password do not belong together."""

    slug, title = "wrong-password", "Wrong e-mail or password"
    cure = "Try again, or ask an administrator for a sign-in link."


class LinkSpent(Unauthenticated):
    """The sign-in link was used before, is too old, or never was one."""

    slug, title = "link-spent", "The link does not work any more"
    cure = "A link works once. Ask for a new one: `nomaybe user link EMAIL`."


def hash_password(password: str) -> str:
    """The argon2id hash of a password."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def digest(token: str) -> str:
    """The hash by which a random token is kept: SHA-256, as it has 256 bits of its own."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """A token that nobody guesses: 256 random bits as text."""
    return secrets.token_urlsafe(32)


@cache
def _no_hash() -> str:
    """A hash of nothing, so that an unknown e-mail takes as long as a wrong password."""
    return _HASHER.hash(new_token())


def check_password(session: Session, email: str, password: str) -> User:
    """The person with this e-mail and password.

    Raises:
        WrongPassword: There is none, they have no password, or they are not active.
    """
    found = select(User).where(col(User.email) == email.strip().lower())
    user: User | None = session.execute(found).scalar()
    known = user.password_hash if user and user.active and user.password_hash else None
    with _AT_ONCE:
        fits = _HASHER.verify(password, known or _no_hash())
    if user is None or known is None or not fits:
        raise WrongPassword("No active person has this e-mail and password.")
    return user


def new_link(session: Session, user: User, lasts: timedelta = LINK_LASTS) -> str:
    """A token that signs a person in once."""
    token = new_token()
    session.add(SignInLink(token_hash=digest(token), user_id=user.id, expires_at=utc_now() + lasts))
    session.flush()
    return token


def use_link(session: Session, token: str) -> User:
    """The person whom a link signs in; it does not work again.

    Raises:
        LinkSpent: It was used before, is too old, or is none.
    """
    now = utc_now()
    spent = session.execute(
        update(SignInLink)
        .where(
            col(SignInLink.token_hash) == digest(token),
            col(SignInLink.used_at).is_(None),
            col(SignInLink.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(SignInLink.user_id))
    ).scalar()
    user = session.get(User, spent) if spent else None
    if user is None or not user.active:
        raise LinkSpent("This sign-in link was used before, is too old, or never was one.")
    return user


def open_session(session: Session, user: User) -> tuple[str, datetime]:
    """Sign a browser in.

    Returns:
        What the cookie holds, and until when (UTC).
    """
    token, now = new_token(), utc_now()
    expires_at = now + SESSION_LASTS
    session.execute(delete(UserSession).where(col(UserSession.expires_at) < now))
    session.add(
        UserSession(
            token_hash=digest(token), user_id=user.id, created_at=now, expires_at=expires_at
        )
    )
    session.flush()
    return token, expires_at


def close_session(session: Session, token: str) -> None:
    """Sign a browser out."""
    session.execute(delete(UserSession).where(col(UserSession.token_hash) == digest(token)))


def close_all_sessions(session: Session, user_id: UUID) -> None:
    """Sign a person out everywhere."""
    session.execute(delete(UserSession).where(col(UserSession.user_id) == user_id))


_PERSON: tuple[Any, ...] = (User.id, User.role, User.email, User.name)


@cache
def _by_key() -> Any:
    return (
        select(*(col(column) for column in _PERSON), col(ApiKey.scopes), col(ApiKey.id))
        .join(ApiKey, col(ApiKey.user_id) == col(User.id))
        .where(
            col(ApiKey.key_hash) == bindparam("hash"),
            col(ApiKey.revoked_at).is_(None),
            col(User.active).is_(True),
        )
    )


@cache
def _by_session() -> Any:
    return (
        select(*(col(column) for column in _PERSON))
        .join(UserSession, col(UserSession.user_id) == col(User.id))
        .where(col(User.active).is_(True))
    )


def caller_of_key(session: Session, key: str) -> Caller:
    """Who an API key belongs to. It can do no more than its maker can at this moment.

    Raises:
        NotSignedIn: It is unknown or revoked, or its maker is not active.
    """
    found = session.connection().execute(_by_key(), {"hash": digest(key)}).one_or_none()
    if found is None:
        raise NotSignedIn("This API key is unknown or revoked, or its maker is not active.")
    user_id, role, email, name, scopes, key_id = found
    held = frozenset(Scope(scope) for scope in scopes)
    return Caller(user_id, role, email, name, held, key_id)


def caller_of_session(session: Session, token: str) -> Caller:
    """Who is signed in with a cookie.

    Raises:
        NotSignedIn: The session is unknown or too old, or the person is not active.
    """
    found = session.execute(
        _by_session().where(
            col(UserSession.token_hash) == digest(token), col(UserSession.expires_at) > utc_now()
        )
    ).one_or_none()
    if found is None:
        raise NotSignedIn("You are signed out; sign in again.")
    user_id, role, email, name = found
    return Caller(user_id, role, email, name, None, user_id)
