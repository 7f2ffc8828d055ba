"""Appends what was said to the chain, in the transaction that says it.

A session notes each record of a chained kind as it is flushed, and links them all just before it
commits. So no way of writing can forget the chain; the lock that makes the numbers gapless is the
last one that a transaction takes, and cannot be part of a deadlock.
"""

import secrets
from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import event, func, insert, inspect, select
from sqlalchemy.orm import Session, SessionTransaction, UOWTransaction
from sqlmodel import col

from models.account import Contact
from models.chain import ChainLink, Erasure, LinkKind
from models.response import ResponseChoice, Told
from services import contents
from services.canonical import (
    ENCODING,
    GENESIS,
    LENGTH,
    SEALED,
    erasure_bytes,
    link_digest,
    personal_digest,
)
from services.contents import KINDS, Content
from services.vault import Vault

NOTED, VAULT = "chain", "vault"  # where a session keeps what it will link, and what seals it
LOCK = 7_296_284  # the advisory lock on PostgreSQL; SQLite has one writer


@event.listens_for(Session, "after_flush")
def _note(session: Session, _context: UOWTransaction) -> None:
    new = [each for each in session.new if type(each) in KINDS or type(each) is ResponseChoice]
    if new:
        session.info.setdefault(NOTED, []).extend(new)


@event.listens_for(Session, "before_commit")
def _link(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint keeps nothing yet
    session.flush()
    # What a savepoint took back is not in the session any more.
    kept = [each for each in session.info.pop(NOTED, ()) if inspect(each).persistent]
    if kept:
        _append(session, kept)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(NOTED, None)


def _append(session: Session, records: list[Any]) -> None:
    found = _contents(session, records)
    if session.get_bind().dialect.name != "sqlite":
        # In a statement of its own: the next one must see what the lock was waited for.
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    seq, previous = head(session)
    links = []
    for kind, key, content in found:
        seq += 1
        salt = secrets.token_bytes(LENGTH)
        personal, encoding = personal_digest(salt, content.personal), ENCODING
        if kind is LinkKind.erasure:
            # Whoever has the database, and not the key, must not make one: it excuses other words.
            vault: Vault = session.info[VAULT]
            sealed = erasure_bytes(previous, seq, key, content.plain, personal)
            personal, encoding = personal + vault.erasure_seal(sealed), SEALED
        previous = link_digest(previous, seq, kind.value, key, content.plain, personal)
        links.append(
            {
                "seq": seq,
                "kind": kind,
                "record_id": key,
                "encoding": encoding,
                "personal": personal,
                "salt": salt,
                "hash": previous,
            }
        )
    session.execute(insert(ChainLink), links)


def head(session: Session) -> tuple[int, bytes]:
    """The number of the last link and its hash; 0 and `GENESIS` where there is none."""
    newest = select(col(ChainLink.seq), col(ChainLink.hash)).order_by(col(ChainLink.seq).desc())
    found = session.execute(newest.limit(1)).one_or_none()
    return (found.seq, found.hash) if found else (0, GENESIS)


def _contents(session: Session, records: list[Any]) -> list[tuple[LinkKind, UUID, Content]]:
    """What is held fast of objects that were just written, without reading them again."""
    places: dict[UUID, list[tuple[int, UUID]]] = defaultdict(list)
    for each in records:
        if isinstance(each, ResponseChoice):
            places[each.response_id].append((each.position, each.feature_id))
    erased = [(e.kind.value, e.record_id, e.id) for e in records if isinstance(e, Erasure)]
    left = contents.targets(session, erased) if erased else {}
    found = []
    for each in records:
        kind = KINDS.get(type(each))
        if kind is None:
            continue
        key: UUID = getattr(each, contents.FIELDS[kind].key)
        personal = left.get(key)
        if isinstance(each, Told) and each.contact_id is not None:
            # Read anew: the person may have been erased while this waited to be written.
            person = session.get_one(Contact, each.contact_id, populate_existing=True)
            personal = {name: getattr(person, name) for name in contents.PERSON}
        found.append((kind, key, contents.content_of(kind, each, sorted(places[key]), personal)))
    return found
