"""since when an ask is owed an answer

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

COLUMNS = ['state', 'answer_due_on', 'logged_by', 'product_id', 'id']
# The day of logging; of what was answered before and is owed again, the day of being put back.
SINCE = """UPDATE ask SET owed_since = COALESCE(
    (SELECT {back} FROM ask_version AS was
     WHERE was.ask_id = ask.id AND was.state = 'answered' AND ask.state = 'unanswered'),
    {logged})"""


def upgrade() -> None:
    op.add_column('ask', sa.Column('owed_since', sa.Date(), nullable=True))
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(SINCE.format(back='date(max(was.valid_to))', logged='date(created_at)'))
    else:
        # No value changes that is logged or versioned, and triggers are set aside on SQLite anyway.
        op.execute('ALTER TABLE ask DISABLE TRIGGER USER')
        op.execute(
            SINCE.format(
                back="(max(was.valid_to) AT TIME ZONE 'UTC')::date",
                logged="(created_at AT TIME ZONE 'UTC')::date",
            )
        )
        op.execute('ALTER TABLE ask ENABLE TRIGGER USER')
    with op.batch_alter_table('ask', schema=None) as batch_op:
        batch_op.alter_column('owed_since', existing_type=sa.Date(), nullable=False)
    op.drop_index('ix_ask_debt', table_name='ask')
    op.create_index('ix_ask_debt', 'ask', [*COLUMNS[:2], 'owed_since', *COLUMNS[2:]])


def downgrade() -> None:
    op.drop_index('ix_ask_debt', table_name='ask')
    op.create_index('ix_ask_debt', 'ask', COLUMNS)
    with op.batch_alter_table('ask', schema=None) as batch_op:
        batch_op.drop_column('owed_since')
