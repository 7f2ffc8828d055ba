"""the newest deliveries of a connector

Revision: 0009
Follows: 0008
"""

from alembic import op


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_delivery_connector', 'delivery', ['connector_id', 'id'])
    op.drop_index('ix_delivery_connector_id', table_name='delivery')


def downgrade() -> None:
    op.create_index('ix_delivery_connector_id', 'delivery', ['connector_id'])
    op.drop_index('ix_delivery_connector', table_name='delivery')
