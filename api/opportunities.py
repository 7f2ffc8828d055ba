"""REST endpoints for opportunities."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Slice
from api.problems import problems
from api.work import Caller, Expected, Post, Read, Reply, Session, Write, created, etag, page
from models.account import ExternalRef
from models.base import Line, Word
from models.opportunity import (
    Opportunity,
    OpportunityByRef,
    OpportunityChange,
    OpportunityNew,
    OpportunitySeen,
    Outcome,
)
from models.page import Page
from services import opportunities
from services.errors import NotFound, Stale, Unconditional
from services.permissions import Permission
from services.references import ReferenceTaken

router = APIRouter(prefix="/opportunities", tags=["opportunities"], route_class=KnownCallers)
READ, CHANGE = [needs(Permission.ask_read)], [needs(Permission.account_write)]


class OpportunityQuery(Slice):
    """Which deals are wanted."""

    account_id: list[UUID] = Field(default=[], max_length=50)
    outcome: list[Outcome] = Field(default=[], max_length=10)


def _one(session: Session, deal: Opportunity) -> Reply:
    return Reply(opportunities.seen(session, deal)[0], headers=etag(deal.version))


def _made(session: Session, deal: Opportunity) -> Reply:
    seen = opportunities.seen(session, deal)[0]
    return created(seen, "opportunities", deal.id, deal.version)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=OpportunitySeen,
    dependencies=CHANGE,
    responses=problems(ReferenceTaken),
)
def create_opportunity(write: Post, new: OpportunityNew) -> Response:
    """Put a deal on file; one that is won makes a customer of a prospect."""
    return write(
        lambda session, by: _made(
            session, opportunities.create_opportunity(session, by, write.policy, new)
        )
    )


@router.get("", response_model=Page[OpportunitySeen], dependencies=READ)
def list_opportunities(read: Read, wanted: Annotated[OpportunityQuery, Query()]) -> Response:
    """List deals, oldest first."""
    return read(
        lambda session, by: page(
            *opportunities.list_opportunities(
                session,
                by,
                limit=wanted.limit,
                cursor=wanted.cursor,
                account_id=wanted.account_id,
                outcome=wanted.outcome,
            )
        )
    )


@router.put(
    "/by-ref/{source}/{external_id:path}",
    response_model=OpportunitySeen,
    dependencies=CHANGE,
    responses=problems(NotFound, ReferenceTaken)
    | {201: {"model": OpportunitySeen, "description": "Made"}},
)
def put_opportunity(
    write: Write,
    source: Annotated[Word, Path(pattern="^[^/]+$")],
    external_id: Annotated[Line, Path()],
    change: OpportunityByRef,
) -> Response:
    """Make or change the deal that another system calls so; a new one needs account and name."""

    def deed(session: Session, by: Caller) -> Reply:
        ref = ExternalRef(source=source, id=external_id)
        deal, new = opportunities.put_opportunity(session, by, write.policy, ref, change)
        return _made(session, deal) if new else _one(session, deal)

    return write(deed)


@router.get(
    "/{opportunity_id:uuid}",
    response_model=OpportunitySeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_opportunity(read: Read, opportunity_id: UUID) -> Response:
    """Read one deal."""
    return read(
        lambda session, by: _one(
            session, opportunities.get_opportunity(session, by, opportunity_id)
        )
    )


@router.patch(
    "/{opportunity_id:uuid}",
    response_model=OpportunitySeen,
    dependencies=CHANGE,
    responses=problems(NotFound, ReferenceTaken, Stale, Unconditional),
)
def change_opportunity(
    write: Write, expected: Expected, opportunity_id: UUID, change: OpportunityChange
) -> Response:
    """Change a deal; what is left out stays. References are added, never taken away.

    Winning it makes a customer of a prospect.
    """
    return write(
        lambda session, by: _one(
            session,
            opportunities.change_opportunity(
                session, by, write.policy, opportunity_id, change, expected=expected
            ),
        )
    )
