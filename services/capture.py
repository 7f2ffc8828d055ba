"""One ask as a sender tells it: logged, or brought up to date while it is unanswered."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlmodel import Session, col, func, select

from models.account import Account, AccountChange, Contact, ContactNew, ExternalRef
from models.ask import AccountNamed, Ask, AskChange, AskNew, AskState
from models.base import Line
from models.connector import ConnectorSettings
from models.delivery import LastSaid
from services import accounts, asks, finding
from services.asks import Origin, not_valid, read_ask
from services.crm.dialect import Told
from services.errors import Invalid, invalid
from services.permissions import Caller
from services.policy import Policy

STAY = ("account", "asked_on")  # of an ask on file; a difference is noted
OURS = frozenset({"feature_id", "product_id"})  # once it is triaged, which is done here

Kind = TypeVar("Kind", bound=BaseModel)

_LINE = TypeAdapter(Line)
_ANY_ACCOUNT = {"id": UUID(int=0)}


@dataclass(frozen=True)
class Sender:
    """Who tells: on whose behalf it is logged, by which settings, in which delivery and when."""

    by: Caller
    policy: Policy
    settings: ConnectorSettings
    origin: Origin
    delivery_id: UUID
    arrived_at: datetime


@dataclass(frozen=True)
class Deed:
    """What became of an ask that was told."""

    name: str
    ask_id: UUID | None
    note: str | None = None


def check(told: Told) -> Invalid | None:
    """What is wrong with an ask by itself, without looking anything up."""
    ask = told.ask | ({"account": _ANY_ACCOUNT} if _only_name(told.ask) is not None else {})
    try:
        read_ask(ask)
    except Invalid as error:
        return error
    return None


def take(session: Session, sender: Sender, index: int, told: Told) -> Deed:
    """Log an ask; where it is on file under its `external_id`, bring it up to date.

    An ask that names no `external_id` gets one from its delivery and its place in it, so that
    reading the delivery again doubles nothing.

    Raises:
        DomainError: It cannot be logged; the error names the field.
    """
    new = _new(session, sender, index, told)
    said_at = min(told.said_at or sender.arrived_at, sender.arrived_at)
    ask, is_new = asks.log_ask(session, sender.by, sender.policy, new, sender.origin)
    if is_new:
        session.add(LastSaid(ask_id=ask.id, said_at=said_at, delivery_id=sender.delivery_id))
        return Deed("logged", ask.id)
    last = session.get_one(LastSaid, ask.id, with_for_update=True)
    session.refresh(ask)  # whoever held that row before us may have changed it
    is_older = (said_at, sender.delivery_id) < (last.said_at, last.delivery_id)
    teller = last.delivery_id
    if not is_older:
        last.said_at, last.delivery_id = said_at, sender.delivery_id
    differing = _differences(session, ask, new, told.ask.keys())
    if not differing:
        return Deed("unchanged", ask.id)
    if is_older:
        said = f"Delivery {teller} told of it more lately; different are {_list(differing)}."
        return Deed("older", ask.id, said)
    return _bring_up_to_date(session, sender, ask, new, differing)


def keep(session: Session, sender: Sender, new: AskNew, said: AbstractSet[str]) -> Deed:
    """Log an ask as it is known by now; where it is on file, bring it up to date.

    Raises:
        DomainError: It cannot be logged; the error names the field.
    """
    ask, is_new = asks.log_ask(session, sender.by, sender.policy, new, sender.origin)
    if is_new:
        return Deed("logged", ask.id)
    differing = _differences(session, ask, new, said)
    if not differing:
        return Deed("unchanged", ask.id)
    return _bring_up_to_date(session, sender, ask, new, differing)


def shaped(shape: type[Kind], fields: dict[str, Any]) -> Kind:
    """What is told in a shape of ours.

    Raises:
        Invalid: It does not fit; the errors name the fields.
    """
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        raise not_valid(error) from None


def _bring_up_to_date(
    session: Session, sender: Sender, ask: Ask, new: AskNew, differing: list[str]
) -> Deed:
    if ask.state is not AskState.unanswered:
        said = f"The ask is {ask.state}, so it stays as it is; different are {_list(differing)}."
        return Deed("differs", ask.id, said)
    changing = [name for name in differing if name not in STAY]
    staying = [name for name in differing if name in STAY]
    note = f"An ask on file keeps its {_list(staying)}; what came differs." if staying else None
    if not changing:
        return Deed("differs", ask.id, note)
    change = AskChange(**{name: getattr(new, name) for name in changing})
    asks.change_ask(session, sender.by, sender.policy, ask.id, change)
    return Deed("updated", ask.id, note)


def _list(names: list[str]) -> str:
    return ", ".join(names)


def _new(session: Session, sender: Sender, index: int, told: Told) -> AskNew:
    given = dict(told.ask)
    given.setdefault("external_id", f"{sender.delivery_id}/{index}")
    name = _only_name(given)
    if name is not None:
        given["account"] = {"id": _account_called(session, sender, name).id}
    if sender.settings.product_id is not None and "feature_id" not in given:
        given.setdefault("product_id", str(sender.settings.product_id))
    return read_ask(given)


def _only_name(given: dict[str, Any]) -> Any:
    account = given.get("account")
    return account["name"] if isinstance(account, dict) and account.keys() == {"name"} else None


def _account_called(session: Session, sender: Sender, given: Any) -> Account:
    """The account with a name, as this sender or as anybody calls it.

    Raises:
        Invalid: None has it, or several have, and a person must say which.
    """
    try:
        name = _LINE.validate_python(given)
    except ValidationError as error:
        raise not_valid(error, within=("body", "account", "name")) from None
    account = finding.account_by_ref(session, sender.origin.name, name)
    if account is not None:
        return account
    for same in (Account.name == name, func.lower(Account.name) == name.lower()):
        called = select(Account).where(same, col(Account.merged_into).is_(None)).limit(2)
        found = session.exec(called).all()
        if len(found) > 1:
            raise invalid("account.name", f"several accounts are called {name!r}; say which by id")
        if found:
            return found[0]
    if not sender.settings.make_accounts:
        said = (
            f"no account is called {name!r}; make it and replay this, or send a domain with it,"
            " or let the connector make accounts (`make_accounts` in its settings)"
        )
        raise invalid("account.name", said, kind="unknown_name")
    ref = ExternalRef(source=sender.origin.name, id=name)
    change = AccountChange(name=name)
    return accounts.put_account(session, sender.by, sender.policy, ref, change)[0]


def _differences(session: Session, ask: Ask, new: AskNew, said: AbstractSet[str]) -> list[str]:
    """The fields that were said and are not so on file."""
    plain = said & (AskChange.model_fields.keys() | {"asked_on"}) - {"contact"}
    if ask.feature_id is not None:
        plain -= OURS
    found = [name for name in sorted(plain) if getattr(new, name) != getattr(ask, name)]
    if new.contact is not None and not _is_contact(session, ask, new.contact):
        found.append("contact")
    if not _is_account(session, ask, new.account):
        found.append("account")
    return found


def _is_contact(session: Session, ask: Ask, wanted: ContactNew) -> bool:
    contact = session.get(Contact, ask.contact_id) if ask.contact_id else None
    if contact is None:
        return False
    return contact.email == wanted.email if wanted.email else contact.name == wanted.name


def _is_account(session: Session, ask: Ask, wanted: AccountNamed) -> bool:
    if wanted.id is not None:
        found = finding.account_by_id(session, wanted.id)
    elif wanted.external_ref is not None:
        ref = wanted.external_ref
        found = finding.account_by_ref(session, ref.source, ref.id)
    else:
        found = finding.account_by_domain(session, str(wanted.domain))
    return found is not None and found.id == ask.account_id
