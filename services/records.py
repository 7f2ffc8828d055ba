"""The records of CRMs, and the newest word on each of their fields, in whatever order they come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from models.record import RecordSaid
from services.asks import Origin
from services.capture import Sender
from services.crm import records
from services.crm.dialect import Change

BRANDS = {"hubspot": "HubSpot", "salesforce": "Salesforce", "pipedrive": "Pipedrive"}
LOCKS = 7_296_285  # the family of advisory locks on PostgreSQL; SQLite has one writer
MOST_MERGES = 10  # one after another
MOST_LINKED = 1000


@dataclass(frozen=True)
class Record:
    """A record of a CRM, and the newest word on each of its fields."""

    source: str
    key: str
    said: Mapping[str, RecordSaid]

    def get(self, field: str) -> str | None:
        """The value of a field, or None."""
        found = self.said.get(field)
        return found.value if found is not None else None

    def linked(self, kind: str) -> str | None:
        """The record of a kind that it is linked to: the primary one, else the one told last."""
        links = [
            (each.value == records.PRIMARY, each.said_at, each.field)
            for each in self.said.values()
            if each.field.startswith(records.link(kind, "")) and each.value is not None
        ]
        return max(links)[2].partition(records.TO)[2] if links else None

    @property
    def kind(self) -> str:
        """What kind of record it is."""
        return self.get("") or ""

    @property
    def label(self) -> str:
        """What it is called until the CRM tells a name."""
        return called(self.source, self.key)


def called(source: str, key: str) -> str:
    """What a record is called that has no name yet."""
    system = source.partition(":")[0]
    return f"{BRANDS.get(system, system)} {key.replace(':', ' ')}"


def load(session: Session, source: str, key: str) -> Record:
    """What is known of a record."""
    rows = session.exec(
        select(RecordSaid).where(RecordSaid.source == source, RecordSaid.record == key)
    )
    return Record(source, key, {row.field: row for row in rows})


def hold(session: Session, sources: Iterable[str]) -> None:
    """Keep other workers from reading what these CRMs tell, until the transaction ends.

    What follows from a deal rests on its company and its people too, and the other way round. Two
    workers that read of both at once would each miss what the other one writes.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    for name in sorted(set(sources)):  # in the same order, so that two cannot wait for each other
        session.execute(select(func.pg_advisory_xact_lock(LOCKS, func.hashtext(name))))


def source_of(origin: Origin, change: Change) -> str:
    """Which CRM tells of a record: connectors of one organization tell of the same records."""
    return f"{origin.source}:{change.organization}" if change.organization else origin.name


def remember(session: Session, sender: Sender, change: Change) -> tuple[Record, bool]:
    """Keep each word that is the newest on its field."""
    known = _held(session, sender, change)
    newer = False
    for field, value in change.fields.items():
        said_at = change.times.get(field) or change.said_at or sender.arrived_at
        word = (min(said_at, sender.arrived_at), change.event_key or "")
        row = known.get(field)
        if row is not None and word < (row.said_at, row.event_key):
            continue
        newer = True
        if row is None:
            row = _row(sender, change.key, field, word)
            session.add(row)
        row.value, row.said_at, row.event_key = value, *word
        row.delivery_id = sender.delivery_id
        known[field] = row
    session.flush()
    return Record(sender.origin.name, change.key, known), newer


def _held(session: Session, sender: Sender, change: Change) -> dict[str, RecordSaid]:
    """What is known of a record, which nobody else changes until the transaction ends."""
    found = session.exec(
        select(RecordSaid)
        .where(RecordSaid.source == sender.origin.name, RecordSaid.record == change.key)
        .order_by(RecordSaid.field)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    known = {row.field: row for row in found}
    if "" not in known:
        known[""] = _row(sender, change.key, "", (sender.arrived_at, ""))
        known[""].value = change.kind
        session.add(known[""])
        session.flush()
    return known


def _row(sender: Sender, key: str, field: str, word: tuple[datetime, str]) -> RecordSaid:
    return RecordSaid(
        source=sender.origin.name,
        record=key,
        field=field,
        said_at=word[0],
        event_key=word[1],
        delivery_id=sender.delivery_id,
    )


def linked_to(session: Session, source: str, kind: str, key: str) -> list[Record]:
    """The records that are linked to one of a kind."""
    field = records.link(kind, key)
    found = session.exec(
        select(RecordSaid.record)
        .where(
            RecordSaid.source == source,
            RecordSaid.field == field,
            col(RecordSaid.value).is_not(None),
        )
        .order_by(RecordSaid.record)
        .limit(MOST_LINKED)
    )
    return [load(session, source, each) for each in found.all()]


def survivor(session: Session, record: Record) -> Record:
    """The record that this one was merged into, or itself."""
    for _step in range(MOST_MERGES):
        into = record.get(records.MERGED_INTO)
        if into is None or into == record.key:
            break
        record = load(session, record.source, into)
    return record
