"""Which account a record of a CRM belongs to."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from models.account import Account, AccountChange, AccountRef, ExternalRef
from services import accounts, capture, finding, record_deals, references
from services.capture import Sender
from services.crm import records
from services.errors import invalid
from services.records import Record, called, linked_to, load, survivor

LONGEST_NAME = 200


def account_of(session: Session, sender: Sender, record: Record) -> Account:
    """The account that a record belongs to; made as a prospect where the settings allow it.

    A record whose company is not known yet has an account of its own, which becomes the
    company's, or is merged into it, as soon as the CRM tells which that is.

    Raises:
        Invalid: It is not known, and the settings do not let it be made.
    """
    first, record = record, survivor(session, record)
    company = record.key if first.kind == records.COMPANY else _company(session, record)
    own = by_ref(session, record.source, record.key)
    merged = by_ref(session, record.source, first.key) if first.key != record.key else None
    found = by_ref(session, record.source, company) if company else None
    if company and found is None:
        found = _of_domain(session, load(session, record.source, company))
        found = found or own or merged
        if found is not None:
            _name_company(session, sender, found, company)
    found = found or own or merged or _by_email(session, record)
    if found is not None:
        for other, name in ((own, record.label), (merged, first.label)):
            found = _merge(session, sender, other, name, found)
        return found
    if not sender.settings.make_accounts:
        said = (
            f"no account is known for {called(record.source, company or record.key)}; make it with"
            f" the external reference {record.source} {company or record.key!r} and replay this,"
            " or let the connector make accounts (`make_accounts` in its settings)"
        )
        raise invalid("account", said, kind="unknown_id")
    made = _make(session, sender, record.source, company or record.key)
    if company:
        _keep_deals(session, sender, company, made)
    return made


def _company(session: Session, record: Record) -> str | None:
    """The company of a record, or the one that it was merged into."""
    company = record.linked(records.COMPANY)
    return survivor(session, load(session, record.source, company)).key if company else None


def _merge(
    session: Session, sender: Sender, other: Account | None, name: str | None, into: Account
) -> Account:
    """Let an account that was made for want of a better one end in the right one."""
    if other is None or other.id == into.id or other.name != name or other.merged_into:
        return into
    return accounts.merge_accounts(session, sender.by, sender.policy, other.id, into.id)


def known(session: Session, record: Record) -> Account | None:
    """The account of a record, if it is on file."""
    record = survivor(session, record)
    company = _company(session, record)
    found = by_ref(session, record.source, company) if company else None
    return found or by_ref(session, record.source, record.key)


def by_ref(session: Session, source: str, key: str) -> Account | None:
    """The account that a CRM calls so; people who type references leave out whose it is."""
    found = finding.account_by_ref(session, source, key)
    if found is None:
        system, name = source.partition(":")[0], key.rpartition(":")[2]
        found = finding.account_by_ref(session, system, name)
    return found


def _of_domain(session: Session, company: Record) -> Account | None:
    domain = company.get("account.domain")
    return finding.account_by_domain(session, domain) if domain else None


def _by_email(session: Session, record: Record) -> Account | None:
    """The account on file whose domain is that of a person's address."""
    _name, _at, domain = (records.email(record.get("contact.email")) or "").rpartition("@")
    return finding.account_by_domain(session, domain) if domain else None


def _make(session: Session, sender: Sender, source: str, key: str) -> Account:
    told = load(session, source, key)
    change = AccountChange(**({"name": called(source, key)} | _company_fields(told)))
    ref = ExternalRef(source=source, id=key)
    return accounts.put_account(session, sender.by, sender.policy, ref, change)[0]


def _name_company(session: Session, sender: Sender, account: Account, company: str) -> None:
    """Give an account the reference of a company, and the company's name if it had none."""
    source = sender.origin.name
    references.add(session, AccountRef, account.id, [ExternalRef(source=source, id=company)])
    fields = _company_fields(load(session, source, company))
    if account.name.startswith(called(source, "").rstrip()):
        fields = {"name": called(source, company)} | fields
    elif fields.get("domain") != account.domain:
        fields.pop("domain", None)
    if fields:
        _change(session, sender, account.id, fields)
    _keep_deals(session, sender, company, account)


def _keep_deals(session: Session, sender: Sender, company: str, account: Account) -> None:
    """Bring on file the deals of a company that were told before its account was known."""
    for record in linked_to(session, sender.origin.name, records.COMPANY, company):
        if record.kind == records.DEAL and record.linked(records.COMPANY) == company:
            record_deals.keep(session, sender, record, account)


def keep_company(session: Session, sender: Sender, record: Record) -> None:
    """Give the account of a company, if it is on file, the name and domain that the CRM has.

    Raises:
        DomainTaken: Another account has the domain.
        Invalid: The name or the domain is none.
    """
    account = by_ref(session, record.source, record.key)
    last = survivor(session, record)
    if account is not None and last.key != record.key:
        other = by_ref(session, record.source, last.key)
        if other is None:
            ref = ExternalRef(source=record.source, id=last.key)
            references.add(session, AccountRef, account.id, [ref])
        elif other.id != account.id:
            account = accounts.merge_accounts(
                session, sender.by, sender.policy, account.id, other.id
            )
    fields = _company_fields(last)
    if account is None or not fields:
        return
    same = _of_domain(session, last)
    if same is not None and account.domain is None:
        for name in (record.label, last.label, last.get("account.name")):
            account = _merge(session, sender, account, name, same)
    _change(session, sender, account.id, fields)


def _company_fields(company: Record) -> dict[str, Any]:
    name = records.line(company.get("account.name"), LONGEST_NAME)
    found = {"name": name, "domain": company.get("account.domain")}
    return {field: value for field, value in found.items() if value is not None}


def _change(session: Session, sender: Sender, account_id: UUID, fields: dict[str, Any]) -> None:
    change = capture.shaped(AccountChange, fields)
    accounts.change_account(session, sender.by, sender.policy, account_id, change)
