"""What one may do with an account."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, update
from sqlmodel import Session, col, select

from models.account import (
    Account,
    AccountChange,
    AccountFields,
    AccountNew,
    AccountRef,
    AccountSeen,
    Contact,
    ContactNew,
    ExternalRef,
    Lifecycle,
    Segment,
)
from models.ask import AccountNamed, Ask
from models.base import utc_now
from models.opportunity import Opportunity, Outcome
from services import bars, paging, references
from services.errors import Conflict, Merged, invalid
from services.permissions import Caller, Permission
from services.policy import Policy
from services.revisions import check_version, given, load, named, revise, touch

NULLABLE = frozenset({"domain", "arr", "segment", "industry", "region", "owner_email", "renews_on"})


class DomainTaken(Conflict):
    """Another account has that domain, and a domain belongs to one."""

    slug, title = "domain-taken", "The domain belongs to another account"
    cure = "Use the account that has it, or merge the two."


def create_account(session: Session, by: Caller, new: AccountNew) -> Account:
    """Put an account on file.

    Raises:
        NotPermitted: `by` may not change accounts.
        DomainTaken: Another account has the domain.
        ReferenceTaken: Another account has one of the references.
    """
    by.require(Permission.account_write)
    return _create(session, by, new.name, new)


def _create(session: Session, by: Caller, name: str, fields: AccountFields) -> Account:
    _domain_free(session, fields.domain, None)
    return _put(session, by, name, fields)


def _put(session: Session, by: Caller, name: str, fields: AccountFields) -> Account:
    values = _columns(fields, fields.model_dump(exclude={"external_refs", "name"}).keys())
    account = Account(name=name, changed_by=by.id, **values)
    session.add(account)
    session.flush()
    references.add(session, AccountRef, account.id, fields.external_refs)
    return account


def seen(session: Session, *accounts: Account) -> list[AccountSeen]:
    """Accounts as they are sent."""
    refs = references.of(session, AccountRef, [account.id for account in accounts])
    names = AccountSeen.model_fields.keys() - {"external_refs"}
    return [
        AccountSeen(
            **{name: getattr(account, name) for name in names}, external_refs=refs[account.id]
        )
        for account in accounts
    ]


def get_account(session: Session, by: Caller, account_id: UUID) -> Account:
    """Read one account.

    Raises:
        NotPermitted: `by` may not read.
        NotFound: There is none.
    """
    by.require(Permission.ask_read)
    return load(session, Account, account_id)


def list_contacts(session: Session, by: Caller, account_id: UUID) -> Sequence[Contact]:
    """The people of an account, by name.

    Raises:
        NotPermitted: `by` may not read.
    """
    by.require(Permission.ask_read)
    statement = select(Contact).where(Contact.account_id == account_id)
    return session.exec(statement.order_by(col(Contact.name), col(Contact.id)).limit(200)).all()


def list_accounts(  # noqa: PLR0913  # a list is filtered and sliced
    session: Session,
    by: Caller,
    *,
    limit: int,
    cursor: str | None = None,
    lifecycle: Sequence[Lifecycle] = (),
    segment: Sequence[Segment] = (),
    domain: str | None = None,
    q: str | None = None,
) -> tuple[list[AccountSeen], str | None]:
    """List accounts that were not merged away, oldest first, and where the next page begins.

    Raises:
        NotPermitted: `by` may not read.
        Invalid: The cursor is none of ours.
    """
    by.require(Permission.ask_read)
    statement = select(Account).where(col(Account.merged_into).is_(None))
    if lifecycle:
        statement = statement.where(col(Account.lifecycle).in_(lifecycle))
    if segment:
        statement = statement.where(col(Account.segment).in_(segment))
    if domain is not None:
        statement = statement.where(Account.domain == domain.lower())
    if q:
        found = func.lower(col(Account.name)).contains(q.lower(), autoescape=True)
        found |= func.coalesce(col(Account.domain), "").contains(q.lower(), autoescape=True)
        statement = statement.where(found)
    statement = paging.by_id(statement, col(Account.id), cursor, descending=False)
    rows, more = paging.cut(session.exec(statement.limit(limit + 1)).all(), limit)
    return seen(session, *rows), paging.encode([rows[-1].id]) if more else None


def change_account(
    session: Session,
    by: Caller,
    policy: Policy,
    account_id: UUID,
    change: AccountChange,
    *,
    expected: int | None = None,
) -> Account:
    """Change an account; its new ARR or lifecycle may bring refusals back.

    Raises:
        NotPermitted: `by` may not change accounts.
        NotFound: There is none.
        Stale: It is no longer the version `expected`.
        DomainTaken: Another account has the domain.
        ReferenceTaken: Another account has one of the references.
        Merged: It was merged into another one.
    """
    by.require(Permission.account_write)
    account = load(session, Account, account_id, lock=True)
    check_version(account, expected)
    _change(session, by, policy, account, change)
    return account


def put_account(
    session: Session,
    by: Caller,
    policy: Policy,
    ref: ExternalRef,
    change: AccountChange,
) -> tuple[Account, bool]:
    """Make or change the account that another system names.

    Returns:
        The account, and whether it is new.

    Raises:
        NotPermitted: `by` may not change accounts.
        Invalid: It is new and has no name.
        DomainTaken: Another account has the domain.
    """
    by.require(Permission.account_write)
    found = references.find(session, AccountRef, ref.source, ref.id)
    if found is None:
        if "name" not in change.model_fields_set:
            raise invalid("name", f"{ref.source} {ref.id!r} is new, so it needs a name")
        account = _create(session, by, change.name, change)
        references.name_new(session, AccountRef, account.id, ref, change.external_refs)
        return account, True
    account = load(session, Account, found, lock=True)
    _change(session, by, policy, account, change)
    return account, False


def _change(
    session: Session, by: Caller, policy: Policy, account: Account, change: AccountChange
) -> None:
    _refuse_merged(account)
    names = given(change, NULLABLE).keys() - {"external_refs"}
    values = _columns(change, names)
    if values.get("domain") != account.domain:
        _domain_free(session, values.get("domain"), account.id)
    if references.add(session, AccountRef, account.id, change.external_refs):
        touch(account, by)
    demand = {"lifecycle", "arr_minor", "arr_currency"}
    moved = any(name in demand and getattr(account, name) != values[name] for name in values)
    revise(account, by, values)
    session.flush()
    if moved:
        bars.watch_account(session, policy, account.id)


def win(session: Session, by: Caller, policy: Policy, account_id: UUID) -> None:
    """Make a customer of a prospect, since a deal with it was won; its ARR stays as it is.

    One that left stays churned: deals that were won before are told late, and in any order.
    """
    account = load(session, Account, account_id, lock=True)
    if account.lifecycle is Lifecycle.prospect:
        _change(session, by, policy, account, AccountChange(lifecycle=Lifecycle.customer))


def merge_accounts(
    session: Session, by: Caller, policy: Policy, account_id: UUID, into_id: UUID
) -> Account:
    """Merge an account into another one, which keeps every ask, deal, contact and reference.

    Returns:
        The account that remains.

    Raises:
        NotPermitted: `by` may not change accounts.
        NotFound: There is no account `account_id`.
        Invalid: `into` is the same account, or unknown.
        Merged: One of them was merged before.
    """
    by.require(Permission.account_write)
    if account_id == into_id:
        raise invalid("into", "is the account itself; name the other one, which remains")
    # Always in the same order, so that two merges cannot wait for each other.
    for key in sorted((account_id, into_id)):
        session.get(Account, key, with_for_update=True)
    account = load(session, Account, account_id)
    into = named(session, Account, into_id, "into")
    _refuse_merged(account)
    _refuse_merged(into)
    now, won = utc_now(), _won(session, account)
    for table in (Ask, Opportunity):
        session.execute(
            update(table)
            .where(col(table.account_id) == account.id)
            .values(
                account_id=into.id,
                version=table.version + 1,
                changed_at=now,
                changed_by=by.id,
            )
        )
    for moved in (Contact, AccountRef):
        session.execute(
            update(moved).where(col(moved.account_id) == account.id).values(account_id=into.id)
        )
    # Accounts that were merged into this one before follow, so that one step finds the survivor.
    session.execute(
        update(Account)
        .where(col(Account.merged_into) == account.id)
        .values(merged_into=into.id, version=Account.version + 1, changed_at=now, changed_by=by.id)
    )
    revise(account, by, {"merged_into": into.id})
    touch(into, by)
    if won and into.lifecycle is Lifecycle.prospect:
        into.lifecycle = Lifecycle.customer
    session.flush()
    session.expire_all()
    bars.watch_account(session, policy, into.id)
    return into


def _won(session: Session, account: Account) -> bool:
    """Whether a deal was won that its account is a customer by."""
    deal = select(Opportunity.id).where(
        Opportunity.account_id == account.id, Opportunity.outcome == Outcome.won
    )
    return account.lifecycle is Lifecycle.customer and session.exec(deal).first() is not None


class Asking(NamedTuple):
    """What logging an ask needs to know of its account."""

    id: UUID
    name: str
    domain: str | None
    lifecycle: Lifecycle


@cache
def _asking() -> Any:
    return select(
        col(Account.id), col(Account.name), col(Account.domain), col(Account.lifecycle)
    ).where(col(Account.id) == bindparam("wanted"), col(Account.merged_into).is_(None))


def find_or_create(session: Session, by: Caller, wanted: AccountNamed) -> Asking:
    """The account that an ask names; a new domain makes a prospect.

    Raises:
        Invalid: No account has the id or the reference given.
    """
    if wanted.id is not None:
        # The way that machines take, thousands of times a minute: columns, and no object.
        found = session.connection().execute(_asking(), {"wanted": wanted.id}).one_or_none()
        if found is not None:
            return Asking(*found)
    account = _find_or_create(session, by, wanted)
    return Asking(account.id, account.name, account.domain, account.lifecycle)


def _find_or_create(session: Session, by: Caller, wanted: AccountNamed) -> Account:
    if wanted.id is not None:
        account: Account | None = named(session, Account, wanted.id, "account.id")
    elif wanted.external_ref is not None:
        ref = wanted.external_ref
        found = references.find(session, AccountRef, ref.source, ref.id)
        if found is None:
            said = f"no account has the reference {ref.source} {ref.id!r}; make it first with PUT"
            raise invalid("account.external_ref", said, kind="unknown_id")
        account = session.get_one(Account, found)
    else:
        account = session.exec(select(Account).where(Account.domain == wanted.domain)).first()
    if account is None:
        fields = AccountFields(domain=wanted.domain)
        # Somebody may make it at this moment: then the two collide, and the second tries again
        # and finds it. Asking once more whether the domain is free would refuse the ask instead.
        return _put(session, by, wanted.name or str(wanted.domain), fields)
    if account.merged_into is not None:
        account = session.get_one(Account, account.merged_into)
    return account


def find_or_add_contact(
    session: Session, account: Account | Asking, wanted: ContactNew | None
) -> UUID | None:
    """The person that an ask or a telling names, by e-mail or else by name; added if unknown."""
    if wanted is None:
        return None
    same = Contact.email == wanted.email if wanted.email else Contact.name == wanted.name
    known = select(Contact.id).where(Contact.account_id == account.id, same)
    known = known.order_by(col(Contact.id))
    found = session.exec(known).first()
    if found is not None:
        return found
    if session.get_bind().dialect.name != "sqlite":
        # Somebody may add the same person at this moment, and nothing else would tell.
        here = select(Account.id).where(Account.id == account.id)
        session.exec(here.with_for_update(key_share=True))
        found = session.exec(known).first()
        if found is not None:
            return found
    contact = Contact(account_id=account.id, name=wanted.name, email=wanted.email)
    session.add(contact)
    session.flush()
    return contact.id


def _columns(fields: AccountFields, names: Any) -> dict[str, Any]:
    values = {name: getattr(fields, name) for name in names if name != "external_refs"}
    if "arr" in values:
        arr = values.pop("arr")
        values["arr_minor"] = arr.minor if arr else None
        values["arr_currency"] = arr.currency if arr else None
    return values


def _refuse_merged(account: Account) -> None:
    if account.merged_into is not None:
        raise Merged(
            f"Account {account.id} was merged into {account.merged_into}; use that one.",
            merged_into=str(account.merged_into),
        )


def _domain_free(session: Session, domain: str | None, but: UUID | None) -> None:
    if domain is None:
        return
    taken = session.exec(select(Account.id).where(Account.domain == domain)).first()
    if taken is not None and taken != but:
        raise DomainTaken(f"The account {taken} has the domain {domain}.", account_id=str(taken))
