"""REST endpoints for connectors."""

from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from api.auth import KnownCallers, needs
from api.parameters import PageSlice
from api.problems import problems
from api.work import Caller, Expected, Post, Read, Reply, Session, Write, created, etag, page
from models.connector import Connector, ConnectorChange, ConnectorNew, ConnectorSeen
from models.page import Page
from services import connectors
from services.errors import NotFound, Stale, Unconditional
from services.permissions import Permission

router = APIRouter(prefix="/connectors", tags=["connectors"], route_class=KnownCallers)
MANAGE = [needs(Permission.connector_manage)]


def _seen(request: Request, connector: Connector) -> ConnectorSeen:
    return connectors.seen(request.app.state.policy, request.app.state.vault, connector)


def _one(request: Request, connector: Connector) -> Reply:
    return Reply(_seen(request, connector), headers=etag(connector.version))


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ConnectorSeen,
    dependencies=MANAGE,
)
def create_connector(request: Request, write: Post, new: ConnectorNew) -> Response:
    """Let a sender deliver to `receive_url`. Its secret is sealed, and never sent back."""

    def deed(session: Session, by: Caller) -> Reply:
        made = connectors.create_connector(session, by, request.app.state.vault, new)
        return created(_seen(request, made), "connectors", made.id, made.version)

    return write(deed)


@router.get("", response_model=Page[ConnectorSeen], dependencies=MANAGE)
def list_connectors(request: Request, read: Read, part: PageSlice) -> Response:
    """List connectors, oldest first."""

    def deed(session: Session, by: Caller) -> Reply:
        found, more = connectors.list_connectors(session, by, limit=part.limit, cursor=part.cursor)
        return page([_seen(request, each) for each in found], more)

    return read(deed)


@router.get(
    "/{connector_id:uuid}",
    response_model=ConnectorSeen,
    dependencies=MANAGE,
    responses=problems(NotFound),
)
def get_connector(request: Request, read: Read, connector_id: UUID) -> Response:
    """Read one connector."""
    return read(
        lambda session, by: _one(request, connectors.get_connector(session, by, connector_id))
    )


@router.patch(
    "/{connector_id:uuid}",
    response_model=ConnectorSeen,
    dependencies=MANAGE,
    responses=problems(NotFound, Stale, Unconditional),
)
def change_connector(
    request: Request,
    write: Write,
    expected: Expected,
    connector_id: UUID,
    change: ConnectorChange,
) -> Response:
    """Change a connector; what is left out stays. Replay what was delivered before, if need be."""

    def deed(session: Session, by: Caller) -> Reply:
        changed = connectors.change_connector(
            session, by, request.app.state.vault, connector_id, change, expected=expected
        )
        return _one(request, changed)

    return write(deed)
