"""Where senders post to. It knows no dialect: it stores what came, and acknowledges after that."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.types import Message

from api import problems
from api.auth import read_body
from models.base import utc_now
from models.connector import ConnectorKind
from models.delivery import DeliveryState
from services.connectors import receive_url
from services.crm import DIALECTS
from services.crm.dialect import Arrival
from services.errors import NotFound, TooLarge, TooSlow, Unavailable
from services.receiving import NOT_AUTHENTIC, NotAuthentic, Posted

router = APIRouter(prefix="/hooks", tags=["receiving"])

LARGEST = 10 * 1024 * 1024
TOO_LARGE = "too_large"


class Received(BaseModel):
    """The delivery is stored."""

    received: bool = Field(description="True: it is stored for good, and is read soon.")


class _Counted:
    """The arriving parts of a body, counted against what may be held at once."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self._inlet = request.app.state.inlet
        self.held = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        size = len(message.get("body", b""))
        self._inlet.hold(size)
        self.held += size
        return message


Kind = Annotated[str, Path(description="The connector's kind.")]
Key = Annotated[str, Path(description="The connector's id.")]
SAID: dict[str, Any] = {
    "response_model": Received,
    "responses": {
        HTTPStatus.OK.value: {"content": {"text/xml": {"schema": {"type": "string"}}}},
        **problems.problems(NotAuthentic, NotFound, TooSlow, TooLarge, Unavailable),
    },
    "openapi_extra": {
        "requestBody": {
            "description": "What the sender sends. It is stored as it is, and read afterwards.",
            "content": {"*/*": {"schema": {}}},
        }
    },
}


@router.post("/{kind}/{connector_id}", **SAID)
async def receive(request: Request, kind: Kind, connector_id: Key) -> Response:
    """Take a delivery in: 200 says that it is stored, whatever it holds."""
    return await _take(request, *_address(kind, connector_id))


@router.post("/{kind}/{connector_id}/{proof}", **SAID)
async def receive_by_address(
    request: Request,
    kind: Kind,
    connector_id: Key,
    proof: Annotated[str, Path(description="What `receive_url` ends with.")],
) -> Response:
    """Take a delivery in from a sender that can prove itself by nothing but the address."""
    known, key = _address(kind, connector_id)
    if not DIALECTS[known].path("of any secret"):
        raise _nothing_here()
    return await _take(request, known, key, f"/{proof}")


async def _take(request: Request, known: ConnectorKind, key: UUID, path: str = "") -> Response:
    state, counted = request.app.state, _Counted(request)
    try:
        body = await read_body(Request(request.scope, counted), LARGEST)
        url = receive_url(state.policy, known, key) + path
        arrival = Arrival(url, dict(request.headers), body, utc_now())
        result = await state.inlet.keep(Posted(known, key, arrival))
    except TooLarge:
        state.figures.deliveries.labels(known, TOO_LARGE).inc()
        raise
    finally:
        state.inlet.release(counted.held)
    dialect = DIALECTS[known]
    if result is None:
        raise _nothing_here()
    if result is DeliveryState.refused:
        refusal = problems.respond(request, NotAuthentic(NOT_AUTHENTIC))
        refusal.headers["WWW-Authenticate"] = dialect.CHALLENGE
        return refusal
    said = dialect.acknowledgement(arrival)
    return Response(said.body, HTTPStatus.OK, media_type=said.media_type)


def _address(kind: str, connector_id: str) -> tuple[ConnectorKind, UUID]:
    try:
        return ConnectorKind(kind), UUID(connector_id)
    except ValueError:
        raise _nothing_here() from None


def _nothing_here() -> NotFound:
    """The same as for any address where there is nothing, so that nobody learns what exists."""
    return NotFound("There is nothing at this address.")
