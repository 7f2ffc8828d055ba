"""Pages for promises: what a yes bound the house to, by when, and releasing one."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator

from api.auth import needs
from api.parameters import Cursor
from api.problems import status_of
from api.web.pages import By, Filled, Page, by_field, reading, see, shaped, writing
from api.web.templating import render
from api.work import Session
from models.commitment import CommitmentState, Release
from services import accounts, commitments, features
from services.errors import Conflict, DomainError, Invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
READ, RELEASE = [needs(Permission.ask_read)], [needs(Permission.commitment_release)]

A_PAGE = 50
FIELDS = ("reason",)
BINDING = (CommitmentState.open, CommitmentState.overdue)
SHOWN: dict[str, tuple[str, tuple[CommitmentState, ...]]] = {
    # An overdue promise still binds, so it is among the open ones too.
    "open": ("Open", BINDING),
    "overdue": ("Overdue", (CommitmentState.overdue,)),
    "delivered": ("Delivered", (CommitmentState.delivered,)),
    "released": ("Released", (CommitmentState.released,)),
    "all": ("All", ()),
}
CONTRACTUAL = {"yes": True, "no": False}

Blank = BeforeValidator(lambda value: None if value == "" else value)


class Wanted(BaseModel):
    """Which promises are shown."""

    show: Literal["open", "overdue", "delivered", "released", "all"] = "open"
    account_id: Annotated[UUID | None, Blank] = None
    feature_id: Annotated[UUID | None, Blank] = None
    contractual: Annotated[Literal["yes", "no"] | None, Blank] = None
    cursor: Cursor | None = None

    @property
    def filtered(self) -> bool:
        """Whether it is narrower than its tab."""
        return bool(self.account_id or self.feature_id or self.contractual)

    def address(self, **other: str | None) -> str:
        """A link to the same promises, shown otherwise; None takes a filter away."""
        own = {
            "show": self.show,
            "account_id": self.account_id,
            "feature_id": self.feature_id,
            "contractual": self.contractual,
        }
        given = {name: str(value) for name, value in (own | other).items() if value}
        return f"/promises?{urlencode(given)}"


@router.get("/promises", dependencies=READ)
def list_promises(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """Promises, oldest first, with what each of them holds."""

    def deed(session: Session) -> dict[str, Any]:
        filters: dict[str, Any] = {
            "state": SHOWN[wanted.show][1],
            "contractual": CONTRACTUAL.get(wanted.contractual or ""),
            "account_id": [wanted.account_id] if wanted.account_id else [],
            "feature_id": [wanted.feature_id] if wanted.feature_id else [],
        }
        found, more = commitments.list_commitments(
            session, by, limit=A_PAGE, cursor=wanted.cursor, **filters
        )
        held, amounts = commitments.held(session, by, **filters)
        account = feature = None
        if wanted.account_id:
            account = accounts.get_account(session, by, wanted.account_id).name
        if wanted.feature_id:
            feature = features.get_feature(session, by, wanted.feature_id).title
        return {
            "promises": found,
            "next_page": wanted.address(cursor=more) if more else None,
            "messages": commitments.messages(session, by, [each.id for each in found]),
            "account": account,
            "feature": feature,
            "held": held,
            "amounts": amounts,
        }

    return render(
        request,
        "promises.html",
        **reading(request, deed),
        wanted=wanted,
        tabs=[(name, label) for name, (label, _states) in SHOWN.items()],
    )


@router.get("/promises/{commitment_id:uuid}/release", dependencies=RELEASE)
def ask_for_release(request: Request, by: By, commitment_id: UUID) -> Response:
    """The form to release a promise."""
    return _form(request, by, commitment_id, dict.fromkeys(FIELDS, ""))


@router.post("/promises/{commitment_id:uuid}/release", dependencies=RELEASE)
def release_promise(request: Request, by: By, commitment_id: UUID, form: Filled) -> Response:
    """Let a promise bind no longer; the reason that was typed comes back where it is refused."""
    typed = form.typed(FIELDS)
    try:
        reason = shaped(Release, {name: text for name, text in typed.items() if text.strip()})
        writing(
            request,
            lambda session: commitments.release_commitment(
                session, by, commitment_id, reason.reason
            ),
        )
    except (Conflict, Invalid) as error:
        return _form(request, by, commitment_id, typed, error)
    return see("/promises?show=released&notice=released")


def _form(
    request: Request,
    by: Caller,
    commitment_id: UUID,
    typed: dict[str, str],
    error: DomainError | None = None,
) -> Response:
    def deed(session: Session) -> dict[str, Any]:
        return {
            "promise": commitments.get_commitment(session, by, commitment_id),
            "message": commitments.messages(session, by, [commitment_id]).get(commitment_id, ""),
        }

    found = reading(request, deed)
    return render(
        request,
        "promise_release.html",
        status_of(type(error)) if error else 200,
        **found,
        typed=typed,
        binds=found["promise"].state in BINDING,
        faults=by_field(error, FIELDS, rest="reason") if error else {},
    )
