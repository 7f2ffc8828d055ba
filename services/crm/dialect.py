"""What makes a dialect: how one kind of sender proves itself, and how its words are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from models.ask import Source
from models.connector import ConnectorSettings
from services.errors import Invalid


@dataclass(frozen=True)
class Arrival:
    """A POST as it arrived.

    `url` is the address that the sender was given, never one rebuilt from what it sent; names in
    `headers` are in lower case, and their values Latin-1 as HTTP has them; `at` is our clock, UTC.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True)
class Told:
    """One ask as a sender tells it: a body for `POST /asks`, and when it was said if it says so."""

    ask: dict[str, Any]
    said_at: datetime | None = None


@dataclass(frozen=True)
class Acknowledgement:
    """What a sender wants to hear once its delivery is stored."""

    body: bytes
    media_type: str


IN_JSON = Acknowledgement(b'{"received":true}', "application/json")


class Dialect(Protocol):
    """A kind of sender. Modules of this package are dialects; the endpoint knows none of them."""

    SOURCE: Source
    HEADERS: frozenset[str]  # the only ones that are kept, so that no secret is
    CHALLENGE: str  # what `WWW-Authenticate` says where a call is not authentic
    RECEIVED: Acknowledgement

    def check_secret(self, secret: str, /) -> None:
        """Raise `Invalid`, which says what would be right, where a secret cannot work."""

    def shown(self, arrival: Arrival, /) -> str | None:
        """The secret itself, where this kind of sender shows it instead of signing with it."""

    def verify(self, arrival: Arrival, secret: str, settings: ConnectorSettings, /) -> bool:
        """Whether whoever sent it knows the secret."""

    def event_key(self, arrival: Arrival, /) -> str | None:
        """What is the same when the same event is sent again, at most 300 characters."""

    def read(self, arrival: Arrival, settings: ConnectorSettings, /) -> list[Told | Invalid]:
        """The asks in it; in place of each that cannot be read, what is wrong with which field."""
