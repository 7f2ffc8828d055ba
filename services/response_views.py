"""Answers as they are sent: with their order, author and who was told."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from models.account import Contact
from models.response import Response, ResponseChoice, ResponseKind, Told
from models.user import User

COLUMNS: tuple[Any, ...] = (
    col(Response.id),
    col(Response.ask_id),
    col(Response.feature_id),
    col(Response.kind),
    col(Response.basis),
    col(Response.how),
    col(Response.workaround),
    col(Response.message),
    col(Response.contractual),
    col(Response.contract_reference),
    col(Response.evidence),
    col(Response.hedge_override),
    col(Response.created_at),
    col(Response.supersedes),
    col(Response.supersedes_reason),
)
NAMES = tuple(column.key for column in COLUMNS)


def as_sent(session: Session, rows: Sequence[Sequence[Any]]) -> dict[UUID, dict[str, Any]]:
    """Answers in the shape of `ResponseSeen`, by id.

    Args:
        session: Any session.
        rows: The values of `COLUMNS` and then the author's e-mail; all from one query, so that a
            list of asks needs no query an answer.
    """
    sent = {row[0]: {**dict(zip(NAMES, row, strict=False)), "author": row[-1]} for row in rows}
    ids = {key: key if isinstance(key, UUID) else UUID(key) for key in sent}
    ranked = [ids[key] for key, answer in sent.items() if answer["kind"] == ResponseKind.ranked]
    order = _orders(session, ranked) if ranked else {}
    told = _told(session, list(ids.values())) if sent else {}
    for key, answer in sent.items():
        answer["order"] = order.get(ids[key])
        answer["told"] = told.get(ids[key], [])
    return sent


def of_ask(session: Session, responses: Sequence[Response]) -> list[dict[str, Any]]:
    """Responses as they are sent, in the order given."""
    ids = [response.id for response in responses]
    statement = (
        select(*COLUMNS, col(User.email))
        .join(User, col(User.id) == col(Response.author_id))
        .where(col(Response.id).in_(ids))
    )
    sent = as_sent(session, [tuple(row) for row in session.execute(statement)])
    return [sent[key] for key in ids]


def to_send(response: dict[str, Any], names: dict[UUID, str]) -> str:
    """An answer as it can be sent: its words, how it is done, and the order that it rests on.

    Args:
        response: An answer in the shape of `ResponseSeen`.
        names: The features of its order under the names that customers see.
    """
    order = enumerate((names[key] for key in response["order"] or ()), start=1)
    listed = "\n".join(f"{place}. {name}" for place, name in order)
    return "\n\n".join(filter(None, (response["message"], response["how"], listed)))


def _orders(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    rows = session.execute(
        select(col(ResponseChoice.response_id), col(ResponseChoice.feature_id))
        .where(col(ResponseChoice.response_id).in_(ids))
        .order_by(col(ResponseChoice.response_id), col(ResponseChoice.position))
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for response_id, feature_id in rows:
        found[response_id].append(feature_id)
    return found


def _told(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    rows = session.execute(
        select(
            col(Told.response_id),
            col(Told.channel),
            col(Told.told_on),
            col(Contact.name),
            col(Contact.email),
        )
        .outerjoin(Contact, col(Contact.id) == col(Told.contact_id))
        .where(col(Told.response_id).in_(ids))
        .order_by(col(Told.id))
    )
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for response_id, channel, told_on, name, email in rows:
        contact = None if name is None else {"name": name, "email": email}
        found[response_id].append({"contact": contact, "channel": channel, "on": told_on})
    return found
