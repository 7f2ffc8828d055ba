"""The answer that the facts support, as it is sent."""

from pydantic import Field

from models.base import Seen
from models.contradiction import BeforeSeen
from models.response import Basis, EvidenceSeen, ResponseKind


class ProposalSeen(Seen):
    """An answer that can be said."""

    kind: ResponseKind
    basis: Basis | None


class AlternativeSeen(ProposalSeen):
    """Another answer that the facts allow, with words for it."""

    wording: str


class GuideSeen(Seen):
    """What the facts support for one ask. The SE decides."""

    proposal: ProposalSeen
    because: list[str]
    wording: str
    figures: EvidenceSeen
    alternatives: list[AlternativeSeen]
    wordings: dict[Basis, str] = Field(description="Words for each basis that is true.")
    how: str | None = Field(description="Where a shipped feature is, as it was told last.")
    before: BeforeSeen = Field(description="What was said about the feature before.")
