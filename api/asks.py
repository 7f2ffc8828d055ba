"""REST endpoints for asks."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Search, Slice
from api.problems import problem, problems
from api.work import Caller, Expected, Post, Read, Reply, Session, Write, created, etag, page
from models.ask import (
    AskChange,
    AskNew,
    AskSeen,
    AskState,
    BatchNew,
    BatchSeen,
    Importance,
    Source,
    Withdrawal,
)
from models.base import Day, Email
from models.guide import GuideSeen
from models.page import Page
from models.response import ResponseKind
from services import ask_views, asks, guide
from services.errors import DomainError, NotFound, Stale, Unconditional
from services.permissions import Permission

router = APIRouter(prefix="/asks", tags=["asks"], route_class=KnownCallers)
READ, LOG = [needs(Permission.ask_read)], [needs(Permission.ask_log)]
TRIAGE = [needs(Permission.ask_triage)]


class AskQuery(Slice):
    """Which asks are wanted, and in which order."""

    account_id: list[UUID] = Field(default=[], max_length=50)
    feature_id: list[UUID] = Field(
        default=[], max_length=50, description="With the features that were merged into it."
    )
    untriaged: bool | None = Field(default=None, description="Whether they name no feature yet.")
    state: list[AskState] = Field(default=[], max_length=10)
    overdue: bool | None = None
    response_kind: list[ResponseKind] = Field(default=[], max_length=10)
    importance: list[Importance] = Field(default=[], max_length=10)
    source: list[Source] = Field(default=[], max_length=10)
    logged_by: list[Email] = Field(default=[], max_length=50)
    product_id: list[UUID] = Field(default=[], max_length=50)
    asked_since: Day | None = None
    asked_until: Day | None = None
    to_revisit: bool | None = Field(
        default=None, description="Refused for lack of demand, and the bar was reached since."
    )
    q: Search | None = Field(default=None, description="Part of title, words or account name.")
    sort: ask_views.AskOrder = ask_views.AskOrder.newest


def _one(session: Session, ask_id: UUID) -> Reply:
    seen, version = ask_views.read(session, [ask_id])[0]
    return Reply(seen, headers=etag(version))


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=AskSeen,
    dependencies=LOG,
    responses={200: {"model": AskSeen, "description": "The ask with this `external_id` stands"}},
)
def log_ask(write: Post, new: AskNew) -> Response:
    """Log an ask: a debt from now on, with the date by which it is answered."""

    def deed(session: Session, by: Caller) -> Reply:
        ask, is_new = asks.log_ask(session, by, write.policy, new)
        seen, version = ask_views.read(session, [ask.id])[0]
        if is_new:
            return created(seen, "asks", ask.id, version)
        return Reply(seen, headers=etag(version))

    return write(deed)


@router.post("/batch", response_model=BatchSeen, dependencies=LOG)
def log_batch(write: Post, batch: BatchNew) -> Response:
    """Log up to 1,000 asks: good ones go in, bad ones are told."""

    def deed(session: Session, by: Caller) -> Reply:
        done = asks.log_batch(session, by, write.policy, batch.items)
        logged = [each[0].id for each in done if not isinstance(each, DomainError)]
        seen = {ask["id"]: ask for ask, _version in ask_views.read(session, logged)}
        results: list[dict[str, Any]] = []
        for index, each in enumerate(done):
            if isinstance(each, DomainError):
                told = problem(each)
                results.append(
                    {"index": index, "status": told["status"], "ask": None, "problem": told}
                )
            else:
                ask, is_new = each
                code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
                results.append(
                    {"index": index, "status": code, "ask": seen[ask.id], "problem": None}
                )
        return Reply({"results": results})

    return write(deed)


@router.get("", response_model=Page[AskSeen], dependencies=READ)
def list_asks(read: Read, query: Annotated[AskQuery, Query()]) -> Response:
    """List asks, newest first unless told otherwise."""
    named = query.model_dump(exclude={"limit", "cursor", "sort"})
    wanted = ask_views.AskFilter(**named)
    return read.glance(  # what their answers say does not change any more
        lambda session, by: page(
            *ask_views.list_asks(
                session,
                by,
                wanted,
                limit=query.limit,
                cursor=query.cursor,
                order=query.sort,
                for_json=True,
            )
        )
    )


@router.get(
    "/{ask_id:uuid}", response_model=AskSeen, dependencies=READ, responses=problems(NotFound)
)
def get_ask(read: Read, ask_id: UUID) -> Response:
    """Read one ask."""

    def deed(session: Session, by: Caller) -> Reply:
        seen, version = ask_views.get_ask(session, by, ask_id)
        return Reply(seen, headers=etag(version))

    return read.glance(deed)


@router.patch(
    "/{ask_id:uuid}",
    response_model=AskSeen,
    dependencies=TRIAGE,
    responses=problems(NotFound, asks.Withdrawn, asks.AnswerNamesFeature, Stale, Unconditional),
)
def change_ask(write: Write, expected: Expected, ask_id: UUID, change: AskChange) -> Response:
    """Change an ask; what is left out stays. Setting `feature_id` triages it."""

    def deed(session: Session, by: Caller) -> Reply:
        asks.change_ask(session, by, write.policy, ask_id, change, expected=expected)
        return _one(session, ask_id)

    return write(deed)


@router.post(
    "/{ask_id:uuid}/withdraw",
    response_model=AskSeen,
    dependencies=TRIAGE,
    responses=problems(NotFound, asks.Withdrawn),
)
def withdraw_ask(write: Post, ask_id: UUID, given: Withdrawal) -> Response:
    """Take an ask back: it stays on file, and counts nowhere."""

    def deed(session: Session, by: Caller) -> Reply:
        asks.withdraw_ask(session, by, write.policy, ask_id, given.reason)
        return _one(session, ask_id)

    return write(deed)


@router.get(
    "/{ask_id:uuid}/guide",
    response_model=GuideSeen,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_guide(read: Read, ask_id: UUID) -> Response:
    """The answer that the facts support, and words for it. The SE decides."""
    return read(lambda session, by: Reply(guide.guide(session, by, read.policy, ask_id)))
