"""Every part that pages are made of, on one page, where the service shows invented data."""

from datetime import timedelta
from types import SimpleNamespace

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web.pages import Page
from api.web.templating import render
from models.base import utc_today
from models.commitment import CommitmentState
from models.feature import FeatureStatus
from models.money import MoneySeen
from models.response import ResponseKind
from services.errors import NotFound
from services.permissions import Permission

router = APIRouter(route_class=Page)

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@router.get("/styleguide", dependencies=[needs(Permission.self_read)])
def show_styleguide(request: Request) -> Response:
    """The parts of pages with their variants."""
    if not request.app.state.demo:
        raise NotFound("The style guide is shown by `nomaybe demo` alone.")
    return render(
        request,
        "styleguide.html",
        statuses=[*FeatureStatus],
        asks=_asks(),
        promises=_promises(),
        counts=[2, 3, 0, 4, 6, 5, 9, 7, 8, 12, 10, 14],
    )


def _asks() -> list[SimpleNamespace]:
    """An ask in each state that its badge knows."""
    today = utc_today()
    owed = {"state": "unanswered", "response": None, "to_revisit": False}
    answered = {"state": "answered", "overdue": False, "answer_due_on": today}
    return [
        SimpleNamespace(**owed, overdue=False, answer_due_on=today + timedelta(days=3)),
        SimpleNamespace(**owed, overdue=True, answer_due_on=today - timedelta(days=2)),
        *(
            SimpleNamespace(**answered, response=SimpleNamespace(kind=kind), to_revisit=False)
            for kind in ResponseKind
        ),
        SimpleNamespace(
            **answered, response=SimpleNamespace(kind=ResponseKind.no), to_revisit=True
        ),
        SimpleNamespace(**(owed | {"state": "withdrawn"}), overdue=False, answer_due_on=today),
    ]


def _promises() -> list[SimpleNamespace]:
    """A promise in each state."""
    return [
        SimpleNamespace(
            id=SOME_ID,
            ask_id=SOME_ID,
            account=SimpleNamespace(id=SOME_ID, name="Acme"),
            feature=SimpleNamespace(id=SOME_ID, title="Audit log"),
            state=state,
            due_on=utc_today(),
            contractual=state is CommitmentState.overdue,
            contract_reference=None,
            owner_email="priya@nomaybe.example",
            amount_held=MoneySeen(amount="120000.00", currency="USD"),
            opportunity=None,
        )
        for state in CommitmentState
    ]
