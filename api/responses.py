"""REST endpoints for responses, and for reading a message before it is said."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from api.auth import KnownCallers, needs
from api.problems import problems
from api.work import Caller, Post, Read, Reply, Session, created, page
from models.page import Page
from models.response import MessageCheck, MessageReading, ResponseNew, ResponseSeen, ToldNew
from services import messages, orders, response_views, responses, wording
from services.asks import Withdrawn
from services.errors import NotFound
from services.permissions import Permission

router = APIRouter(tags=["responses"], route_class=KnownCallers)
READ, ANSWER = [needs(Permission.ask_read)], [needs(Permission.ask_answer)]


@router.post(
    "/asks/{ask_id:uuid}/responses",
    status_code=status.HTTP_201_CREATED,
    response_model=ResponseSeen,
    dependencies=ANSWER,
    responses=problems(
        NotFound,
        Withdrawn,
        responses.AlreadyAnswered,
        responses.Untriaged,
        responses.NotAvailable,
        responses.NotCommitted,
        responses.NoBar,
        responses.DemandBarReached,
        messages.HedgedMessage,
        messages.ContradictingMessage,
        orders.NotAStrictOrder,
    ),
)
def give_response(write: Post, ask_id: UUID, given: ResponseNew) -> Response:
    """Answer an ask: yes, no or ranked. There is no maybe."""

    def deed(session: Session, by: Caller) -> Reply:
        response = responses.give_response(session, by, write.policy, ask_id, given)
        seen = response_views.of_ask(session, [response])[0]
        return created(seen, "responses", response.id)

    return write(deed)


@router.get(
    "/asks/{ask_id:uuid}/responses",
    response_model=Page[ResponseSeen],
    dependencies=READ,
    responses=problems(NotFound),
)
def list_responses(read: Read, ask_id: UUID) -> Response:
    """All answers to an ask, oldest first: what was said stays said."""

    def deed(session: Session, by: Caller) -> Reply:
        found = responses.list_responses(session, by, ask_id)
        return page(response_views.of_ask(session, found), None)

    return read(deed)


@router.get(
    "/responses/{response_id:uuid}",
    response_model=ResponseSeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_response(read: Read, response_id: UUID) -> Response:
    """Read one answer. It is never changed and never deleted."""

    def deed(session: Session, by: Caller) -> Reply:
        response = responses.get_response(session, by, response_id)
        return Reply(response_views.of_ask(session, [response])[0])

    return read(deed)


@router.post(
    "/responses/{response_id:uuid}/told",
    status_code=status.HTTP_201_CREATED,
    response_model=ResponseSeen,
    dependencies=ANSWER,
    responses=problems(NotFound),
)
def tell(write: Post, response_id: UUID, told: ToldNew) -> Response:
    """Record that the customer was told."""

    def deed(session: Session, by: Caller) -> Reply:
        response = responses.tell(session, by, response_id, told)
        seen = response_views.of_ask(session, [response])[0]
        return Reply(seen, status.HTTP_201_CREATED)

    return write(deed)


@router.post("/messages/check", response_model=MessageReading, dependencies=READ)
def check_message(read: Read, given: MessageCheck) -> Response:
    """Read a message for hedges, and offer straight wordings."""
    kind = given.kind.value if given.kind else None
    reading = wording.read(given.message, kind)
    return read(
        lambda _session, _by: Reply(
            {
                "verdict": reading.verdict,
                "spans": [
                    {
                        "start": span.start,
                        "end": span.end,
                        "phrase": span.phrase,
                        "reason": span.reason,
                        "suggestion": span.suggestion,
                    }
                    for span in reading.spans
                ],
                "contradicts": kind is not None and wording.contradicts(reading, kind),
            }
        )
    )
