"""Pages for people: rendered on the server, working without JavaScript."""

from fastapi import FastAPI

from api.web import (
    accounts,
    admin,
    answers,
    asks,
    assets,
    contradictions,
    debts,
    demand,
    digest,
    docs,
    failures,
    feature_merges,
    features,
    inbox,
    promises,
    roadmap,
    search,
    sign_in,
    styleguide,
    suggestions,
    views,
)


def install(app: FastAPI) -> None:
    """Give `app` its pages, and make it answer errors of people with one."""
    app.state.error_page = failures.error_page
    for part in (
        assets, sign_in, demand, debts, digest, views, roadmap, features, feature_merges, accounts,
        admin, asks, answers, contradictions, promises, inbox, search, suggestions, failures, docs,
        styleguide,
    ):  # fmt: skip
        app.include_router(part.router, include_in_schema=False)
