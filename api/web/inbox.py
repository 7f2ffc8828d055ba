"""Pages for the inbox: what connectors delivered, how it was understood, reading it again."""

import json
from http import HTTPStatus
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
from models.delivery import DeliverySeen, DeliveryState, Dismissal, ReplayFilter
from services import inbox, silence
from services.errors import Conflict, DomainError, Invalid
from services.permissions import Caller, Permission

router = APIRouter(route_class=Page)
READ, REPLAY = [needs(Permission.inbox_read)], [needs(Permission.inbox_replay)]
DISMISS = [needs(Permission.inbox_dismiss)]

A_PAGE = 50
MOST_RAW = 100_000  # characters of a body that the page shows; the API has all of them
MOST_READ = 20  # asks of one delivery that the page shows
FIELDS = ("reason",)
SHOWN: dict[str, tuple[str, tuple[DeliveryState, ...]]] = {
    "parked": ("Parked", (DeliveryState.parked,)),
    "refused": ("Refused", (DeliveryState.refused,)),
    "waiting": ("Waiting", (DeliveryState.received,)),
    "read": ("Read", (DeliveryState.processed, DeliveryState.duplicate)),
    "dismissed": ("Dismissed", (DeliveryState.dismissed,)),
    "all": ("All", ()),
}
SAID = {
    DeliveryState.received: "Waiting",
    DeliveryState.processed: "Read",
    DeliveryState.duplicate: "Seen before",
}
KINDS = {
    DeliveryState.received: "planned",
    DeliveryState.processed: "yes",
    DeliveryState.parked: "wait",
    DeliveryState.refused: "no",
}
CURES = {
    DeliveryState.parked: (
        "Put it right in the connector's settings or in the CRM, and replay it: what was logged"
        " from it before is not doubled. Dismiss it if nobody needs it."
    ),
    DeliveryState.refused: (
        "If the sender is yours, give the connector the secret that it used, and replay it. If it"
        " is nobody you know, dismiss it."
    ),
    DeliveryState.received: "It is read by itself, as soon as its turn comes.",
    DeliveryState.duplicate: "Nothing needs to be done: the first one counts.",
    DeliveryState.dismissed: "Replay it if that was a mistake.",
}
DEEDS = {
    "logged": "Logged as a new ask",
    "updated": "Changed an ask that was on file",
    "unchanged": "On file already, just like this",
    "older": "Left alone: newer words are on file",
    "differs": "On file already, in other words",
    "parked": "Not logged",
    "noted": "Remembered, and no ask",
    "passed": "Nothing to do",
    "duplicate": "Seen before",
    "gone": "Deleted in the CRM; the ask stands",
}

Blank = BeforeValidator(lambda value: None if value == "" else value)


class Wanted(BaseModel):
    """Which deliveries are shown."""

    show: Literal["parked", "refused", "waiting", "read", "dismissed", "all"] = "parked"
    connector_id: Annotated[UUID | None, Blank] = None
    cursor: Cursor | None = None

    def address(self, **other: str) -> str:
        """A link to the same deliveries, shown otherwise."""
        own = {"show": self.show, "connector_id": self.connector_id}
        given = {name: str(value) for name, value in (own | other).items() if value}
        return f"/inbox?{urlencode(given)}"


@router.get("/inbox", dependencies=READ)
def list_deliveries(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
    """Deliveries, those that need a person first."""

    def deed(session: Session) -> dict[str, Any]:
        found, more = inbox.list_deliveries(
            session,
            by,
            limit=A_PAGE,
            cursor=wanted.cursor,
            state=SHOWN[wanted.show][1],
            connector_id=[wanted.connector_id] if wanted.connector_id else [],
        )
        return {
            "deliveries": found,
            "next_page": wanted.address(cursor=more) if more else None,
            "senders": inbox.senders(session, by),
            "silent": silence.silent(session, by, request.app.state.policy),
            "counts": inbox.count_by_state(session, by, wanted.connector_id),
        }

    found = reading(request, deed)
    counts = found.pop("counts")
    tabs = [
        (name, label, sum(counts.get(state, 0) for state in states or counts))
        for name, (label, states) in SHOWN.items()
    ]
    replayable = wanted.show in {"parked", "refused"} and found["deliveries"]
    return render(
        request,
        "inbox.html",
        **found,
        wanted=wanted,
        tabs=tabs,
        said=SAID,
        kinds=KINDS,
        replayed=SHOWN[wanted.show][1][0] if replayable else None,
    )


@router.post("/inbox/replay", dependencies=REPLAY)
def replay_all(request: Request, by: By, form: Filled) -> Response:
    """Have all deliveries of a state read again, of one connector or of all."""
    state = request.app.state
    typed = form.typed(("state", "connector_id"))
    chosen = shaped(ReplayFilter, {name: text for name, text in typed.items() if text})
    writing(
        request, lambda session: inbox.replay_all(session, by, state.policy, state.vault, chosen)
    )
    state.worker.wake()
    show = next(name for name, (_, states) in SHOWN.items() if chosen.state in states)
    wanted = Wanted(show=show, connector_id=chosen.connector_id)
    return see(wanted.address(notice="replayed_all"))


@router.get("/inbox/{delivery_id:uuid}", dependencies=READ)
def show_delivery(request: Request, by: By, delivery_id: UUID) -> Response:
    """One delivery: as it came, as it is understood, and what became of it."""
    return _page(request, by, delivery_id)


@router.get("/inbox/{delivery_id:uuid}/replay", dependencies=READ)
@router.get("/inbox/{delivery_id:uuid}/dismiss", dependencies=READ)
def back_to_delivery(delivery_id: UUID) -> Response:
    """Whoever reloads the address of a form comes back to the delivery."""
    return see(f"/inbox/{delivery_id}")


@router.post("/inbox/{delivery_id:uuid}/replay", dependencies=REPLAY)
def replay(request: Request, by: By, delivery_id: UUID) -> Response:
    """Have a delivery read again, by the connector's settings and secret of now."""
    state = request.app.state
    try:
        writing(
            request,
            lambda session: inbox.replay(session, by, state.policy, state.vault, delivery_id),
        )
    except Conflict as error:
        return _page(request, by, delivery_id, error=error)
    state.worker.wake()
    return see(f"/inbox/{delivery_id}?notice=replayed")


@router.post("/inbox/{delivery_id:uuid}/dismiss", dependencies=DISMISS)
def dismiss(request: Request, by: By, delivery_id: UUID, form: Filled) -> Response:
    """Say that a delivery needs no attention, and why."""
    typed, policy = form.typed(FIELDS), request.app.state.policy
    try:
        given = shaped(Dismissal, {name: text for name, text in typed.items() if text.strip()})
        writing(
            request,
            lambda session: inbox.dismiss(session, by, policy, delivery_id, given.reason),
        )
    except (Conflict, Invalid) as error:
        return _page(request, by, delivery_id, typed=typed, error=error)
    return see(f"/inbox/{delivery_id}?notice=dismissed")


def _page(
    request: Request,
    by: Caller,
    delivery_id: UUID,
    *,
    typed: dict[str, str] | None = None,
    error: DomainError | None = None,
) -> Response:
    def deed(session: Session) -> tuple[DeliverySeen, inbox.Sender]:
        found = inbox.get_delivery(session, by, request.app.state.policy, delivery_id)
        return found, inbox.senders(session, by)[found.connector_id]

    delivery, sender = reading(request, deed)
    raw, indented = _laid_out(delivery.raw)
    return render(
        request,
        "delivery.html",
        status_of(type(error)) if error else HTTPStatus.OK,
        delivery=delivery,
        sender=sender,
        # A signature proves nothing to a reader, and lets whoever has it send the call again.
        headers={name: text for name, text in delivery.headers.items() if "signature" not in name},
        raw=raw[:MOST_RAW],
        cut=len(raw) > MOST_RAW,
        indented=indented,
        understood=[understood(each) for each in delivery.parsed[:MOST_READ]],
        more=max(0, len(delivery.parsed) - MOST_READ),
        cure=CURES.get(delivery.state),
        said=SAID,
        kinds=KINDS,
        deeds=DEEDS,
        typed=typed or dict.fromkeys(FIELDS, ""),
        faults=by_field(error, FIELDS) if error else {},
        problem=error,
    )


def _laid_out(raw: str) -> tuple[str, bool]:
    """A body for reading: JSON that came in one line is indented."""
    if "\n" in raw.strip() or len(raw) > MOST_RAW:
        return raw, False
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False), True
    except (ValueError, RecursionError):
        return raw, False


def understood(entry: dict[str, Any]) -> dict[str, Any]:
    """An ask as it is read, field by field."""
    fields = entry.get("ask") or {"note": entry.get("note")}
    told = [(name, _text(value)) for name, value in fields.items() if value not in (None, "")]
    problem = entry.get("problem")
    return {
        "index": entry["index"],
        "fields": told,
        "problem": problem["detail"] if problem else None,
        "faults": [
            (".".join(str(part) for part in fault["loc"] if part != "body"), fault["msg"])
            for fault in (problem or {}).get("errors", [])
        ],
    }


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value)
    return str(value)
