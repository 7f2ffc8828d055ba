"""The first run: what an administrator still has to do before others can work here."""

from dataclasses import dataclass

from sqlmodel import Session, select

from models.ask import Ask
from models.product import Product
from models.user import User
from services.permissions import Caller, Permission


@dataclass(frozen=True)
class FirstRun:
    """Which of the three first steps are done: a product, people besides oneself, an ask."""

    product: bool
    people: bool
    ask: bool

    @property
    def ready(self) -> bool:
        """Whether there is something to work on; people may be invited at any time."""
        return self.product and self.ask

    @property
    def done(self) -> bool:
        """Whether every step is done."""
        return self.ready and self.people


def look(session: Session, by: Caller) -> FirstRun:
    """See how far the first run is.

    Raises:
        NotPermitted: `by` may not manage users, so it is not theirs to do.
    """
    by.require(Permission.user_manage)
    return FirstRun(
        product=session.exec(select(Product.id).limit(1)).first() is not None,
        people=session.exec(select(User.id).where(User.id != by.id).limit(1)).first() is not None,
        ask=session.exec(select(Ask.id).limit(1)).first() is not None,
    )
