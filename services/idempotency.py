"""The same `Idempotency-Key` and body give the first answer again, and have no second effect."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from models.base import utc_now
from models.idempotency import FirstAnswer
from services.errors import Invalid


class KeyReused(Invalid):
    """The key was used for another request before."""

    slug, title = "idempotency-key-reused", "The Idempotency-Key was used before"
    cure = "Use a new key for each new request, and the same key only to repeat one."


def begin(session: Session, principal: UUID, key: str, fingerprint: str) -> FirstAnswer | None:
    """The first answer to this key, or None after reserving the key for what follows.

    Two requests with one key meet at the primary key of the table: the second waits for the
    first, collides, and on its next try finds the answer.

    Raises:
        KeyReused: The key came with another request before.
    """
    mine = (col(FirstAnswer.caller_id) == principal) & (col(FirstAnswer.key) == key)
    first: FirstAnswer | None = session.execute(select(FirstAnswer).where(mine)).scalar()
    if first is not None:
        if first.fingerprint != fingerprint:
            raise KeyReused(
                f"The Idempotency-Key {key!r} came with another request before.",
                errors=[
                    {
                        "loc": ["header", "Idempotency-Key"],
                        "msg": "belongs to another request",
                        "type": "reused",
                    }
                ],
            )
        return first
    session.execute(
        insert(FirstAnswer).values(
            caller_id=principal, key=key, fingerprint=fingerprint, created_at=utc_now()
        )
    )
    return None


def keep(
    session: Session,
    principal: UUID,
    key: str,
    status: int,
    headers: dict[str, Any],
    body: bytes,
) -> None:
    """Keep the first answer to a key, its body sealed, in the transaction of its effect."""
    session.execute(
        update(FirstAnswer)
        .where(col(FirstAnswer.caller_id) == principal, col(FirstAnswer.key) == key)
        .values(status=status, headers=headers, body=body)
    )
