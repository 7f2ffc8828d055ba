"""debts by team

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('app_user', sa.Column('team', sa.String(length=64), nullable=True))
    op.drop_index('ix_ask_debt', table_name='ask')
    columns = ['state', 'answer_due_on', 'logged_by', 'product_id', 'id']
    op.create_index('ix_ask_debt', 'ask', columns)


def downgrade() -> None:
    op.drop_index('ix_ask_debt', table_name='ask')
    op.create_index('ix_ask_debt', 'ask', ['state', 'answer_due_on'])
    with op.batch_alter_table('app_user', schema=None) as batch_op:
        batch_op.drop_column('team')
