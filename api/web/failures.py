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

# What a person at a browser can do, where the cure speaks to programs.
CURES = {
    "busy": "Go back and send it again.",
    "internal": "Try again; if it stays, give the administrator the request id below.",
    "invalid": "Go back and put right what is named here.",
    "method-not-allowed": "Go to the page with the form, and send it from there.",
    "not-found": "Check the address, or search for it; what was merged keeps its own address.",
    "not-permitted": "Ask somebody whose role includes it, or an administrator for another role.",
    "stale": "Go back, look at what changed, and make your change again.",
    "storage-unavailable": "Nothing was kept. Go back and send it again in a few seconds.",
    "too-fast": "Wait that long, then go back and send it again.",
    "too-large": "Go back and send less at once.",
    "too-slow": "Go back and send it again.",
}


def error_page(request: Request, found: dict[str, Any]) -> Response:
    """A problem as a page that says what to do; whoever is signed out is asked to sign in."""
    if found["status"] == HTTPStatus.UNAUTHORIZED:
        wanted = _place(request)
        return see(f"/sign-in?next={quote(wanted)}" if wanted != "/" else "/sign-in")
    slug = found["type"].removeprefix("/problems/")
    return render(
        request,
        "error.html",
        found["status"],
        found=found,
        cure=CURES.get(slug) or _by_slug()[slug].cure,
        request_id=correlation_id.get(),
    )


def _place(request: Request) -> str:
    """The page that somebody was on: for a form that was sent, the one that it stood on."""
    if request.method not in SAFE:
        host, _slash, rest = request.headers.get("referer", "").partition("://")[2].partition("/")
        return f"/{rest}" if host == request.url.netloc else request.url.path
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


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
