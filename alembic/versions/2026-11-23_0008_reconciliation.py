"""reconciliation

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('reconciliation',
    sa.Column('connector_id', sa.Uuid(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('kind', sa.Enum('company', 'contact', 'deal', 'ticket', name='recordkind', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('marker', sa.String(), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['connector_id'], ['connector.id'], name=op.f('fk_reconciliation_connector_id_connector')),
    sa.PrimaryKeyConstraint('connector_id', name=op.f('pk_reconciliation'))
    )
    with op.batch_alter_table('connector', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sealed_token', sa.String(), nullable=True))

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.add_column(sa.Column('reconciled', sa.Boolean(), server_default=sa.text('false'), nullable=False))


def downgrade() -> None:
    # SQLite rebuilds a table to drop a column; the deliveries stay, and look as if they were sent.
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_column('reconciled')

    with op.batch_alter_table('connector', schema=None) as batch_op:
        batch_op.drop_column('sealed_token')

    op.drop_table('reconciliation')
