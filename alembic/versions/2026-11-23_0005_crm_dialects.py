"""crm dialects

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

BEFORE = ('generic', 'standard_webhooks')
AFTER = (*BEFORE, 'hubspot', 'salesforce', 'pipedrive')


def _kinds(*kinds: str) -> sa.Enum:
    return sa.Enum(*kinds, name='connectorkind', native_enum=False, create_constraint=True, length=32)


def _allow(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """Change which kinds the CHECK of `connector.kind` lets in."""
    with op.batch_alter_table('connector', schema=None) as batch_op:
        batch_op.alter_column('kind', existing_type=_kinds(*old), type_=_kinds(*new), existing_nullable=False)


def upgrade() -> None:
    _allow(BEFORE, AFTER)
    op.create_table('record_said',
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('record', sa.String(length=200), nullable=False),
    sa.Column('field', sa.String(length=128), nullable=False),
    sa.Column('value', sa.String(), nullable=True),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('event_key', sa.String(length=300), nullable=False),
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_record_said_delivery_id_delivery')),
    sa.PrimaryKeyConstraint('source', 'record', 'field', name=op.f('pk_record_said'))
    )
    with op.batch_alter_table('record_said', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_record_said_delivery_id'), ['delivery_id'], unique=False)
        batch_op.create_index('ix_record_said_field', ['source', 'field'], unique=False)

    with op.batch_alter_table('ask', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source_deleted_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('ask', schema=None) as batch_op:
        batch_op.drop_column('source_deleted_at')

    op.drop_table('record_said')
    # Their deliveries stay; nobody reads them before the upgrade is made again.
    op.execute(
        "UPDATE connector SET kind = 'generic', enabled = false"
        " WHERE kind IN ('hubspot', 'salesforce', 'pipedrive')"
    )
    _allow(AFTER, BEFORE)
