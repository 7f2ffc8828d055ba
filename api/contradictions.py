"""REST endpoint for contradictions: answers about one feature that cannot both be said."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Slice
from api.work import Read, page
from models.contradiction import ContradictionSeen
from models.page import Page
from services import contradictions
from services.permissions import Permission

router = APIRouter(prefix="/contradictions", tags=["responses"], route_class=KnownCallers)


class ContradictionQuery(Slice):
    """Which contradictions are wanted."""

    feature_id: list[UUID] = Field(
        default=[], max_length=50, description="With the features that were merged into it."
    )
    product_id: list[UUID] = Field(default=[], max_length=50)


@router.get("", response_model=Page[ContradictionSeen], dependencies=[needs(Permission.ask_read)])
def list_contradictions(
    request: Request, read: Read, query: Annotated[ContradictionQuery, Query()]
) -> Response:
    """Answers that contradict an earlier one that stands, newest first.

    Two kinds of answer to one account, or a yes to one and a no to another within 90 days.
    """
    book = request.app.state.book
    return read(
        lambda session, by: page(*contradictions.report(book, session, by, **query.model_dump()))
    )
