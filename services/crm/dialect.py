"""What makes a dialect: how one kind of sender proves itself, and how its words are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    event_key: str | None = None


@dataclass(frozen=True)
class Change:
    """What a CRM tells of one of its records: fields by our names, None where it has nothing.

    `organization` is whose record it is: the portal, organization or company, None where the call
    does not say. `key` is its name there, with its kind unless ids are unique without. A link to
    another record is a field too: `company:5551`. `times` is for fields said at other times.
    """

    kind: str
    key: str
    fields: Mapping[str, str | None]
    organization: str | None = None
    said_at: datetime | None = None
    times: Mapping[str, datetime] = field(default_factory=dict)
    event_key: str | None = None


@dataclass(frozen=True)
class Passed:
    """An event that tells nothing for us, and why."""

    note: str
    event_key: str | None = None


@dataclass(frozen=True)
class Fault:
    """An event that a person must look at, and why."""

    error: Invalid
    event_key: str | None = None


Item = Told | Change | Passed | Fault | Invalid


def key_of(item: Item) -> str | None:
    """What is the same when an event is sent again, in whatever batch; None if nothing is."""
    return None if isinstance(item, Invalid) else item.event_key


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

    def check_secret(self, secret: str, /) -> None:
        """Raise `Invalid`, which says what would be right, where a secret cannot work."""

    def check_settings(self, settings: ConnectorSettings, /) -> None:
        """Raise `Invalid`, which names the field, where settings cannot work."""

    def path(self, secret: str, /) -> str:
        """What the address ends with that a sender is given: empty, or a slash and a proof."""

    def shown(self, arrival: Arrival, /) -> str | None:
        """The secret itself, where this kind of sender shows it instead of signing with it."""

    def proofs(self, secret: str, /) -> Sequence[str]:
        """All that may be `shown` for a secret."""

    def verify(self, arrival: Arrival, secret: str, settings: ConnectorSettings, /) -> bool:
        """Whether whoever sent it knows the secret."""

    def stranger(self, arrival: Arrival, settings: ConnectorSettings, /) -> str | None:
        """Why it is from another organization than the settings name, though the secret fits."""

    def storable(self, body: bytes, /) -> bytes:
        """The body without what must not be stored."""

    def acknowledgement(self, arrival: Arrival, /) -> Acknowledgement:
        """What the sender wants to hear once the call is stored."""

    def event_key(self, arrival: Arrival, /) -> str | None:
        """What is the same when a call is sent again, at most 300 characters; None: see `read`."""

    def read(self, arrival: Arrival, settings: ConnectorSettings, /) -> Sequence[Item]:
        """What is told in it; in place of each that cannot be read, what is wrong with it."""


def no_path(_secret: str) -> str:
    """For senders that prove themselves otherwise than by the address."""
    return ""


def each_of(secret: str) -> Sequence[str]:
    """For senders that show one of the secrets as it is."""
    return secret.split(" ")


def nobody_strange(_arrival: Arrival, _settings: ConnectorSettings) -> None:
    """For senders that name no organization."""


def all_of_it(body: bytes) -> bytes:
    """For bodies that hold no secrets."""
    return body


def in_json(_arrival: Arrival) -> Acknowledgement:
    """For senders that want a status, and JSON at most."""
    return IN_JSON
