"""The call brief: what an account asked, what it was told, what it was promised."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from models.account import Account
from models.ask import AskState
from models.base import utc_today
from models.commitment import CommitmentState
from services import accounts, ask_views, commitments, opportunities
from services.permissions import Caller, Permission
from services.revisions import load

MOST = 200


def brief(session: Session, by: Caller, account_id: UUID) -> dict[str, Any]:
    """What to know before a call with an account, in the shape of `BriefSeen`.

    An account that was merged away gives the brief of the one that remains.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is no such account.
    """
    by.require(Permission.ask_read)
    account = load(session, Account, account_id)
    if account.merged_into is not None:
        account = session.get_one(Account, account.merged_into)
    today = utc_today()

    def asks(*states: AskState) -> list[dict[str, Any]]:
        wanted = ask_views.AskFilter(account_id=[account.id], state=states)
        found, _more = ask_views.list_asks(session, by, wanted, limit=MOST)
        return found

    open_asks = asks(AskState.unanswered)
    promises, _more = commitments.list_commitments(
        session,
        by,
        limit=MOST,
        account_id=[account.id],
        state=[CommitmentState.open, CommitmentState.overdue, CommitmentState.delivered],
    )
    deals, _more = opportunities.list_opportunities(
        session, by, limit=MOST, account_id=[account.id]
    )
    answered = asks(AskState.answered)
    return {
        "account": accounts.seen(session, account)[0],
        "as_of": today,
        "open_asks": [
            {**ask, "age_days": (today - ask["asked_on"]).days}
            for ask in sorted(open_asks, key=lambda ask: ask["asked_on"])
        ],
        "answered_asks": answered,
        "to_revisit": [ask for ask in answered if ask["to_revisit"]],
        "not_told": [ask for ask in answered if not ask["response"]["told"]],
        "commitments": promises,
        "opportunities": deals,
    }
