"""Errors on the wire: problem details (RFC 9457)."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from models.database import unavailable
from services import errors
from services.errors import DomainError

STATUS: dict[type[DomainError], HTTPStatus] = {
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Stale: HTTPStatus.PRECONDITION_FAILED,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unconditional: HTTPStatus.PRECONDITION_REQUIRED,
    errors.TooFast: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "5"
MOST_FAULTS = 100  # told of one request; who sends worse has enough to do

Render = Callable[[Request, dict[str, Any]], Response]


class Problem(BaseModel):
    """What went wrong. Source: RFC 9457, section 3.1."""

    type: str = Field(description="Which problem: a stable path, safe to compare, that explains.")
    title: str = Field(description="The problem in a few words, the same each time.")
    status: int = Field(description="The HTTP status, repeated.")
    detail: str = Field(description="What happened this time, for a person.")
    errors: list[dict[str, Any]] = Field(
        default=[], description="Where fields are to blame: `loc`, `msg`, `type`."
    )


class MethodNotAllowed(DomainError):
    """The address exists, and this cannot be done to it."""

    slug, title = "method-not-allowed", "Not a thing one can do here"
    cure = "The `Allow` header says what can be done; answers and promises are never changed."


class Internal(DomainError):
    """The service failed; it is our fault, not yours."""

    slug, title = "internal", "Something broke on our side"
    cure = "Try again; if it stays, give the administrator the request id of the answer."


def status_of(error: type[DomainError]) -> HTTPStatus:
    """The HTTP status of an error: that of its category."""
    if error is MethodNotAllowed:
        return HTTPStatus.METHOD_NOT_ALLOWED
    if error is Internal:
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return next(STATUS[kind] for kind in error.__mro__ if kind in STATUS)


def problem(error: DomainError) -> dict[str, Any]:
    """An error as the members of a problem."""
    found = {
        "type": f"/problems/{error.slug}",
        "title": error.title,
        "status": int(status_of(type(error))),
        "detail": error.detail,
    }
    if error.errors:
        found["errors"] = error.errors
    return {**found, **error.more}


def as_json(_request: Request, found: dict[str, Any]) -> Response:
    """A problem as JSON."""
    return Response(to_json(found, inf_nan_mode="strings"), found["status"], media_type=MEDIA_TYPE)


def respond(request: Request, error: DomainError) -> Response:
    """The answer to an error: JSON for machines, a page for people."""
    found = problem(error)
    render: Render = as_json
    if not request.url.path.startswith(("/api/", "/hooks/")):
        wants_page = "text/html" in request.headers.get("accept", "")
        render = getattr(request.app.state, "error_page", as_json) if wants_page else as_json
    response = render(request, found)
    if found["status"] == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if found["status"] in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        response.headers["Retry-After"] = str(error.more.get("retry_after", RETRY_AFTER))
    return response


def translate(error: Exception) -> DomainError:
    """Any exception as an error that we send; what we did not foresee tells nothing."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, RequestValidationError):
        return _malformed(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if unavailable(error):
        return errors.Unavailable("The database cannot be reached or is full; nothing was kept.")
    return Internal("The service failed on this request. The log has it under the request id.")


def answer(request: Request, error: Exception) -> Response:
    """The answer to any exception."""
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_methods(request))
        response = respond(request, MethodNotAllowed(f"Only {allowed} can be done here."))
        response.headers["Allow"] = allowed
        return response
    return respond(request, translate(error))


def _methods(request: Request) -> list[str]:
    """Every method of an address; the router itself tells those of the first route alone."""
    routes = iter_route_contexts(request.app.routes)
    here = [each for each in routes if each.path_regex.match(request.scope["path"])]
    return sorted({method for each in here for method in each.methods or ()})


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer(request, error)

    handler: Callable[[Request, Any], Awaitable[Response]] = handle
    for kind in (DomainError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handler)


def _malformed(error: RequestValidationError) -> DomainError:
    found = [
        {"loc": _where(each), "msg": _said(each), "type": each["type"]}
        for each in error.errors()[:MOST_FAULTS]
    ]
    first = found[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return errors.Invalid(f"{where}: {first['msg']}", errors=found)


def _where(fault: dict[str, Any]) -> list[str | int]:
    return [*fault["loc"], *(["kind"] if fault["type"] == "no_maybe" else [])]


def _said(fault: dict[str, Any]) -> str:
    if fault["type"] == "json_invalid":
        return f"is no JSON that we read: {fault['ctx']['error']}"
    return str(fault["msg"]).removeprefix("Value error, ")


def _of_http(error: HTTPException) -> DomainError:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return errors.NotFound("There is nothing at this address.")
    return errors.Invalid(f"The request cannot be read: {error.detail}.")


def problems(*kinds: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """The problems an endpoint may answer with, for its `responses=`."""
    titles: dict[HTTPStatus, list[str]] = {}
    for kind in kinds:
        titles.setdefault(status_of(kind), []).append(f"{kind.title} (`{kind.slug}`)")
    return {
        status.value: {
            "description": "; ".join(told),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, told in titles.items()
    }


def all_errors() -> list[type[DomainError]]:
    """Every rule that can be broken, by slug."""
    found: list[type[DomainError]] = []
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "slug" in vars(kind):
            found.append(kind)
    return sorted(found, key=lambda kind: kind.slug)
