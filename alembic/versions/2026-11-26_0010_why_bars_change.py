"""why bars change

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

TABLES = ('product', 'feature', 'product_version', 'feature_version')


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column('bar_reason', sa.String(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, 'bar_reason')
