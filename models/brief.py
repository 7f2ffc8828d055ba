"""The call brief of an account, as it is sent."""

from datetime import date

from pydantic import Field

from models.account import AccountSeen
from models.ask import AskSeen
from models.base import Seen
from models.commitment import CommitmentSeen
from models.opportunity import OpportunitySeen


class OpenAsk(AskSeen):
    """An ask that is owed an answer."""

    age_days: int = Field(description="Days since the customer asked.")


class BriefSeen(Seen):
    """What to know before a call."""

    account: AccountSeen
    as_of: date
    open_asks: list[OpenAsk] = Field(description="Owed an answer, the oldest first.")
    answered_asks: list[AskSeen] = Field(description="Told, or to be told; the newest first.")
    to_revisit: list[AskSeen] = Field(description="Refused for lack of demand; the bar is reached.")
    not_told: list[AskSeen] = Field(description="Answered, and nobody told the customer yet.")
    commitments: list[CommitmentSeen] = Field(description="Promised: open, overdue, delivered.")
    opportunities: list[OpportunitySeen]
