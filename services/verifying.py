"""Verifies the chain: that what was said is on file as it was said, and names what is not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import String, cast, func, literal, select, type_coerce
from sqlalchemy.exc import DataError, DBAPIError
from sqlmodel import Session, col

from models.chain import ChainLink, Erasure, LinkKind
from models.response import Response, ResponseChoice
from services import contents, finding
from services.canonical import ENCODING, GENESIS, LENGTH, SEALED, link_digest, personal_digest
from services.contents import FIELDS, Content, column
from services.seals import Trust
from services.storage import as_ours
from services.vault import Vault

KNOWN = frozenset(LinkKind)
BATCH = 1000  # links in memory at a time
ALTERED = "was changed: it cannot be read any more, or is stored as the service stores nothing"
UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, DataError
)  # fmt: skip


class Wrong(StrEnum):
    """What is wrong with a record."""

    changed = "changed"
    missing = "missing"
    out_of_order = "out of order"
    added = "added around the service"
    unsealed = "not sealed by the service"
    cut = "cut off"


@dataclass(frozen=True)
class Fault:
    """The first bad record: its number in the chain, what it is, and what is wrong."""

    wrong: Wrong
    said: str
    seq: int | None = None
    kind: str | None = None
    record_id: UUID | None = None


@dataclass(frozen=True)
class Verdict:
    """How many links are right, the hash of the last of them, and what is wrong after it."""

    right: int
    head: bytes
    fault: Fault | None = None


class Checkpoint(NamedTuple):
    """A number and the hash that the chain had there, written down elsewhere."""

    seq: int
    hash: bytes


class Link(NamedTuple):
    """A link as it is on file; None for what cannot be read."""

    seq: Any  # SQLite may hold no number
    kind: str | None = None
    record_id: UUID | None = None
    encoding: int | None = None
    personal: bytes | None = None
    salt: bytes | None = None
    hash: bytes | None = None
    ours: bool = False  # stored as the service stores it


@dataclass(frozen=True)
class _Batch:
    """Some links in a row, the records that they name, and where those were erased."""

    links: Sequence[Link]
    records: Mapping[tuple[str | None, UUID | None], Content | None]
    targets: Mapping[UUID, tuple[str, UUID]]  # of links of erasures
    erased: Mapping[tuple[str, UUID], int]  # the number of the last erasure from a record
    trust: Trust


def verify(
    session: Session,
    *,
    vault: Vault | None = None,
    checkpoint: Checkpoint | None = None,
    advance: Callable[[int, int], object] = lambda _done, _total: None,
) -> Verdict:
    """Go along the whole chain, and look for records that are not in it.

    Args:
        session: Any session; one that reads in a single snapshot while others write.
        vault: With the secret key of the service; without it no erasure after the checkpoint is
            believed.
        checkpoint: What the chain must still hold.
        advance: Told now and then how many links were looked at, and of how many.

    Returns:
        How far the chain is right, and the first fault, if there is one.
    """
    total: int = session.execute(select(func.count()).select_from(ChainLink)).scalar_one()
    right, head = 0, GENESIS
    trust = Trust.of(session, vault, checkpoint.seq if checkpoint else 0)
    for batch in _batches(session, trust):
        for link in batch.links:
            fault = _fault_of(link, right + 1, head, batch)
            if fault is None and checkpoint and link.seq == checkpoint.seq:
                fault = _rewritten(link, checkpoint)
            if fault is not None:
                return Verdict(right, head, fault)
            right, head = link.seq, link.hash or GENESIS
        advance(right, total)
    if checkpoint and right < checkpoint.seq:
        said = (
            f"The chain ends with number {right}, and the checkpoint has number {checkpoint.seq}:"
            f" from number {right + 1} on it was cut off."
        )
        return Verdict(right, head, Fault(Wrong.cut, said, right + 1))
    return Verdict(right, head, _added(session))


def _fault_of(link: Link, seq: int, previous: bytes, batch: _Batch) -> Fault | None:
    """What is wrong with a link that must have number `seq` and follow `previous`."""
    if not isinstance(link.seq, int) or link.seq < seq:  # there is no number below 1
        return _fault(Wrong.added, link, "has a number that the service does not give")
    if link.seq > seq:
        return Fault(Wrong.missing, f"Number {seq} is missing from the chain.", seq)
    if not _is_well_formed(link):
        return _fault(Wrong.changed, link, "is no link that this version writes")
    try:
        return _fault_of_record(link, previous, batch)
    except UNREADABLE:  # JSON may hold what has no canonical bytes
        return _fault(Wrong.changed, link, ALTERED)


def _fault_of_record(link: Link, previous: bytes, batch: _Batch) -> Fault | None:
    content = batch.records.get((link.kind, link.record_id))
    if content is None:
        if (link.kind, link.record_id) in batch.records:
            return _fault(Wrong.changed, link, ALTERED)
        return _fault(Wrong.missing, link, "is missing: the record was deleted")
    return _fault_of_content(link, previous, content, batch)


def _is_well_formed(link: Link) -> bool:
    """Whether a link is one that could be right; SQLite stores text among bytes too."""
    parts = (link.hash, link.personal, link.salt or b"")
    known = link.ours and link.kind in KNOWN and all(isinstance(part, bytes) for part in parts)
    if link.kind == LinkKind.erasure and link.encoding == SEALED:
        return known and len(link.personal or b"") == 2 * LENGTH
    return known and link.encoding == ENCODING and len(link.personal or b"") == LENGTH


def _fault_of_content(link: Link, previous: bytes, content: Content, batch: _Batch) -> Fault | None:
    if _digest(link, link, link.seq, previous, content) != link.hash:
        said = "was changed: the record, or its link, is not what was written"
        return _misplaced(link, previous, batch) or _fault(Wrong.changed, link, said)
    personal, record_id = link.personal or b"", link.record_id or UUID(int=0)
    if link.kind == LinkKind.erasure:
        doubt = batch.trust.doubt(link.seq, previous, record_id, content.plain, personal)
        if doubt:
            return _fault(Wrong.unsealed, link, doubt)
    if link.salt is None:
        if batch.erased.get(_target(link, batch), 0) > link.seq:
            return None
        said = "was changed: what proves its words was removed, and nobody was erased from it"
        return _fault(Wrong.changed, link, f"{said}.{batch.trust.older}")
    if personal_digest(link.salt, content.personal) != personal[:LENGTH]:
        said = "was changed: its words, or the person that it names, are not what was written"
        return _fault(Wrong.changed, link, said)
    return None


def _digest(link: Link, named: Link, seq: int, previous: bytes, content: Content) -> bytes | None:
    """The hash of a place in the chain, if the record that another link names stood there."""
    if named.kind is None or named.record_id is None or link.personal is None:
        return None
    said = (named.kind, named.record_id, content.plain, link.personal)
    return link_digest(previous, seq, *said)


def _misplaced(link: Link, previous: bytes, batch: _Batch) -> Fault | None:
    """The fault of two links near each other that changed places, as far as that can be told."""
    own = batch.records.get((link.kind, link.record_id))
    before: dict[int, list[bytes | None]] = {}
    for each, after in zip(batch.links, [*batch.links[1:], None], strict=True):
        if after is not None:
            before[after.seq] = [each.hash, after.hash]
    for other in batch.links:
        if other is link:
            continue
        here = batch.records.get((other.kind, other.record_id))
        if here and link.hash in {
            _digest(link, other, link.seq, previous, here),
            _digest(other, other, link.seq, previous, here),
        }:
            said = f"is out of order: number {link.seq} was {_named(other)}"
            return _fault(Wrong.out_of_order, link, said)
        for hashed in before.get(other.seq, []):
            if (
                own
                and isinstance(hashed, bytes)
                and _digest(link, link, other.seq, hashed, own) == link.hash
            ):
                said = f"is out of order: it was number {other.seq}"
                return _fault(Wrong.out_of_order, link, said)
    return None


def _rewritten(link: Link, checkpoint: Checkpoint) -> Fault | None:
    if link.hash == checkpoint.hash:
        return None
    said = "does not have the hash of the checkpoint: the chain was written anew, here or before"
    return _fault(Wrong.changed, link, said)


def _target(link: Link, batch: _Batch) -> tuple[str, UUID]:
    """The record whose text a link holds fast: of an erasure, the one that was erased from."""
    own = (str(link.kind), link.record_id or UUID(int=0))
    return batch.targets.get(own[1], own) if link.kind == LinkKind.erasure else own


def _added(session: Session) -> Fault | None:
    """The oldest record that the chain does not know."""
    found = []

    def given(value: Any) -> Any:
        """As it is stored, for whoever added it may have put anything there."""
        on_sqlite = session.get_bind().dialect.name == "sqlite"
        return type_coerce(value, String) if on_sqlite else cast(value, String)

    for kind, fields in FIELDS.items():
        key, at = column(fields.table, fields.key), column(fields.table, "created_at")
        linked = select(literal(1)).where(
            column(ChainLink, "kind") == kind.value, col(ChainLink.record_id) == key
        )
        unlinked = select(given(at), given(key))
        unlinked = unlinked.where(~linked.exists()).order_by(at, key).limit(1)
        found += [(str(when), kind.value, str(one)) for when, one in session.execute(unlinked)]
    if not found:
        of = col(ResponseChoice.response_id)
        nobody = ~select(literal(1)).where(col(Response.id) == of).exists()
        astray = session.execute(select(given(of)).where(nobody).order_by(of).limit(1)).scalar()
        if astray is None:
            return None
        record_id = finding.as_id(str(astray))
        said = (
            f"A place in the order of the response {record_id or astray} was added around the"
            " service: there is no such response, as it is stored."
        )
        return Fault(Wrong.added, said, None, LinkKind.response, record_id)
    _when, word, name = min(found)
    record_id = finding.as_id(name)
    said = f"The {word} {record_id or name} was added around the service: it is not in the chain."
    return Fault(Wrong.added, said, None, word, record_id)


def _batches(session: Session, trust: Trust) -> Iterator[_Batch]:
    names = ("seq", "kind", "record_id", "encoding", "personal", "salt", "hash")
    seq = col(ChainLink.seq)
    ours = as_ours(session, ChainLink, ("record_id",))
    links = select(*(column(ChainLink, name) for name in names), ours).order_by(seq)
    last: int | None = None
    while True:
        following = select(seq).order_by(seq).limit(BATCH)
        if last is not None:
            following = following.where(seq > last)
        numbers = list(session.execute(following).scalars())
        if not numbers:
            return
        between = (seq >= numbers[0], seq <= numbers[-1])
        try:
            found = [Link(*row) for row in session.execute(links.where(*between)).all()]
        except _unreadable(session):
            found = [_alone(session, links.where(seq == each), each) for each in numbers]
        yield _read(session, found, trust)
        last = numbers[-1]


def _alone(session: Session, statement: Any, seq: int) -> Link:
    try:
        return Link(*session.execute(statement).one())
    except _unreadable(session):
        return Link(seq)


def _read(session: Session, links: Sequence[Link], trust: Trust) -> _Batch:
    ids: dict[str, list[UUID]] = {}
    for link in links:
        if link.kind in KNOWN and link.record_id is not None:
            ids.setdefault(link.kind, []).append(link.record_id)
    records: dict[tuple[str | None, UUID | None], Content | None] = {}
    for name, keys in ids.items():
        records |= _records(session, LinkKind(name), keys)
    targets = {
        key: (str(content.plain["kind"]), content.plain["record_id"])
        for (word, key), content in records.items()
        if word == LinkKind.erasure and content and key
    }
    bare = {link.record_id for link in links if link.salt is None and link.record_id}
    wanted = bare | {targets[each][1] for each in bare if each in targets}
    erased = _erased(session, wanted, trust) if wanted else {}
    return _Batch(links, records, targets, erased, trust)


def _records(
    session: Session, kind: LinkKind, keys: Sequence[UUID]
) -> dict[tuple[str | None, UUID | None], Content | None]:
    """The records with these ids; None for one that cannot be read."""
    try:
        found = contents.read(session, kind, keys)
    except _unreadable(session):
        if len(keys) == 1:
            return {(kind.value, keys[0]): None}
        alone = [_records(session, kind, [key]) for key in keys]
        return {name: content for each in alone for name, content in each.items()}
    return {(kind.value, key): content for key, content in found.items()}


def _erased(session: Session, ids: set[UUID], trust: Trust) -> dict[tuple[str, UUID], int]:
    kind, record, seq = column(Erasure, "kind"), col(Erasure.record_id), col(ChainLink.seq)
    statement = (
        select(kind, record, func.max(seq))
        .join(ChainLink, col(ChainLink.record_id) == col(Erasure.id))
        .where(column(ChainLink, "kind") == LinkKind.erasure.value, record.in_(ids))
        .where(trust.believed())
        .group_by(kind, record)
    )
    return {(each, key): number for each, key, number in session.execute(statement)}


def _unreadable(session: Session) -> tuple[type[Exception], ...]:
    """What reading a value raises that is none of its kind; SQLite stores anything anywhere."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return (*UNREADABLE, DBAPIError) if on_sqlite else UNREADABLE


def _named(link: Link) -> str:
    return f"the {link.kind or 'link'} {link.record_id or 'that cannot be read'}"


def _fault(wrong: Wrong, link: Link, said: str) -> Fault:
    sentence = f"Number {link.seq}, {_named(link)}, {said.removesuffix('.')}."
    return Fault(wrong, sentence, link.seq, link.kind, link.record_id)
