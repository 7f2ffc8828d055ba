"""Whether the service made an erasure: its link is sealed with the secret key.

A link whose salt is gone proves no words any more, so whoever could make erasures could change any
words. With the database alone nobody can: the key is not in it. A checkpoint vouches for what is
before it, whatever key sealed that, or none.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, or_, select, type_coerce
from sqlmodel import Session, col

from models.chain import ChainLink, LinkKind
from services.canonical import ENCODING, LENGTH, SEALED, erasure_bytes
from services.contents import column
from services.vault import Vault


@dataclass(frozen=True)
class Trust:
    """Which erasures are believed: those up to a number, and those that a key sealed."""

    vault: Vault | None
    until: int  # the number of the checkpoint, or 0
    older: str = ""  # what to do about erasures that nothing sealed; empty where there are none

    @classmethod
    def of(cls, session: Session, vault: Vault | None, until: int) -> "Trust":
        """What is believed of the erasures of a database."""
        newest = (
            select(
                type_coerce(col(ChainLink.seq), String), type_coerce(col(ChainLink.hash), String)
            )
            .where(column(ChainLink, "kind") == LinkKind.erasure.value)
            .where(col(ChainLink.encoding) == ENCODING, col(ChainLink.seq) > until)
            .order_by(col(ChainLink.seq).desc())
            .limit(1)
        )
        found = session.execute(newest).one_or_none()
        if found is None or not isinstance(found[1], bytes):
            return cls(vault, until)
        older = (
            f" The last erasure without a seal is number {found[0]}. Versions before seals wrote"
            " such ones, and so can anybody who has the database. If you know that all of them are"
            f" yours, verify with --checkpoint {found[0]}:{found[1].hex()}"
        )
        return cls(vault, until, older)

    def believed(self) -> ColumnElement[bool]:
        """The links of erasures that may have taken words away; whether they did is seen there."""
        return or_(col(ChainLink.encoding) == SEALED, col(ChainLink.seq) <= self.until)

    def doubt(
        self, seq: int, previous: bytes, record_id: UUID, plain: dict[str, Any], personal: bytes
    ) -> str | None:
        """Why a link is not believed to be an erasure of ours, or None."""
        if seq <= self.until:
            return None
        of = f"the {plain['kind']} {plain['record_id']}"
        if len(personal) == LENGTH:
            return (
                f"is not sealed: nothing proves that the service erased anybody from {of}."
                f"{self.older}"
            )
        if self.vault is None:
            return (
                "is sealed, and the secret key to check it is not here: set NOMAYBE_SECRET_KEY, or"
                " verify where the service keeps secret.key"
            )
        wanted = erasure_bytes(previous, seq, record_id, plain, personal[:LENGTH])
        if compare_digest(self.vault.erasure_seal(wanted), personal[LENGTH:]):
            return None
        return (
            "does not have the seal of this secret key: it was made around the service, to change"
            f" words of {of}, or NOMAYBE_SECRET_KEY (or secret.key) is not that of the service"
        )
