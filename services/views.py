"""Views of the demand board: each person keeps their own, and sees nobody else's."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from models.user import User
from models.view import SavedView, ViewNew
from services.demand import DemandOrder
from services.errors import Conflict, NotFound, invalid
from services.permissions import Caller, Permission
from services.products import NameTaken
from services.revisions import load

MOST = 50


class TooManyViews(Conflict):
    """A person keeps at most fifty views."""

    slug, title = "too-many-views", "Too many views"
    cure = "Delete a view that you no longer need, and save this one again."


def list_views(session: Session, by: Caller) -> Sequence[SavedView]:
    """One's own views, the oldest first.

    Raises:
        NotPermitted: `by` may not read demand.
    """
    by.require(Permission.demand_read)
    mine = col(SavedView.user_id) == by.id
    return session.exec(select(SavedView).where(mine).order_by(col(SavedView.id))).all()


def save_view(session: Session, by: Caller, new: ViewNew) -> SavedView:
    """Keep filters and an order of the board under a name.

    Raises:
        NotPermitted: `by` may not read demand.
        Invalid: The report has no such order.
        NameTaken: One has a view of that name.
        TooManyViews: One has fifty.
    """
    by.require(Permission.demand_read)
    if new.filters.sort not in {*DemandOrder}:
        known = ", ".join(DemandOrder)
        raise invalid(
            "sort", f"{new.filters.sort!r} is no order of the report; take one of {known}"
        )
    load(session, User, by.id, lock=True)  # two at once would both count forty-nine
    held = list_views(session, by)
    if any(view.name == new.name for view in held):
        raise NameTaken(f"You have a view {new.name!r} already; delete it, or take another name.")
    if len(held) >= MOST:
        raise TooManyViews(f"You have {len(held)} views, and {MOST} is the most.")
    view = SavedView(
        user_id=by.id,
        name=new.name,
        filters=new.filters.model_dump(mode="json", exclude_defaults=True),
    )
    session.add(view)
    session.flush()
    return view


def delete_view(session: Session, by: Caller, view_id: UUID) -> SavedView:
    """Delete one of one's own views, and say what it was.

    Raises:
        NotPermitted: `by` may not read demand.
        NotFound: One has no such view.
    """
    by.require(Permission.demand_read)
    view = session.get(SavedView, view_id)
    if view is None or view.user_id != by.id:
        raise NotFound(f"You have no view {view_id}.")
    session.delete(view)
    session.flush()
    return view
