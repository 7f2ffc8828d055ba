"""Connectors that used to deliver, and stopped: what no figure of what arrived would tell."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from models.base import utc_now
from models.connector import Connector
from models.delivery import Delivery, DeliveryState, DeliveryStatus
from services.permissions import Caller, Permission
from services.policy import Policy
from services.workdays import is_workday

DAYS = 3  # with a delivery, before there is anything that is usual
LEAST = timedelta(hours=24)  # of working days; nobody is silent earlier
TIMES = 2  # as long as the longest pause before
NEWEST = 200  # deliveries that are looked at
BACK = timedelta(days=60)


def stopped(arrivals: Sequence[datetime], now: datetime, holidays: Collection[date] = ()) -> bool:
    """Whether nothing has come for longer than ever before. Only working days count.

    Args:
        arrivals: When deliveries came, in UTC and in order.
        now: UTC, not before the last of them.
        holidays: Days off besides the weekends.

    Returns:
        True after twice the longest pause between them, and after 24 hours of working days at
        least; False where they came on fewer than three days.
    """
    if len({each.date() for each in arrivals}) < DAYS:
        return False
    longest = max(working_time(one, other, holidays) for one, other in pairwise(arrivals))
    return working_time(arrivals[-1], now, holidays) > max(LEAST, TIMES * longest)


def working_time(start: datetime, end: datetime, holidays: Collection[date] = ()) -> timedelta:
    """How much of the time between two instants, in UTC, lies on working days."""
    found, day = timedelta(), start.date()
    while day <= end.date():
        if is_workday(day, holidays):
            midnight = datetime.combine(day, time(), UTC)
            found += min(end, midnight + timedelta(days=1)) - max(start, midnight)
        day += timedelta(days=1)
    return found


def silent(session: Session, by: Caller, policy: Policy) -> dict[UUID, datetime]:
    """The connectors that are on and have stopped delivering, and when each last did.

    What was fetched by reconciling, or refused, is no delivery.

    Raises:
        NotPermitted: `by` may not read the inbox.
    """
    by.require(Permission.inbox_read)
    return found_silent(session, policy)


def found_silent(session: Session, policy: Policy) -> dict[UUID, datetime]:
    """Likewise, for the service itself."""
    now = utc_now()
    found = {}
    for key in session.execute(select(col(Connector.id)).where(col(Connector.enabled))).scalars():
        arrivals = session.execute(
            select(col(Delivery.created_at))
            .join(DeliveryStatus, col(DeliveryStatus.delivery_id) == col(Delivery.id))
            .where(
                col(Delivery.connector_id) == key,
                col(Delivery.reconciled).is_(False),
                col(Delivery.created_at) > now - BACK,
                col(DeliveryStatus.state) != DeliveryState.refused,
            )
            .order_by(col(Delivery.id).desc())
            .limit(NEWEST)
        ).scalars()
        came = sorted(arrivals)
        if stopped(came, max(now, came[-1]) if came else now, policy.holidays):
            found[key] = came[-1]
    return found
