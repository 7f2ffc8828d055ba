"""why bars change

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

TABLES = ('product', 'feature', 'product_version', 'feature_version')


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column('bar_reason', sa.String(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, 'bar_reason')
