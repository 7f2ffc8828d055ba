"""REST endpoints for commitments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Slice
from api.problems import problems
from api.work import Post, Read, Reply, page
from models.base import Day
from models.commitment import CommitmentSeen, CommitmentState, Release
from models.page import Page
from services import commitments
from services.errors import NotFound
from services.permissions import Permission

router = APIRouter(prefix="/commitments", tags=["commitments"], route_class=KnownCallers)
READ, RELEASE = [needs(Permission.ask_read)], [needs(Permission.commitment_release)]


class CommitmentQuery(Slice):
    """Which commitments are wanted."""

    state: list[CommitmentState] = Field(default=[], max_length=10)
    contractual: bool | None = None
    due_before: Day | None = None
    account_id: list[UUID] = Field(default=[], max_length=50)
    feature_id: list[UUID] = Field(default=[], max_length=50)


@router.get("", response_model=Page[CommitmentSeen], dependencies=READ)
def list_commitments(read: Read, wanted: Annotated[CommitmentQuery, Query()]) -> Response:
    """List what was promised, oldest first."""
    return read(
        lambda session, by: page(*commitments.list_commitments(session, by, **wanted.model_dump()))
    )


@router.get(
    "/{commitment_id:uuid}",
    response_model=CommitmentSeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_commitment(read: Read, commitment_id: UUID) -> Response:
    """Read one commitment."""
    return read(lambda session, by: Reply(commitments.get_commitment(session, by, commitment_id)))


@router.post(
    "/{commitment_id:uuid}/release",
    response_model=CommitmentSeen,
    dependencies=RELEASE,
    responses=problems(NotFound, commitments.NotOpen),
)
def release_commitment(write: Post, commitment_id: UUID, given: Release) -> Response:
    """Let a promise bind no longer; that it was made stays on file."""
    return write(
        lambda session, by: Reply(
            commitments.release_commitment(session, by, commitment_id, given.reason)
        )
    )
