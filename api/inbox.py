"""REST endpoints for the inbox: what was delivered, and what became of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Slice
from api.problems import problems
from api.work import Caller, Post, Read, Reply, Session, page
from models.delivery import (
    DeliveryRow,
    DeliverySeen,
    DeliveryState,
    Dismissal,
    ReplayFilter,
    ReplaySeen,
)
from models.page import Page
from services import inbox
from services.errors import NotFound
from services.permissions import Permission

router = APIRouter(prefix="/inbox", tags=["inbox"], route_class=KnownCallers)
READ, REPLAY = [needs(Permission.inbox_read)], [needs(Permission.inbox_replay)]
DISMISS = [needs(Permission.inbox_dismiss)]


class InboxQuery(Slice):
    """Which deliveries are wanted."""

    state: list[DeliveryState] = Field(default=[], max_length=10)
    connector_id: list[UUID] = Field(default=[], max_length=50)


@router.get("", response_model=Page[DeliveryRow], dependencies=READ)
def list_deliveries(read: Read, query: Annotated[InboxQuery, Query()]) -> Response:
    """List deliveries, newest first."""
    named = query.model_dump()
    return read(lambda session, by: page(*inbox.list_deliveries(session, by, **named)))


@router.post("/replay", response_model=ReplaySeen, dependencies=REPLAY)
def replay_all(request: Request, write: Post, wanted: ReplayFilter) -> Response:
    """Have all deliveries of a state read again; refused ones only if they are authentic now."""

    def deed(session: Session, by: Caller) -> Reply:
        vault = request.app.state.vault
        count = inbox.replay_all(session, by, write.policy, vault, wanted)
        return Reply(ReplaySeen(replayed=count))

    answer = write(deed)
    request.app.state.worker.wake()
    return answer


@router.get(
    "/{delivery_id:uuid}",
    response_model=DeliverySeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_delivery(read: Read, delivery_id: UUID) -> Response:
    """Read one delivery: raw, as it is read now, and what became of it."""
    return read(
        lambda session, by: Reply(inbox.get_delivery(session, by, read.policy, delivery_id))
    )


@router.post(
    "/{delivery_id:uuid}/replay",
    response_model=DeliverySeen,
    dependencies=REPLAY,
    responses=problems(NotFound, inbox.StillRefused),
)
def replay(request: Request, write: Post, delivery_id: UUID) -> Response:
    """Have a delivery read again, by the connector's settings and secret of now."""

    def deed(session: Session, by: Caller) -> Reply:
        vault = request.app.state.vault
        return Reply(inbox.replay(session, by, write.policy, vault, delivery_id))

    answer = write(deed)
    request.app.state.worker.wake()
    return answer


@router.post(
    "/{delivery_id:uuid}/dismiss",
    response_model=DeliverySeen,
    dependencies=DISMISS,
    responses=problems(NotFound, inbox.NothingToDismiss),
)
def dismiss(write: Post, delivery_id: UUID, given: Dismissal) -> Response:
    """Say that a delivery needs no attention, and why."""

    def deed(session: Session, by: Caller) -> Reply:
        return Reply(inbox.dismiss(session, by, write.policy, delivery_id, given.reason))

    return write(deed)
