"""What one may do with the people who work here."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import utc_now
from models.user import Role, User, UserChange, UserNew
from services import paging, sign_in
from services.errors import Conflict, NotFound
from services.permissions import Caller, Permission
from services.revisions import check_version, given, load, revise

FIRST_EMAIL = "admin@nomaybe.invalid"


class EmailTaken(Conflict):
    """Somebody has that e-mail already."""

    slug, title = "email-taken", "The e-mail is taken"
    cure = "Change the person who has it; somebody who left can be made active again."


class LastAdmin(Conflict):
    """Without an active administrator nobody could manage users and keys."""

    slug, title = "last-admin", "The last administrator"
    cure = "Make somebody else an administrator first."


def caller_for(user: User) -> Caller:
    """A person as a caller, for ways in that know who it is: the command line, demo data."""
    return Caller(user.id, user.role, user.email, user.name, None, user.id)


def create_user(session: Session, by: Caller, new: UserNew) -> User:
    """Add a person.

    Raises:
        NotPermitted: `by` may not manage users.
        EmailTaken: Somebody has that e-mail.
    """
    by.require(Permission.user_manage)
    return add_user(session, new)


def add_user(session: Session, new: UserNew) -> User:
    """Add a person on behalf of whoever runs the machine.

    Raises:
        EmailTaken: Somebody has that e-mail.
    """
    if session.exec(select(User.id).where(User.email == new.email)).first() is not None:
        raise EmailTaken(f"Somebody has the e-mail {new.email} already.")
    password = new.password.get_secret_value() if new.password else None
    user = User(
        email=new.email,
        name=new.name,
        role=new.role,
        team=new.team,
        password_hash=sign_in.hash_password(password) if password else None,
    )
    session.add(user)
    session.flush()
    return user


def find_user(session: Session, email: str) -> User:
    """The person with this e-mail.

    Raises:
        NotFound: There is none.
    """
    user = session.exec(select(User).where(User.email == email.strip().lower())).first()
    if user is None:
        raise NotFound(f"Nobody has the e-mail {email}; add them with `nomaybe user add`.")
    return user


def get_user(session: Session, by: Caller, user_id: UUID) -> User:
    """Read one person.

    Raises:
        NotPermitted: `by` may not manage users.
        NotFound: There is none.
    """
    by.require(Permission.user_manage)
    return load(session, User, user_id)


def list_users(
    session: Session, by: Caller, *, limit: int, cursor: str | None = None
) -> tuple[Sequence[User], str | None]:
    """List people, and where the next page begins.

    Raises:
        NotPermitted: `by` may not manage users.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.user_manage)
    statement = paging.by_id(select(User), col(User.id), cursor, descending=False)
    rows, more = paging.cut(session.exec(statement.limit(limit + 1)).all(), limit)
    return rows, paging.encode([rows[-1].id]) if more else None


def change_user(
    session: Session,
    by: Caller,
    user_id: UUID,
    change: UserChange,
    *,
    expected: int | None = None,
) -> User:
    """Change a person's name, role or team, or whether they may sign in.

    A new role takes effect at once, and whoever is no longer active is signed out everywhere.

    Raises:
        NotPermitted: `by` may not manage users.
        NotFound: There is no such person.
        Stale: It is no longer the version `expected`.
        LastAdmin: No active administrator would be left.
    """
    by.require(Permission.user_manage)
    # All of them are locked, and always in the same order: two who leave at once are one too many.
    admins = (
        select(User.id)
        .where(User.role == Role.admin, col(User.active).is_(True))
        .order_by(col(User.id))
        .with_for_update()
    )
    others = [admin for admin in session.exec(admins) if admin != user_id]
    user = load(session, User, user_id, lock=True)
    check_version(user, expected)
    revise(user, by, given(change, frozenset({"team"})))
    session.flush()
    if not others and not (user.active and user.role is Role.admin):
        raise LastAdmin("No active administrator would be left.")
    if not user.active:
        sign_in.close_all_sessions(session, user.id)
    return user


def set_password(session: Session, by: Caller, password: str) -> None:
    """Set one's own password; other browsers are signed out.

    Raises:
        NotFound: The person is gone.
    """
    user = load(session, User, by.id, lock=True)
    user.password_hash = sign_in.hash_password(password)
    user.changed_at = utc_now()
    sign_in.close_all_sessions(session, user.id)
    session.flush()


def first_user(session: Session) -> User | None:
    """On a service without people, make the first administrator; else None."""
    if session.exec(select(User.id).limit(1)).first() is not None:
        return None
    return add_user(session, UserNew(email=FIRST_EMAIL, name="Administrator", role=Role.admin))
