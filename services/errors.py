"""Errors a caller can do something about.

* DomainError
  * Unauthenticated    nobody we know is asking (401)
  * Forbidden          known, but not allowed (403)
  * NotFound           the thing named does not exist, or may not be seen (404)
  * TooSlow            the request did not arrive in time (408)
  * Conflict           the state of the thing forbids it (409)
  * Stale              it was changed meanwhile (412)
  * TooLarge           more than we read (413)
  * Invalid            the payload is wrong (422)
  * Unconditional      a change must say which version it is of (428)
  * TooFast            more requests than allowed (429)
  * Unavailable        storage is down (503)

Every rule that can be broken is a subclass of one of these, with a slug of its own, a title, and
a `cure`: what whoever meets it can do. `/problems/<slug>` shows them.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class DomainError(Exception):
    """A rule was broken; `detail` says how, for a person.

    Args:
        detail: What happened this time.
        errors: Where fields are to blame: `loc`, `msg`, `type` and what else helps.
        more: Further members of the problem, for instance the commitments in the way.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    cure: ClassVar[str]

    def __init__(self, detail: str, *, errors: Sequence[dict[str, Any]] = (), **more: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.more = more


class Unauthenticated(DomainError):
    """Nobody we know is asking."""


class Forbidden(DomainError):
    """The caller is known and not allowed."""


class NotFound(DomainError):
    """The thing named does not exist, or may not be seen."""

    slug, title = "not-found", "Not there"
    cure = "Check the address and the id; things that were merged keep their own id."


class Conflict(DomainError):
    """The state of the thing forbids it."""


class Merged(Conflict):
    """It was merged into another one, which is the one to use."""

    slug, title = "merged", "Merged into another one"
    cure = "Use the one that `merged_into` names."


class Stale(DomainError):
    """It was changed since you read it."""

    slug, title = "stale", "Changed meanwhile"
    cure = "Read it again, look at what changed, and send the change with the new ETag."


class TooLarge(DomainError):
    """It is more than we read."""

    slug, title = "too-large", "Too large"
    cure = "Send less at once: 1 MiB to the API, 10 MiB to a webhook."


class Invalid(DomainError):
    """The payload is wrong; `errors` names the fields."""

    slug, title = "invalid", "Not valid"
    cure = "Put right the fields that `errors` names; unknown fields are refused, not ignored."


class Unconditional(DomainError):
    """A change must say which version it is a change of."""

    slug, title = "if-match-needed", "If-Match is needed"
    cure = "Read it first, and send its `ETag` back as `If-Match`."


class TooFast(DomainError):
    """More requests than are allowed in the time."""

    slug, title = "too-fast", "Too fast"
    cure = "Wait as long as `Retry-After` says."


class TooSlow(DomainError):
    """The request did not arrive whole in time."""

    slug, title = "too-slow", "Too slow"
    cure = "Send the whole request within 30 seconds."


class Unavailable(DomainError):
    """What was sent could not be stored, and is not acknowledged."""

    slug, title = "storage-unavailable", "Storage is unavailable"
    cure = "Nothing was kept. Send it again after the seconds in `Retry-After`."


def invalid(field: str, said: str, *, kind: str = "value_error", **more: Any) -> Invalid:
    """The error for one field of a body: its place, what is wrong with it, what would be right."""
    loc = ["body", *field.split(".")] if field else ["body"]
    return Invalid(
        f"{field or 'The body'}: {said}", errors=[{"loc": loc, "msg": said, "type": kind, **more}]
    )
