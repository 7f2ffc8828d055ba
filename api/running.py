"""For whoever runs the service: is it alive, is it ready, its figures, its problems explained."""

from math import nan
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sqlmodel import Session

from models.database import unavailable
from services import digests, health, silence

router = APIRouter(tags=["running"])


class Alive(BaseModel):
    """The process answers."""

    alive: bool


class Ready(BaseModel):
    """Whether the service can do its work, and what is in its way."""

    ready: bool
    database: str = Field(description="`ok`, or what is wrong.")
    migration: str | None = Field(description="The migration that the database stands at.")
    migration_wanted: str | None = Field(description="The migration that this version needs.")
    waiting: int | None = Field(description="Deliveries not read yet.")
    parked: int | None = Field(description="Deliveries that wait for a person.")
    lag_seconds: float | None = Field(description="Age of the oldest delivery not read yet.")


@router.get("/livez", response_model=Alive)
def livez() -> Response:
    """The process answers."""
    return Response(to_json({"alive": True}), media_type="application/json")


@router.get("/readyz", response_model=Ready, responses={503: {"model": Ready}})
def readyz(request: Request) -> Response:
    """Whether the database answers and is migrated, and how much waits to be read."""
    state = request.app.state
    found: dict[str, Any] = dict.fromkeys(Ready.model_fields)
    found |= {"ready": False, "migration_wanted": state.migration_wanted}
    try:
        with Session(state.reader) as session:
            found["migration"] = health.revision(session)
            if found["migration"] != state.migration_wanted:
                found["database"] = "not migrated; run `nomaybe migrate`"
            elif lost := health.lost_triggers(session):
                found["database"] = f"lacks {len(lost)} trigger(s); run `nomaybe migrate`"
            else:
                backlog = health.backlog(session)
                found |= {
                    "database": "ok",
                    "waiting": backlog.waiting,
                    "parked": backlog.parked,
                    "lag_seconds": round(backlog.lag_seconds, 1),
                    "ready": not state.stopping,
                }
    except Exception as error:
        if not unavailable(error):
            raise
        found["database"] = "cannot be reached"
    return Response(to_json(found), 200 if found["ready"] else 503, media_type="application/json")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    figures = request.app.state.figures
    waiting = parked = lag = not_taken = silent = (
        nan  # not known while the database cannot be reached
    )
    try:
        with Session(request.app.state.reader) as session:
            backlog = health.backlog(session)
            not_taken = digests.not_taken(session)
            silent = len(silence.found_silent(session, request.app.state.policy))
        waiting, parked, lag = backlog.waiting, backlog.parked, backlog.lag_seconds
    except Exception as error:
        if not unavailable(error):
            raise
    figures.waiting.set(waiting)
    figures.parked.set(parked)
    figures.lag.set(lag)
    figures.digests_not_taken.set(not_taken)
    figures.silent.set(silent)
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)
