"""The page of debts: how many there are, how old, and whose."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web.pages import By, Page, reading
from api.web.templating import render
from services import debts
from services.permissions import Permission

router = APIRouter(route_class=Page)


@router.get("/debts", dependencies=[needs(Permission.ask_read)])
def show_debts(request: Request, by: By) -> Response:
    """What is owed in all, by each person and by each team; the most overdue first."""
    policy = request.app.state.policy
    found = reading(request, lambda session: debts.summary(session, by, policy, debts.DebtFilter()))
    return render(
        request,
        "debts.html",
        **found,
        address=address,
        holidays=sorted(policy.holidays),
        answer_days=policy.answer_days,
    )


def address(show: str, owing: dict[str, Any]) -> str:
    """A link to the asks that a person or a team owes; nothing where neither is known."""
    person = owing.get("person")
    whose = {"logged_by": person["email"]} if person else {"team": owing["team"]}
    known = person or ("person" not in owing and owing["team"])
    return f"/asks?{urlencode({'show': show} | whose)}" if known else ""
