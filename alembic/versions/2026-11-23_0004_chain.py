"""chain

Revision: 0004
Follows: 0003
"""

import hashlib
import hmac
import secrets
from collections import defaultdict
from datetime import UTC, date, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

CHUNK = 1000


def upgrade() -> None:
    op.create_table('chain_link',
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Enum('response', 'commitment', 'release', 'told', 'erasure', name='linkkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('record_id', sa.Uuid(), nullable=False),
    sa.Column('encoding', sa.Integer(), nullable=False),
    sa.Column('personal', sa.LargeBinary(), nullable=False),
    sa.Column('salt', sa.LargeBinary(), nullable=True),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_chain_link')),
    sa.UniqueConstraint('kind', 'record_id', name=op.f('uq_chain_link_kind_record_id'))
    )
    op.create_table('erasure',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.Enum('contact', 'told', 'response', 'commitment', 'release', 'ask', 'delivery', name='erasedkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('record_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasure'))
    )
    with op.batch_alter_table('erasure', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_erasure_record_id'), ['record_id'], unique=False)
    link_what_is_there(op.get_bind())


def downgrade() -> None:
    with op.batch_alter_table('erasure', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_erasure_record_id'))

    op.drop_table('erasure')
    op.drop_table('chain_link')


# What follows is encoding 1 as it is written in services/canonical.py and services/contents.py.

def table(name: str, columns: dict) -> sa.TableClause:
    return sa.table(name, *(sa.column(each, kind) for each, kind in columns.items()))


AT, ID, TEXT, FLAG = sa.DateTime(timezone=True), sa.Uuid(), sa.String(), sa.Boolean()
PLAIN = {
    'response': {
        'created_at': AT, 'ask_id': ID, 'feature_id': ID, 'kind': TEXT, 'basis': TEXT,
        'workaround': FLAG, 'contractual': FLAG, 'evidence': sa.JSON(), 'author_id': ID,
        'supersedes': ID,
    },
    'commitment': {
        'created_at': AT, 'response_id': ID, 'ask_id': ID, 'feature_id': ID, 'opportunity_id': ID,
        'due_on': sa.Date(), 'contractual': FLAG,
    },
    'commitment_release': {'created_at': AT, 'author_id': ID},
    'told': {
        'created_at': AT, 'response_id': ID, 'contact_id': ID, 'channel': TEXT,
        'told_on': sa.Date(), 'author_id': ID,
    },
}
PERSONAL = {
    'response': {
        'how': TEXT, 'message': TEXT, 'contract_reference': TEXT, 'hedge_override': TEXT,
        'hedges': sa.JSON(), 'supersedes_reason': TEXT,
    },
    'commitment': {'contract_reference': TEXT, 'owner_email': TEXT},
    'commitment_release': {'reason': TEXT},
    'told': {},
}
KEYS = {name: 'commitment_id' if name == 'commitment_release' else 'id' for name in PLAIN}
KINDS = {name: 'release' if name == 'commitment_release' else name for name in PLAIN}
TABLES = {
    name: table(name, {KEYS[name]: ID} | PLAIN[name] | PERSONAL[name]) for name in PLAIN
}
CHOICE = table('response_choice', {'response_id': ID, 'position': sa.Integer(), 'feature_id': ID})
CONTACT = table('contact', {'id': ID, 'name': TEXT, 'email': TEXT})
LINK = table('chain_link', {
    'seq': sa.BigInteger(), 'kind': TEXT, 'record_id': ID, 'encoding': sa.Integer(),
    'personal': sa.LargeBinary(), 'salt': sa.LargeBinary(), 'hash': sa.LargeBinary(),
})


def link_what_is_there(connection: sa.Connection) -> None:
    """Link every record on file, the oldest first."""
    found = []
    for rank, (name, kept) in enumerate(TABLES.items()):
        rows = connection.execute(sa.select(kept.c.created_at, kept.c[KEYS[name]]))
        found += [(instant(at), rank, key, name) for at, key in rows]
    found.sort()
    seq, previous = 0, bytes(32)
    for start in range(0, len(found), CHUNK):
        chunk = found[start:start + CHUNK]
        contents = {}
        for name in TABLES:
            ids = [key for _at, _rank, key, one in chunk if one == name]
            if ids:
                contents |= read(connection, name, ids)
        links = []
        for _at, _rank, key, name in chunk:
            seq += 1
            plain, said = contents[name, key]
            salt = secrets.token_bytes(32)
            personal = hmac.digest(salt, b'nomaybe chain personal 1\n' + encode(said), 'sha256')
            content = encode([seq, KINDS[name], key, plain, personal])
            previous = hashlib.sha256(b'nomaybe chain link 1\n' + previous + content).digest()
            links.append({
                'seq': seq, 'kind': KINDS[name], 'record_id': key, 'encoding': 1,
                'personal': personal, 'salt': salt, 'hash': previous,
            })
        connection.execute(sa.insert(LINK), links)


def read(connection: sa.Connection, name: str, ids: list) -> dict:
    kept = TABLES[name]
    orders, people = defaultdict(list), {}
    if name == 'response':
        chosen = sa.select(CHOICE).where(CHOICE.c.response_id.in_(ids))
        for each in connection.execute(chosen.order_by(CHOICE.c.response_id, CHOICE.c.position)):
            orders[each.response_id].append([each.position, each.feature_id])
    if name == 'told':
        named = sa.select(kept.c.id, CONTACT.c.name, CONTACT.c.email).join_from(
            kept, CONTACT, CONTACT.c.id == kept.c.contact_id
        )
        for key, person, email in connection.execute(named.where(kept.c.id.in_(ids))):
            people[key] = {'name': person, 'email': email}
    found = {}
    for row in connection.execute(sa.select(kept).where(kept.c[KEYS[name]].in_(ids))).mappings():
        key = row[KEYS[name]]
        plain = {each: row[each] for each in PLAIN[name]}
        plain['created_at'] = instant(plain['created_at'])
        if name == 'response':
            plain['order'] = orders[key]
        said = {each: row[each] for each in PERSONAL[name]} | people.get(key, {})
        found[name, key] = (plain, said)
    return found


def instant(value: datetime) -> datetime:
    """SQLite stores UTC without saying so."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def encode(value) -> bytes:
    if isinstance(value, str):
        tag, body = b's', value.encode()
    elif value is None:
        tag, body = b'n', b''
    elif isinstance(value, UUID):
        tag, body = b'u', value.bytes
    elif isinstance(value, bool):
        tag, body = b'o', b'%d' % value
    elif isinstance(value, int):
        tag, body = b'i', b'%d' % value
    elif isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None)
        tag, body = b'T', at.isoformat(timespec='microseconds').encode() + b'Z'
    elif isinstance(value, date):
        tag, body = b'D', value.isoformat().encode()
    elif isinstance(value, dict):
        tag, body = b'm', b''.join(encode(each) + encode(value[each]) for each in sorted(value))
    elif isinstance(value, list):
        tag, body = b'l', b''.join(map(encode, value))
    elif isinstance(value, bytes):
        tag, body = b'b', value
    elif isinstance(value, float):
        tag, body = b'd', repr(value).encode()
    else:
        raise TypeError(f'a {type(value).__name__} has no canonical bytes')
    return tag + len(body).to_bytes(8, 'big') + body
