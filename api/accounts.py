"""REST endpoints for accounts, and the brief for a call with one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Search, Slice
from api.problems import problems
from api.work import Caller, Expected, Post, Read, Reply, Session, Write, created, etag, page
from models.account import (
    Account,
    AccountChange,
    AccountNew,
    AccountSeen,
    ExternalRef,
    Lifecycle,
    MergeInto,
    Segment,
)
from models.base import Domain, Line, Word
from models.brief import BriefSeen
from models.page import Page
from services import accounts, brief
from services.errors import Merged, NotFound, Stale, Unconditional
from services.permissions import Permission
from services.references import ReferenceTaken

router = APIRouter(prefix="/accounts", tags=["accounts"], route_class=KnownCallers)
READ, CHANGE = [needs(Permission.ask_read)], [needs(Permission.account_write)]
TAKEN = (accounts.DomainTaken, ReferenceTaken)


class AccountQuery(Slice):
    """Which accounts are wanted."""

    lifecycle: list[Lifecycle] = Field(default=[], max_length=10)
    segment: list[Segment] = Field(default=[], max_length=10)
    domain: Domain | None = None
    q: Search | None = Field(default=None, description="Part of the name or domain.")


def _one(session: Session, account: Account) -> Reply:
    return Reply(accounts.seen(session, account)[0], headers=etag(account.version))


def _made(session: Session, account: Account) -> Reply:
    seen = accounts.seen(session, account)[0]
    return created(seen, "accounts", account.id, account.version)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=AccountSeen,
    dependencies=CHANGE,
    responses=problems(*TAKEN),
)
def create_account(write: Post, new: AccountNew) -> Response:
    """Put an account on file."""
    return write(lambda session, by: _made(session, accounts.create_account(session, by, new)))


@router.get("", response_model=Page[AccountSeen], dependencies=READ)
def list_accounts(read: Read, wanted: Annotated[AccountQuery, Query()]) -> Response:
    """List accounts that were not merged away, oldest first."""
    return read(
        lambda session, by: page(
            *accounts.list_accounts(
                session,
                by,
                limit=wanted.limit,
                cursor=wanted.cursor,
                lifecycle=wanted.lifecycle,
                segment=wanted.segment,
                domain=wanted.domain,
                q=wanted.q,
            )
        )
    )


@router.put(
    "/by-ref/{source}/{external_id:path}",
    response_model=AccountSeen,
    dependencies=CHANGE,
    responses=problems(NotFound, *TAKEN, Merged)
    | {201: {"model": AccountSeen, "description": "Made"}},
)
def put_account(
    write: Write,
    source: Annotated[Word, Path(pattern="^[^/]+$")],
    external_id: Annotated[Line, Path()],
    change: AccountChange,
) -> Response:
    """Make or change the account that another system calls so; a new one needs a name."""

    def deed(session: Session, by: Caller) -> Reply:
        ref = ExternalRef(source=source, id=external_id)
        account, new = accounts.put_account(session, by, write.policy, ref, change)
        return _made(session, account) if new else _one(session, account)

    return write(deed)


@router.get(
    "/{account_id:uuid}",
    response_model=AccountSeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_account(read: Read, account_id: UUID) -> Response:
    """Read one account."""
    return read(lambda session, by: _one(session, accounts.get_account(session, by, account_id)))


@router.patch(
    "/{account_id:uuid}",
    response_model=AccountSeen,
    dependencies=CHANGE,
    responses=problems(NotFound, *TAKEN, Merged, Stale, Unconditional),
)
def change_account(
    write: Write, expected: Expected, account_id: UUID, change: AccountChange
) -> Response:
    """Change an account; what is left out stays. References are added, never taken away."""

    def deed(session: Session, by: Caller) -> Reply:
        account = accounts.change_account(
            session, by, write.policy, account_id, change, expected=expected
        )
        return _one(session, account)

    return write(deed)


@router.post(
    "/{account_id:uuid}/merge",
    response_model=AccountSeen,
    dependencies=CHANGE,
    responses=problems(NotFound, Merged),
)
def merge_accounts(write: Post, account_id: UUID, given: MergeInto) -> Response:
    """Merge an account into another one, which keeps every ask and reference."""

    def deed(session: Session, by: Caller) -> Reply:
        return _one(
            session,
            accounts.merge_accounts(session, by, write.policy, account_id, given.into),
        )

    return write(deed)


@router.get(
    "/{account_id:uuid}/brief",
    response_model=BriefSeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_brief(read: Read, account_id: UUID) -> Response:
    """What to know before a call: what they asked, were told and were promised."""
    return read(lambda session, by: Reply(brief.brief(session, by, account_id)))
