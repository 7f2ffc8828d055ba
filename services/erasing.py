"""Erases a person by request: who they were goes, what was asked and answered stays."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote_plus
from uuid import UUID

from sqlalchemy import Column, and_, case, func, or_, select, text, update
from sqlmodel import Session, col

from models.account import Account, Contact
from models.base import Model, utc_now
from models.chain import ChainLink, ErasedKind, Erasure, LinkKind
from models.delivery import Delivery
from models.idempotency import FirstAnswer
from models.record import RecordSaid
from models.response import Told
from services import chain, finding
from services.contents import FIELDS
from services.crm.records import CONTACT
from services.vault import Vault

ERASED = "[erased]"  # stands where a name or an address stood
TOMBSTONE = b"[erased by request; the SHA-256 is that of what came]"
BATCH, BODIES = 500, 20  # rows in memory at a time, and rows with a whole delivery in them


class Words(NamedTuple):
    """Where somebody may be named: the table, its key, whose row it is, the columns of words."""

    kind: ErasedKind
    table: str
    key: str
    owner: str
    columns: tuple[str, ...]


WORDS = (
    *(
        Words(ErasedKind(kind), str(each.table.__tablename__), each.key, each.key, each.personal)
        for kind, each in FIELDS.items()
        if each.personal
    ),
    Words(
        ErasedKind.ask, "ask", "id", "id",
        ("title", "verbatim", "why", "source_url", "withdrawn_reason"),
    ),
    Words(ErasedKind.ask, "ask_version", "id", "ask_id", ("title", "verbatim", "why")),
    Words(
        ErasedKind.delivery, "delivery_status", "delivery_id", "delivery_id",
        ("reason", "outcome"),
    ),
    Words(ErasedKind.delivery, "delivery_event", "id", "delivery_id", ("reason",)),
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody who may be erased: every contact that is them, and how they are named."""

    contacts: dict[UUID, str] = field(default_factory=dict)  # and how to speak of them
    emails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()  # names that are not looked for in words

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """What finds them in words; None where nothing does so surely."""
        spelled = [rf"(?<![\w.+-]){re.escape(each)}(?![\w-]|\.\w)" for each in self.emails]
        for name in self.names:
            words = r"\s+".join(map(re.escape, name.split()))
            spelled.append(rf"(?<!\w){words}(?!\w)")
        return re.compile("|".join(sorted(spelled)), re.IGNORECASE) if spelled else None


@dataclass(frozen=True)
class Erased:
    """How many records of each kind a person was taken out of."""

    counts: Counter[ErasedKind]
    first_answers: int = 0


def find(session: Session, who: str) -> Person:
    """The person with an e-mail, or whom a contact's id names; nobody is nobody, and no error.

    Contacts with one e-mail are one person, whatever their accounts. A name is looked for in words
    only where it has two words and no other contact has it too.
    """
    key = finding.as_id(who)
    emails = {who.strip().lower()} if key is None else set[str]()
    if key is not None and (named := session.get(Contact, key)) and named.email:
        emails = {named.email}
    mine = or_(col(Contact.id) == key, func.lower(col(Contact.email)).in_(emails))
    rows = session.execute(
        select(col(Contact.id), col(Contact.name), col(Contact.email), col(Account.name))
        .join(Account, col(Account.id) == col(Contact.account_id))
        .where(mine, col(Contact.name) != ERASED)
        .order_by(col(Contact.id))
    ).all()
    contacts = {
        one: f"{name} <{email}>, {account}" if email else f"{name}, {account}"
        for one, name, email, account in rows
    }
    names = {name for _one, name, _email, _account in rows}
    same = func.lower(col(Contact.name)).in_([each.lower() for each in names])
    others = select(col(Contact.name)).where(col(Contact.id).not_in(contacts), same)
    taken = {name.lower() for name in session.execute(others).scalars()}
    sure = {each for each in names if len(each.split()) > 1 and each.lower() not in taken}
    return Person(contacts, frozenset(emails), frozenset(sure), frozenset(names - sure))


def erase(session: Session, person: Person, vault: Vault) -> Erased:
    """Take a person out of every record that names them.

    Asks, answers, who was told what in which way and when, and every count stay. The chain notes
    each record that a person was taken out of; the salts of what they were named in are gone, so
    nobody can guess what stood there. Done again, it finds what came since.

    Args:
        session: A session that ends with this.
        person: Who it is.
        vault: Of the service; it seals the links of the erasures.

    Returns:
        What was erased.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA secure_delete = ON"))  # the file keeps no shadow of it
    session.info[chain.VAULT] = vault
    run = _Run(session)
    if person.contacts:
        # Whoever tells them something at this moment is waited for, or waits and finds them gone.
        ids = col(Contact.id).in_(person.contacts)
        held = select(col(Contact.id)).where(ids).order_by(col(Contact.id))
        session.execute(held.with_for_update())
        run.note(ErasedKind.contact, person.contacts.keys())
        tellings = select(col(Told.id)).where(col(Told.contact_id).in_(person.contacts))
        run.note(ErasedKind.told, session.execute(tellings).scalars().all())
        session.execute(update(Contact).where(ids).values(name=ERASED, email=None))
    pattern = person.pattern
    if pattern is not None:
        for words in WORDS:
            _erase_words(run, pattern, words)
        _erase_bodies(run, pattern)
        _erase_records(run, pattern)
    answers = 0
    if run.noted:  # kept answers are sealed, so nobody can see which of them show the person
        kept = col(FirstAnswer.body).is_not(None)
        answers = session.execute(select(func.count()).where(kept)).scalar_one()
        session.execute(update(FirstAnswer).where(kept).values(body=None))
    for each in session.identity_map.values():
        if not isinstance(each, Erasure):  # these are linked at once, and did not change
            session.expire(each)
    return Erased(Counter(kind for kind, _record in run.noted), answers)


class _Run:
    """One erasure at work: each record is noted once, before it is touched."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.noted: set[tuple[ErasedKind, UUID]] = set()

    def note(self, kind: ErasedKind, records: Collection[UUID]) -> None:
        """Enter erasures, which lets rows be changed, and remove the salts of what they held."""
        new = [each for each in dict.fromkeys(records) if (kind, each) not in self.noted]
        for start in range(0, len(new), BATCH):
            self._note(kind, new[start : start + BATCH])

    def _note(self, kind: ErasedKind, records: list[UUID]) -> None:
        before = select(col(Erasure.id)).where(
            col(Erasure.kind) == kind, col(Erasure.record_id).in_(records)
        )
        earlier = self.session.execute(before).scalars().all()
        self.session.add_all(Erasure(kind=kind, record_id=each) for each in records)
        self.session.flush()
        self.noted |= {(kind, each) for each in records}
        if kind.value not in LinkKind.__members__:
            return  # no link of it holds words
        link, held = col(ChainLink.kind), col(ChainLink.record_id)
        own = and_(link == kind.value, held.in_(records))
        erased_before = and_(link == LinkKind.erasure, held.in_(earlier))
        self.session.execute(update(ChainLink).where(own | erased_before).values(salt=None))

    def rows(self, columns: Sequence[Any], size: int = BATCH) -> Iterator[Sequence[Any]]:
        """All rows of a table in batches, in the order of the first column, its key."""
        statement = select(*columns).order_by(columns[0]).limit(size)
        found = self.session.execute(statement).all()
        while found:
            yield found
            found = self.session.execute(statement.where(columns[0] > found[-1][0])).all()


def _erase_words(run: _Run, pattern: re.Pattern[str], words: Words) -> None:
    table = Model.metadata.tables[words.table]
    key, owner = table.columns[words.key], table.columns[words.owner]
    said = [table.columns[name] for name in words.columns]
    for rows in run.rows([key, owner, *said]):
        for one, of, *found in rows:
            if not _changed(pattern, said, found):
                continue
            # Whoever changes the words at this moment is waited for, and what they wrote is read.
            locked = select(*said).where(key == one).with_for_update()
            if changed := _changed(pattern, said, run.session.execute(locked).one()):
                run.note(words.kind, [of])
                if words.table == "ask":  # its earlier words are kept, and erased after this
                    now = utc_now()
                    moved = case((table.c.changed_at > now, table.c.changed_at), else_=now)
                    changed |= {"version": table.c.version + 1, "changed_at": moved}
                run.session.execute(table.update().where(key == one).values(changed))


def _changed(
    pattern: re.Pattern[str], said: Sequence[Column[Any]], values: Sequence[Any]
) -> dict[str, Any]:
    """The words that name the person, by their columns, without the name."""
    return {
        column.name: _cut(_without(pattern, value), column)
        for column, value in zip(said, values, strict=True)
        if value is not None and _without(pattern, value) != value
    }


def _without(pattern: re.Pattern[str], value: Any) -> Any:
    """A value with what names the person taken out, wherever it stands."""
    if isinstance(value, str):
        return pattern.sub(ERASED, value)
    if isinstance(value, list):
        return [_without(pattern, each) for each in value]
    if isinstance(value, dict):
        return {name: _without(pattern, each) for name, each in value.items()}
    return value


def _cut(value: Any, column: Column[Any]) -> Any:
    """A text as long as its column takes: an address may be shorter than what stands for it."""
    length = getattr(column.type, "length", None)
    return value[:length] if length and isinstance(value, str) else value


def _erase_bodies(run: _Run, pattern: re.Pattern[str]) -> None:
    for rows in run.rows([col(Delivery.id), col(Delivery.body)], size=BODIES):
        named = [key for key, body in rows if any(map(pattern.search, _readings(body)))]
        run.note(ErasedKind.delivery, named)
        gone = update(Delivery).where(col(Delivery.id).in_(named)).values(body=TOMBSTONE)
        if named:
            run.session.execute(gone)


def _erase_records(run: _Run, pattern: re.Pattern[str]) -> None:
    """What records of a CRM said of them, from which a contact would be made again."""
    key = (col(RecordSaid.source), col(RecordSaid.record), col(RecordSaid.field))
    value = col(RecordSaid.value)
    rows = run.session.execute(
        select(col(RecordSaid.delivery_id), value, *key).where(value.is_not(None))
    ).yield_per(BATCH)
    named = [each for each in rows if pattern.search(each[1])]
    run.note(ErasedKind.delivery, [delivery for delivery, *_rest in named])
    for _delivery, said, source, record, name in named:
        of = and_(key[0] == source, key[1] == record)
        if name in CONTACT:  # it is theirs, and so is the other half of who they are
            gone = update(RecordSaid).where(of, key[2].in_(CONTACT)).values(value=None)
        else:
            left = pattern.sub(ERASED, said)
            gone = update(RecordSaid).where(of, key[2] == name).values(value=left)
        run.session.execute(gone)


def _readings(body: bytes) -> Iterator[str]:
    """What a body says: as it came, as a form has it, as JSON has it."""
    said = body.decode(errors="replace")
    yield said
    yield unquote_plus(said)
    said = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), said)
    yield re.sub(r"\\.", " ", said)
