"""digests taken

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('digest_sent', sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True))
    op.execute('UPDATE digest_sent SET taken_at = created_at')


def downgrade() -> None:
    op.drop_column('digest_sent', 'taken_at')
