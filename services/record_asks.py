"""What a CRM tells of its records, brought on file: accounts, deals, people, and the asks in them.

The newest word on each field is kept, and what is on file is made from all of them anew. So the
end is the same in whatever order they arrive, and whichever call told which field.
"""

from dataclasses import replace
from typing import Any

from sqlmodel import Session, select

from models.ask import Ask
from services import capture, record_accounts, record_deals
from services.asks import Origin, read_ask
from services.capture import Deed, Sender
from services.crm import records
from services.crm.dialect import Change
from services.records import Record, linked_to, load, remember, source_of
from services.revisions import revise

LONGEST_TITLE = 200


def take(session: Session, sender: Sender, change: Change) -> Deed:
    """Remember what a CRM tells of a record, and bring on file what follows from it.

    Raises:
        DomainError: It cannot be brought on file; the error names the field, and nothing is kept.
    """
    source = source_of(sender.origin, change)
    sender = replace(sender, origin=Origin(sender.origin.source, source))
    record, newer = remember(session, sender, change)
    if record.kind == records.COMPANY:
        record_accounts.keep_company(session, sender, record)
    if newer and record.kind == records.PERSON:
        for other in linked_to(session, source, records.PERSON, record.key):
            _keep(session, sender, other)
    deed = _keep(session, sender, record)
    if not newer and deed.name in {"noted", "unchanged"}:
        said = f"Newer words on {record.label} came before."
        return Deed("older", deed.ask_id, said)
    return deed


def _standing(session: Session, sender: Sender, record: Record) -> Ask | None:
    return session.exec(
        select(Ask).where(Ask.external_source == sender.origin.name, Ask.external_id == record.key)
    ).first()


def _keep(session: Session, sender: Sender, record: Record) -> Deed:
    if record.get("title") is not None:
        return _mark_gone(session, sender, record, _keep_ask(session, sender, record))
    if record.kind == records.DEAL:
        _keep_deal(session, sender, record)
    standing = _standing(session, sender, record)
    if standing is None:
        return Deed("noted", None, f"What it tells of {record.label} is kept.")
    return _mark_gone(session, sender, record, Deed("noted", standing.id))


def _keep_ask(session: Session, sender: Sender, record: Record) -> Deed:
    account = record_accounts.account_of(session, sender, record)
    deal = None
    if record.kind == records.DEAL:
        deal = record_deals.keep(session, sender, record, account)
    fields = _ask(record) | {"account": {"id": account.id}, "external_id": record.key}
    if deal is not None and deal.account_id == account.id:
        fields["opportunity_id"] = deal.id
    contact = _contact(session, record)
    if contact is not None:
        fields["contact"] = contact
    if sender.settings.product_id is not None:
        fields["product_id"] = sender.settings.product_id
    return capture.keep(session, sender, read_ask(fields), fields.keys())


def _keep_deal(session: Session, sender: Sender, record: Record) -> None:
    """Keep a deal of which no ask is told; it matters if its account does, or why it was lost."""
    account = record_accounts.known(session, record)
    if account is None and record_deals.lost_to_feature(sender, record):
        account = record_accounts.account_of(session, sender, record)
    record_deals.keep(session, sender, record, account)


def _mark_gone(session: Session, sender: Sender, record: Record, deed: Deed) -> Deed:
    """Note on an ask that its record was deleted in the CRM, or is back; the ask stands."""
    ask = session.get(Ask, deed.ask_id) if deed.ask_id else None
    row = record.said.get(records.GONE)
    if ask is None or row is None:
        return deed
    gone_at = row.said_at if row.value is not None else None
    if not revise(ask, sender.by, {"source_deleted_at": gone_at}):
        return deed
    session.flush()
    if gone_at is None:
        return Deed("updated", ask.id, f"{record.label} was restored.")
    return Deed("gone", ask.id, f"{record.label} was deleted there; the ask and its answer stay.")


def _ask(record: Record) -> dict[str, Any]:
    found = {name: value for name in records.ASK if (value := record.get(name)) is not None}
    return found | worded(found["title"], found.get("verbatim"))


def worded(text: str, verbatim: str | None) -> dict[str, str]:
    """A title of one line from a text of any length, which is then kept whole as the verbatim."""
    title = records.line(next(iter(text.splitlines()), ""), LONGEST_TITLE)
    if title is None or title == text:
        return {"title": text}
    return {"title": title, "verbatim": f"{text}\n\n{verbatim}" if verbatim else text}


def _contact(session: Session, record: Record) -> dict[str, str | None] | None:
    if record.kind != records.PERSON:
        person = record.linked(records.PERSON)
        if person is None:
            return None
        record = load(session, record.source, person)
    name = records.line(record.get("contact.name"), LONGEST_TITLE)
    email = records.email(record.get("contact.email"))
    if name is None and email is None:
        return None
    return {"name": name or email, "email": email}
