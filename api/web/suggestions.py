"""Fragments that come while one types an ask: accounts, and features that may be the one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, Field

from api.auth import needs
from api.web.pages import By, Page, reading
from api.web.templating import render
from api.work import Session
from models.opportunity import OpportunitySeen, Outcome
from services import accounts, opportunities, similar
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
READ = [needs(Permission.ask_read)]

MOST_ACCOUNTS = 8
MOST_SIMILAR = 5
MOST_DEALS = 50
MOST_ALIKE = 200  # accounts whose name holds what was typed, among which one has just that name
SHORTEST = 3  # characters; a shorter title is like every feature

Text = Annotated[str, BeforeValidator(lambda text: text.strip()[:200]), Field(default="")]


class Typed(BaseModel):
    """What stands in the form so far."""

    account: Text
    domain: Text
    opportunity_id: Text


class Wish(BaseModel):
    """What is asked for, and of which product, if that is chosen already."""

    title: Text
    product_id: Annotated[UUID | None, BeforeValidator(lambda text: text or None)] = None


def known_account(session: Session, by: Caller, name: str, domain: str) -> dict[str, Any]:
    """What is on file of the account that is typed: itself, if it is known, and its open deals.

    Args:
        session: A reading session.
        by: Who types.
        name: What stands in the field for its name, whole or not.
        domain: What stands in the field for its domain.
    """
    if not name and not domain:
        return {"account": None, "deals": [], "several": False, "alike": []}
    alike, _more = accounts.list_accounts(session, by, limit=MOST_ALIKE, q=name or domain)
    wanted = domain.lower()
    same = [
        each
        for each in alike
        if (each.domain == wanted if wanted else each.name.casefold() == name.casefold())
    ]
    account = same[0] if len(same) == 1 else None
    deals = list[OpportunitySeen]()
    if account is not None:
        deals, _more = opportunities.list_opportunities(
            session, by, limit=MOST_DEALS, account_id=[account.id], outcome=[Outcome.open]
        )
    return {"account": account, "deals": deals, "several": len(same) > 1, "alike": alike}


@router.get("/accounts/suggest", dependencies=READ)
def suggest_accounts(request: Request, by: By, typed: Annotated[Typed, Query()]) -> Response:
    """Accounts by name or domain, and what is known of the one typed."""

    def deed(session: Session) -> dict[str, Any]:
        return known_account(session, by, typed.account, typed.domain)

    known = reading(request, deed)
    return render(
        request,
        "suggested_accounts.html",
        known=known,
        suggested=known["alike"][:MOST_ACCOUNTS],
        typed=typed,
    )


@router.get("/asks/similar", dependencies=READ)
def suggest_features(request: Request, by: By, wish: Annotated[Wish, Query()]) -> Response:
    """Features that may be the one asked for, best first; to pick one triages the ask."""
    within = [wish.product_id] if wish.product_id else []

    def deed(session: Session) -> Any:
        if len(wish.title) < SHORTEST:
            return []
        return similar.similar_features(
            session, by, wish.title, product_id=within, limit=MOST_SIMILAR
        )

    found = reading(request, deed)
    return render(request, "similar.html", similar=found, title=wish.title)
