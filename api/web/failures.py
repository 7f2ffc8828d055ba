"""When something goes wrong: the page that says so, and the pages that explain each problem."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from asgi_correlation_id import correlation_id
from fastapi import APIRouter, Request, Response

from api.auth import SAFE
from api.problems import all_errors, status_of
from api.web.pages import OpenPage, see
from api.web.templating import render
from services.errors import DomainError, NotFound

router = APIRouter(route_class=OpenPage)


def error_page(request: Request, found: dict[str, Any]) -> Response:
    """A problem as a page that says what to do; whoever is signed out is asked to sign in."""
    if found["status"] == HTTPStatus.UNAUTHORIZED:
        wanted = request.url.path
        if request.method in SAFE and request.url.query:
            wanted = f"{wanted}?{request.url.query}"
        return see(f"/sign-in?next={quote(wanted)}" if wanted != "/" else "/sign-in")
    return render(
        request,
        "error.html",
        found["status"],
        found=found,
        cure=_by_slug()[found["type"].removeprefix("/problems/")].cure,
        request_id=correlation_id.get(),
    )


def _by_slug() -> dict[str, type[DomainError]]:
    return {error.slug: error for error in all_errors()}


@router.get("/problems")
def list_problems(request: Request) -> Response:
    """Every problem that the service may answer with."""
    return render(
        request,
        "problems.html",
        problems=[_explained(error) for error in all_errors()],
    )


@router.get("/problems/{slug}")
def show_problem(request: Request, slug: str) -> Response:
    """One problem: what it means and what to do about it."""
    error = _by_slug().get(slug)
    if error is None:
        raise NotFound("No problem of this name exists.")
    return render(request, "problem.html", problem=_explained(error))


def _explained(error: type[DomainError]) -> dict[str, Any]:
    status = status_of(error)
    return {
        "slug": error.slug,
        "title": error.title,
        "meaning": (error.__doc__ or "").strip().splitlines()[0],
        "status": status.value,
        "phrase": status.phrase,
        "cure": error.cure,
    }
