"""REST endpoint for debts: what is owed an answer, and by whom."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Slice
from api.work import Read, Reply
from models.base import Email, Word
from models.debt import DebtReport
from services import debts
from services.permissions import Permission

router = APIRouter(prefix="/debts", tags=["asks"], route_class=KnownCallers)


class DebtQuery(Slice):
    """Which debts are wanted; the sums are over these too."""

    overdue: bool | None = None
    product_id: list[UUID] = Field(default=[], max_length=50)
    logged_by: list[Email] = Field(default=[], max_length=50)
    team: list[Word] = Field(default=[], max_length=50)


@router.get("", response_model=DebtReport, dependencies=[needs(Permission.ask_read)])
def list_debts(read: Read, query: Annotated[DebtQuery, Query()]) -> Response:
    """What is owed an answer, due first; its age by person and team, in working days."""
    wanted = debts.DebtFilter(**query.model_dump(exclude={"limit", "cursor"}))
    return read(
        lambda session, by: Reply(
            debts.report(session, by, read.policy, wanted, limit=query.limit, cursor=query.cursor)
        )
    )
