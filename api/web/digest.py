"""The page of what one owes today: the digest that is mailed, without the mail."""

from fastapi import APIRouter, Request, Response

from api.auth import needs
from api.web.pages import By, Page, reading
from api.web.templating import render
from services import digests
from services.permissions import Permission

router = APIRouter(route_class=Page)


@router.get("/digest", dependencies=[needs(Permission.ask_read)])
def show_digest(request: Request, by: By) -> Response:
    """What I owe today: overdue, due soon, to revisit, not told, and to decide."""
    policy = request.app.state.policy
    found = reading(request, lambda session: digests.own(session, by, policy))
    mailed = request.app.state.postman is not None and not request.app.state.demo
    return render(request, "digest.html", digest=found, ends=digests.ends(found), mailed=mailed)
