"""Pages for people: rendered on the server, working without JavaScript."""

from fastapi import FastAPI

from api.web import (
    accounts,
    admin,
    answers,
    asks,
    assets,
    demand,
    docs,
    failures,
    features,
    inbox,
    promises,
    search,
    sign_in,
    suggestions,
)


def install(app: FastAPI) -> None:
    """Give `app` its pages, and make it answer errors of people with one."""
    app.state.error_page = failures.error_page
    for part in (
        assets, sign_in, demand, features, accounts, admin, asks, answers, promises, inbox,
        search, suggestions, failures, docs,
    ):  # fmt: skip
        app.include_router(part.router, include_in_schema=False)
