"""REST endpoints for demand: the report, one feature broken down, and the evidence."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.auth import KnownCallers, needs
from api.parameters import Slice
from api.problems import problems
from api.work import Caller, Read, Reply, Session, page
from models.account import Lifecycle, Segment
from models.ask import Importance
from models.base import Day, Shape, Word
from models.demand import DemandDetail, DemandReport, Evidence
from models.feature import FeatureStatus
from models.page import Page
from services import demand, exporting
from services.errors import NotFound
from services.permissions import Permission

router = APIRouter(prefix="/demand", tags=["demand"], route_class=KnownCallers)
READ = [needs(Permission.demand_read)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Format(StrEnum):
    """How the report is sent. CSV and XLSX hold all of it, not a page."""

    json = "json"
    csv = "csv"
    xlsx = "xlsx"


class AccountQuery(Shape):
    """Which asks, of which accounts."""

    segment: list[Segment] = Field(default=[], max_length=10)
    industry: list[Word] = Field(default=[], max_length=50)
    region: list[Word] = Field(default=[], max_length=50)
    tag: list[Word] = Field(default=[], max_length=50)
    lifecycle: list[Lifecycle] = Field(default=[], max_length=10)
    asked_since: Day | None = Field(default=None, description="By the day the customer asked.")
    asked_until: Day | None = None
    importance: list[Importance] = Field(default=[], max_length=10)


class DemandQuery(AccountQuery, Slice):
    """What the report is about."""

    product_id: list[UUID] = Field(default=[], max_length=50)
    feature_status: list[FeatureStatus] = Field(default=[], max_length=10)
    include_empty: bool = Field(default=False, description="Also features nobody asks for.")
    sort: demand.DemandOrder = demand.DemandOrder.customer_arr
    format: Format = Format.json


class EvidenceQuery(AccountQuery, Slice):
    """Which of the asks behind a feature."""


def _wanted(query: AccountQuery) -> demand.DemandFilter:
    other = {"limit", "cursor", "sort", "format"}
    return demand.DemandFilter(**query.model_dump(exclude=other))


@router.get(
    "",
    response_model=DemandReport,
    dependencies=READ,
    responses={200: {"content": {"text/csv": {}, XLSX: {}}}},
)
def get_demand(request: Request, read: Read, query: Annotated[DemandQuery, Query()]) -> Response:
    """What customers ask for, added up honestly: an account counts once in each number."""
    whole = query.format is not Format.json

    def report(session: Session, by: Caller) -> dict[str, Any]:
        return demand.report(
            request.app.state.book,
            session,
            by,
            read.policy,
            _wanted(query),
            sort=query.sort,
            limit=None if whole else query.limit,
            cursor=None if whole else query.cursor,
        )

    if query.format is Format.csv:
        kind, ending, export = "text/csv; charset=utf-8", "csv", exporting.as_csv
    elif query.format is Format.xlsx:
        kind, ending, export = XLSX, "xlsx", exporting.as_xlsx
    else:
        return read(lambda session, by: Reply(report(session, by)))
    response = read(lambda session, by: Reply(export(report(session, by))))
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="demand.{ending}"'
    return response


@router.get(
    "/{feature_id:uuid}",
    response_model=DemandDetail,
    dependencies=READ,
    responses=problems(NotFound),
)
def get_feature_demand(
    request: Request, read: Read, feature_id: UUID, query: Annotated[AccountQuery, Query()]
) -> Response:
    """Demand for one feature, broken down by segment, industry, region and month."""
    return read(
        lambda session, by: Reply(
            demand.of_feature(
                request.app.state.book, session, by, read.policy, feature_id, _wanted(query)
            )
        )
    )


@router.get(
    "/{feature_id:uuid}/evidence",
    response_model=Page[Evidence],
    dependencies=READ,
    responses=problems(NotFound),
)
def list_evidence(
    read: Read, feature_id: UUID, query: Annotated[EvidenceQuery, Query()]
) -> Response:
    """The asks behind a feature's numbers, newest first."""
    return read(
        lambda session, by: page(
            *demand.evidence(
                session, by, feature_id, _wanted(query), limit=query.limit, cursor=query.cursor
            )
        )
    )
