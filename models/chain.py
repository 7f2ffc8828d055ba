"""The chain: a link for each record of what was said, which makes a later change of it plain."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, UniqueConstraint
from sqlmodel import Field

from models.base import Model, Record, choice


class LinkKind(StrEnum):
    """What a link holds fast."""

    response = "response"
    commitment = "commitment"
    release = "release"
    told = "told"
    erasure = "erasure"


class ErasedKind(StrEnum):
    """What a person was taken out of."""

    contact = "contact"
    told = "told"
    response = "response"
    commitment = "commitment"
    release = "release"
    ask = "ask"
    delivery = "delivery"


class ChainLink(Model, table=True):
    """One link: its hash is over the link before it and the record that it names.

    Texts and names enter as `personal`, an HMAC with the key `salt`. Without the salt nobody can
    tell what they were, and the hash holds all the same. In the link of an erasure a seal follows,
    which only the secret key of the service makes.
    """

    __tablename__ = "chain_link"
    __table_args__ = (UniqueConstraint("kind", "record_id"),)

    seq: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    kind: LinkKind = Field(sa_type=choice(LinkKind))
    record_id: UUID
    encoding: int
    personal: bytes = Field(sa_type=LargeBinary)
    salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)


class Erasure(Record, table=True):
    """That a person was taken out of a record, by request. It names no person."""

    kind: ErasedKind = Field(sa_type=choice(ErasedKind))
    record_id: UUID = Field(index=True)
