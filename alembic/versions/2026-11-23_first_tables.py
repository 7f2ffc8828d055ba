"""first tables

Revision: 0001
Follows: 
"""

import sqlalchemy as sa
from alembic import op


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('lifecycle', sa.String(length=32), nullable=True),
    sa.Column('arr_minor', sa.BigInteger(), nullable=True),
    sa.Column('arr_currency', sa.String(length=3), nullable=True),
    sa.Column('segment', sa.String(length=32), nullable=True),
    sa.Column('industry', sa.String(length=64), nullable=True),
    sa.Column('region', sa.String(length=64), nullable=True),
    sa.Column('tags', sa.JSON(), nullable=True),
    sa.Column('renews_on', sa.Date(), nullable=True),
    sa.Column('merged_into', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_version'))
    )
    with op.batch_alter_table('account_version', schema=None) as batch_op:
        batch_op.create_index('ix_account_version_of', ['account_id', 'valid_to'], unique=False)

    op.create_table('app_user',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('role', sa.Enum('se', 'pm', 'account_manager', 'viewer', 'admin', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['changed_by'], ['app_user.id'], name=op.f('fk_app_user_changed_by_app_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_app_user')),
    sa.UniqueConstraint('email', name=op.f('uq_app_user_email'))
    )
    op.create_table('ask_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ask_id', sa.Uuid(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('product_id', sa.Uuid(), nullable=True),
    sa.Column('feature_id', sa.Uuid(), nullable=True),
    sa.Column('opportunity_id', sa.Uuid(), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=True),
    sa.Column('verbatim', sa.String(), nullable=True),
    sa.Column('why', sa.String(), nullable=True),
    sa.Column('importance', sa.String(length=32), nullable=True),
    sa.Column('state', sa.String(length=32), nullable=True),
    sa.Column('response_id', sa.Uuid(), nullable=True),
    sa.Column('answer_due_on', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ask_version'))
    )
    with op.batch_alter_table('ask_version', schema=None) as batch_op:
        batch_op.create_index('ix_ask_version_of', ['ask_id', 'valid_to'], unique=False)

    op.create_table('change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('row_id', sa.Uuid(), nullable=False),
    sa.Column('transaction', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_change_transaction'), ['transaction'], unique=False)

    op.create_table('feature_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('feature_id', sa.Uuid(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('product_id', sa.Uuid(), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=True),
    sa.Column('status', sa.String(length=32), nullable=True),
    sa.Column('decline_reason', sa.String(), nullable=True),
    sa.Column('target_on', sa.Date(), nullable=True),
    sa.Column('shareable', sa.Boolean(), nullable=True),
    sa.Column('bar_accounts', sa.Integer(), nullable=True),
    sa.Column('bar_arr_minor', sa.BigInteger(), nullable=True),
    sa.Column('bar_arr_currency', sa.String(length=3), nullable=True),
    sa.Column('area', sa.String(length=64), nullable=True),
    sa.Column('merged_into', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feature_version'))
    )
    with op.batch_alter_table('feature_version', schema=None) as batch_op:
        batch_op.create_index('ix_feature_version_of', ['feature_id', 'valid_to'], unique=False)

    op.create_table('first_answer',
    sa.Column('caller_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('headers', sa.JSON(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('caller_id', 'key', name=op.f('pk_first_answer'))
    )
    op.create_table('opportunity_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('opportunity_id', sa.Uuid(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=True),
    sa.Column('amount_currency', sa.String(length=3), nullable=True),
    sa.Column('stage', sa.String(length=64), nullable=True),
    sa.Column('probability_ppm', sa.Integer(), nullable=True),
    sa.Column('close_on', sa.Date(), nullable=True),
    sa.Column('outcome', sa.String(length=32), nullable=True),
    sa.Column('lost_to_feature_id', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opportunity_version'))
    )
    with op.batch_alter_table('opportunity_version', schema=None) as batch_op:
        batch_op.create_index('ix_opportunity_version_of', ['opportunity_id', 'valid_to'], unique=False)

    op.create_table('product_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.Uuid(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('maturity', sa.String(length=32), nullable=True),
    sa.Column('bar_accounts', sa.Integer(), nullable=True),
    sa.Column('bar_arr_minor', sa.BigInteger(), nullable=True),
    sa.Column('bar_arr_currency', sa.String(length=3), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_product_version'))
    )
    with op.batch_alter_table('product_version', schema=None) as batch_op:
        batch_op.create_index('ix_product_version_of', ['product_id', 'valid_to'], unique=False)

    op.create_table('account',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('domain', sa.String(length=253), nullable=True),
    sa.Column('lifecycle', sa.Enum('prospect', 'customer', 'churned', name='lifecycle', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('arr_minor', sa.BigInteger(), nullable=True),
    sa.Column('arr_currency', sa.String(length=3), nullable=True),
    sa.Column('segment', sa.Enum('smb', 'mid_market', 'enterprise', name='segment', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('industry', sa.String(length=64), nullable=True),
    sa.Column('region', sa.String(length=64), nullable=True),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('owner_email', sa.String(length=254), nullable=True),
    sa.Column('renews_on', sa.Date(), nullable=True),
    sa.Column('merged_into', sa.Uuid(), nullable=True),
    sa.CheckConstraint('(arr_minor IS NULL) = (arr_currency IS NULL)', name=op.f('ck_account_arr_whole')),
    sa.CheckConstraint('arr_minor >= 0', name=op.f('ck_account_arr_not_negative')),
    sa.CheckConstraint('merged_into <> id', name=op.f('ck_account_merged_into_another')),
    sa.ForeignKeyConstraint(['changed_by'], ['app_user.id'], name=op.f('fk_account_changed_by_app_user')),
    sa.ForeignKeyConstraint(['merged_into'], ['account.id'], name=op.f('fk_account_merged_into_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('domain', name=op.f('uq_account_domain'))
    )
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_lifecycle'), ['lifecycle'], unique=False)
        batch_op.create_index(batch_op.f('ix_account_merged_into'), ['merged_into'], unique=False)
        batch_op.create_index(batch_op.f('ix_account_name'), ['name'], unique=False)

    op.create_table('api_key',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('prefix', sa.String(length=12), nullable=False),
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('scopes', sa.JSON(), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_api_key_user_id_app_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_key')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_api_key_key_hash'))
    )
    with op.batch_alter_table('api_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_key_user_id'), ['user_id'], unique=False)

    op.create_table('connector',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.Enum('generic', 'standard_webhooks', name='connectorkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('sealed_secret', sa.String(), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['changed_by'], ['app_user.id'], name=op.f('fk_connector_changed_by_app_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_connector'))
    )
    op.create_table('product',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('bar_accounts', sa.Integer(), nullable=True),
    sa.Column('bar_arr_minor', sa.BigInteger(), nullable=True),
    sa.Column('bar_arr_currency', sa.String(length=3), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('maturity', sa.Enum('early', 'established', name='maturity', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.CheckConstraint('(bar_arr_minor IS NULL) = (bar_arr_currency IS NULL)', name=op.f('ck_product_bar_arr_whole')),
    sa.CheckConstraint('bar_accounts >= 1', name=op.f('ck_product_bar_accounts_positive')),
    sa.CheckConstraint('bar_arr_minor >= 0', name=op.f('ck_product_bar_arr_not_negative')),
    sa.ForeignKeyConstraint(['changed_by'], ['app_user.id'], name=op.f('fk_product_changed_by_app_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_product')),
    sa.UniqueConstraint('name', name=op.f('uq_product_name'))
    )
    op.create_table('sign_in_link',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_sign_in_link_user_id_app_user')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_sign_in_link'))
    )
    with op.batch_alter_table('sign_in_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_link_user_id'), ['user_id'], unique=False)

    op.create_table('user_session',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_user_session_user_id_app_user')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_user_session'))
    )
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_session_user_id'), ['user_id'], unique=False)

    op.create_table('account_ref',
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('external_id', sa.String(length=200), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_account_ref_account_id_account')),
    sa.PrimaryKeyConstraint('source', 'external_id', name=op.f('pk_account_ref'))
    )
    with op.batch_alter_table('account_ref', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_ref_account_id'), ['account_id'], unique=False)

    op.create_table('contact',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_contact_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact'))
    )
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contact_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_contact_email'), ['email'], unique=False)

    op.create_table('delivery',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('connector_id', sa.Uuid(), nullable=False),
    sa.Column('content_type', sa.String(length=200), nullable=False),
    sa.Column('headers', sa.JSON(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['connector_id'], ['connector.id'], name=op.f('fk_delivery_connector_id_connector')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery'))
    )
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delivery_connector_id'), ['connector_id'], unique=False)

    op.create_table('feature',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('bar_accounts', sa.Integer(), nullable=True),
    sa.Column('bar_arr_minor', sa.BigInteger(), nullable=True),
    sa.Column('bar_arr_currency', sa.String(length=3), nullable=True),
    sa.Column('product_id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('description', sa.String(), nullable=True),
    sa.Column('status', sa.Enum('candidate', 'planned', 'in_progress', 'shipped', 'declined', name='featurestatus', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('decline_reason', sa.String(), nullable=True),
    sa.Column('target_on', sa.Date(), nullable=True),
    sa.Column('owner_email', sa.String(length=254), nullable=True),
    sa.Column('shareable', sa.Boolean(), nullable=False),
    sa.Column('public_title', sa.String(length=200), nullable=True),
    sa.Column('area', sa.String(length=64), nullable=True),
    sa.Column('external_id', sa.String(length=200), nullable=True),
    sa.Column('merged_into', sa.Uuid(), nullable=True),
    sa.CheckConstraint("status <> 'declined' OR decline_reason IS NOT NULL", name=op.f('ck_feature_declined_says_why')),
    sa.CheckConstraint("status NOT IN ('planned', 'in_progress') OR target_on IS NOT NULL", name=op.f('ck_feature_planned_has_target')),
    sa.CheckConstraint('(bar_arr_minor IS NULL) = (bar_arr_currency IS NULL)', name=op.f('ck_feature_bar_arr_whole')),
    sa.CheckConstraint('bar_accounts >= 1', name=op.f('ck_feature_bar_accounts_positive')),
    sa.CheckConstraint('bar_arr_minor >= 0', name=op.f('ck_feature_bar_arr_not_negative')),
    sa.CheckConstraint('merged_into <> id', name=op.f('ck_feature_merged_into_another')),
    sa.ForeignKeyConstraint(['changed_by'], ['app_user.id'], name=op.f('fk_feature_changed_by_app_user')),
    sa.ForeignKeyConstraint(['merged_into'], ['feature.id'], name=op.f('fk_feature_merged_into_feature')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_feature_product_id_product')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feature')),
    sa.UniqueConstraint('external_id', name=op.f('uq_feature_external_id'))
    )
    with op.batch_alter_table('feature', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_feature_merged_into'), ['merged_into'], unique=False)
        batch_op.create_index(batch_op.f('ix_feature_product_id'), ['product_id'], unique=False)

    op.create_table('bar_armed',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('feature_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['feature_id'], ['feature.id'], name=op.f('fk_bar_armed_feature_id_feature')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bar_armed'))
    )
    with op.batch_alter_table('bar_armed', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bar_armed_feature_id'), ['feature_id'], unique=False)

    op.create_table('bar_reached',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('feature_id', sa.Uuid(), nullable=False),
    sa.Column('evidence', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['feature_id'], ['feature.id'], name=op.f('fk_bar_reached_feature_id_feature')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bar_reached'))
    )
    with op.batch_alter_table('bar_reached', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bar_reached_feature_id'), ['feature_id'], unique=False)

    op.create_table('delivery_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('received', 'processed', 'parked', 'duplicate', 'refused', 'dismissed', name='deliverystate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['app_user.id'], name=op.f('fk_delivery_event_author_id_app_user')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_delivery_event_delivery_id_delivery')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_event'))
    )
    with op.batch_alter_table('delivery_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delivery_event_delivery_id'), ['delivery_id'], unique=False)

    op.create_table('delivery_key',
    sa.Column('connector_id', sa.Uuid(), nullable=False),
    sa.Column('event_key', sa.String(length=300), nullable=False),
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['connector_id'], ['connector.id'], name=op.f('fk_delivery_key_connector_id_connector')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_delivery_key_delivery_id_delivery')),
    sa.PrimaryKeyConstraint('connector_id', 'event_key', name=op.f('pk_delivery_key'))
    )
    with op.batch_alter_table('delivery_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delivery_key_delivery_id'), ['delivery_id'], unique=False)

    op.create_table('delivery_status',
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('received', 'processed', 'parked', 'duplicate', 'refused', 'dismissed', name='deliverystate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('outcome', sa.JSON(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_delivery_status_delivery_id_delivery')),
    sa.PrimaryKeyConstraint('delivery_id', name=op.f('pk_delivery_status'))
    )
    with op.batch_alter_table('delivery_status', schema=None) as batch_op:
        batch_op.create_index('ix_delivery_status_due', ['state', 'due_at'], unique=False)

    op.create_table('opportunity',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=True),
    sa.Column('amount_currency', sa.String(length=3), nullable=True),
    sa.Column('stage', sa.String(length=64), nullable=True),
    sa.Column('probability_ppm', sa.Integer(), nullable=True),
    sa.Column('close_on', sa.Date(), nullable=True),
    sa.Column('outcome', sa.Enum('open', 'won', 'lost', name='outcome', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('lost_to_feature_id', sa.Uuid(), nullable=True),
    sa.CheckConstraint('(amount_minor IS NULL) = (amount_currency IS NULL)', name=op.f('ck_opportunity_amount_whole')),
    sa.CheckConstraint('amount_minor >= 0', name=op.f('ck_opportunity_amount_not_negative')),
    sa.CheckConstraint('probability_ppm >= 0 AND probability_ppm <= 1000000', name=op.f('ck_opportunity_probability_in_range')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_opportunity_account_id_account')),
    sa.ForeignKeyConstraint(['changed_by'], ['app_user.id'], name=op.f('fk_opportunity_changed_by_app_user')),
    sa.ForeignKeyConstraint(['lost_to_feature_id'], ['feature.id'], name=op.f('fk_opportunity_lost_to_feature_id_feature')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opportunity'))
    )
    with op.batch_alter_table('opportunity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_opportunity_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_opportunity_lost_to_feature_id'), ['lost_to_feature_id'], unique=False)

    op.create_table('ask',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Uuid(), nullable=True),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('product_id', sa.Uuid(), nullable=False),
    sa.Column('feature_id', sa.Uuid(), nullable=True),
    sa.Column('opportunity_id', sa.Uuid(), nullable=True),
    sa.Column('contact_id', sa.Uuid(), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('verbatim', sa.String(), nullable=True),
    sa.Column('why', sa.String(), nullable=True),
    sa.Column('importance', sa.Enum('nice_to_have', 'important', 'blocker', name='importance', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('asked_on', sa.Date(), nullable=False),
    sa.Column('source', sa.Enum('api', 'form', 'import', 'hubspot', 'salesforce', 'pipedrive', 'webhook', name='source', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('source_url', sa.String(length=2000), nullable=True),
    sa.Column('external_source', sa.String(length=64), nullable=True),
    sa.Column('external_id', sa.String(length=200), nullable=True),
    sa.Column('logged_by', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Enum('unanswered', 'answered', 'withdrawn', name='askstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('response_id', sa.Uuid(), nullable=True),
    sa.Column('answer_due_on', sa.Date(), nullable=False),
    sa.Column('withdrawn_reason', sa.String(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'answered' AND response_id IS NOT NULL) OR (state = 'unanswered' AND response_id IS NULL) OR state = 'withdrawn'", name=op.f('ck_ask_answered_iff_response')),
    sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_reason IS NOT NULL)", name=op.f('ck_ask_withdrawn_says_why')),
    sa.CheckConstraint('(external_id IS NULL) = (external_source IS NULL)', name=op.f('ck_ask_external_id_has_source')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_ask_account_id_account')),
    sa.ForeignKeyConstraint(['changed_by'], ['app_user.id'], name=op.f('fk_ask_changed_by_app_user')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_ask_contact_id_contact')),
    sa.ForeignKeyConstraint(['feature_id'], ['feature.id'], name=op.f('fk_ask_feature_id_feature')),
    sa.ForeignKeyConstraint(['logged_by'], ['app_user.id'], name=op.f('fk_ask_logged_by_app_user')),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('fk_ask_opportunity_id_opportunity')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_ask_product_id_product')),
    sa.ForeignKeyConstraint(['response_id', 'id'], ['response.id', 'response.ask_id'], name='fk_ask_current_response', use_alter=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ask')),
    sa.UniqueConstraint('external_source', 'external_id', name=op.f('uq_ask_external_source_external_id'))
    )
    with op.batch_alter_table('ask', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ask_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ask_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index('ix_ask_debt', ['state', 'answer_due_on'], unique=False)
        batch_op.create_index('ix_ask_feature_account', ['feature_id', 'account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ask_opportunity_id'), ['opportunity_id'], unique=False)

    op.create_table('opportunity_ref',
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('external_id', sa.String(length=200), nullable=False),
    sa.Column('opportunity_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('fk_opportunity_ref_opportunity_id_opportunity')),
    sa.PrimaryKeyConstraint('source', 'external_id', name=op.f('pk_opportunity_ref'))
    )
    with op.batch_alter_table('opportunity_ref', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_opportunity_ref_opportunity_id'), ['opportunity_id'], unique=False)

    op.create_table('last_said',
    sa.Column('ask_id', sa.Uuid(), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['ask_id'], ['ask.id'], name=op.f('fk_last_said_ask_id_ask')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_last_said_delivery_id_delivery')),
    sa.PrimaryKeyConstraint('ask_id', name=op.f('pk_last_said'))
    )
    op.create_table('response',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ask_id', sa.Uuid(), nullable=False),
    sa.Column('feature_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.Enum('yes', 'no', 'ranked', name='responsekind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('basis', sa.Enum('available', 'committed', 'not_planned', 'out_of_scope', 'insufficient_demand', name='basis', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('how', sa.String(), nullable=True),
    sa.Column('workaround', sa.Boolean(), nullable=False),
    sa.Column('message', sa.String(), nullable=True),
    sa.Column('contractual', sa.Boolean(), nullable=False),
    sa.Column('contract_reference', sa.String(length=200), nullable=True),
    sa.Column('evidence', sa.JSON(), nullable=False),
    sa.Column('hedge_override', sa.String(), nullable=True),
    sa.Column('hedges', sa.JSON(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=False),
    sa.Column('supersedes', sa.Uuid(), nullable=True),
    sa.Column('supersedes_reason', sa.String(), nullable=True),
    sa.CheckConstraint("(kind = 'yes' AND basis IN ('available', 'committed') AND basis IS NOT NULL) OR (kind = 'no' AND basis IN ('not_planned', 'out_of_scope', 'insufficient_demand') AND basis IS NOT NULL) OR (kind = 'ranked' AND basis IS NULL)", name=op.f('ck_response_basis_fits_kind')),
    sa.CheckConstraint("basis <> 'available' OR how IS NOT NULL", name=op.f('ck_response_available_says_how')),
    sa.CheckConstraint("feature_id IS NOT NULL OR (kind = 'no' AND basis <> 'insufficient_demand')", name=op.f('ck_response_needs_feature')),
    sa.CheckConstraint('supersedes IS NOT NULL OR supersedes_reason IS NULL', name=op.f('ck_response_reason_needs_superseded')),
    sa.ForeignKeyConstraint(['ask_id'], ['ask.id'], name=op.f('fk_response_ask_id_ask')),
    sa.ForeignKeyConstraint(['author_id'], ['app_user.id'], name=op.f('fk_response_author_id_app_user')),
    sa.ForeignKeyConstraint(['feature_id'], ['feature.id'], name=op.f('fk_response_feature_id_feature')),
    sa.ForeignKeyConstraint(['supersedes'], ['response.id'], name=op.f('fk_response_supersedes_response')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_response')),
    sa.UniqueConstraint('id', 'ask_id', name=op.f('uq_response_id_ask_id')),
    sa.UniqueConstraint('supersedes', name=op.f('uq_response_supersedes'))
    )
    with op.batch_alter_table('response', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_response_ask_id'), ['ask_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_response_feature_id'), ['feature_id'], unique=False)
        batch_op.create_index('uq_response_first_of_ask', ['ask_id'], unique=True, sqlite_where=sa.text('supersedes IS NULL'), postgresql_where=sa.text('supersedes IS NULL'))

    if op.get_bind().dialect.name != 'sqlite':
        # The two tables name each other; SQLite takes the constraint inline, above.
        op.create_foreign_key('fk_ask_current_response', 'ask', 'response', ['response_id', 'id'], ['id', 'ask_id'])
    op.create_table('commitment',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('response_id', sa.Uuid(), nullable=False),
    sa.Column('ask_id', sa.Uuid(), nullable=False),
    sa.Column('feature_id', sa.Uuid(), nullable=False),
    sa.Column('opportunity_id', sa.Uuid(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('contractual', sa.Boolean(), nullable=False),
    sa.Column('contract_reference', sa.String(length=200), nullable=True),
    sa.Column('owner_email', sa.String(length=254), nullable=True),
    sa.ForeignKeyConstraint(['ask_id'], ['ask.id'], name=op.f('fk_commitment_ask_id_ask')),
    sa.ForeignKeyConstraint(['feature_id'], ['feature.id'], name=op.f('fk_commitment_feature_id_feature')),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('fk_commitment_opportunity_id_opportunity')),
    sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_commitment_response_id_response')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commitment')),
    sa.UniqueConstraint('response_id', name=op.f('uq_commitment_response_id'))
    )
    with op.batch_alter_table('commitment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_commitment_ask_id'), ['ask_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_commitment_feature_id'), ['feature_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_commitment_opportunity_id'), ['opportunity_id'], unique=False)

    op.create_table('response_choice',
    sa.Column('response_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('feature_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('position >= 1', name=op.f('ck_response_choice_position_from_one')),
    sa.ForeignKeyConstraint(['feature_id'], ['feature.id'], name=op.f('fk_response_choice_feature_id_feature')),
    sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_response_choice_response_id_response')),
    sa.PrimaryKeyConstraint('response_id', 'position', name=op.f('pk_response_choice')),
    sa.UniqueConstraint('response_id', 'feature_id', name=op.f('uq_response_choice_response_id_feature_id'))
    )
    with op.batch_alter_table('response_choice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_response_choice_feature_id'), ['feature_id'], unique=False)

    op.create_table('revisit',
    sa.Column('response_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_revisit_response_id_response')),
    sa.PrimaryKeyConstraint('response_id', name=op.f('pk_revisit'))
    )
    op.create_table('told',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('response_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=True),
    sa.Column('channel', sa.Enum('call', 'email', 'chat', 'meeting', 'portal', name='channel', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('told_on', sa.Date(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['app_user.id'], name=op.f('fk_told_author_id_app_user')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_told_contact_id_contact')),
    sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_told_response_id_response')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_told'))
    )
    with op.batch_alter_table('told', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_told_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_told_response_id'), ['response_id'], unique=False)

    op.create_table('commitment_release',
    sa.Column('commitment_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['app_user.id'], name=op.f('fk_commitment_release_author_id_app_user')),
    sa.ForeignKeyConstraint(['commitment_id'], ['commitment.id'], name=op.f('fk_commitment_release_commitment_id_commitment')),
    sa.PrimaryKeyConstraint('commitment_id', name=op.f('pk_commitment_release'))
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != 'sqlite':
        op.drop_constraint('fk_ask_current_response', 'ask')
    op.drop_table('commitment_release')
    with op.batch_alter_table('told', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_told_response_id'))
        batch_op.drop_index(batch_op.f('ix_told_contact_id'))

    op.drop_table('told')
    op.drop_table('revisit')
    with op.batch_alter_table('response_choice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_response_choice_feature_id'))

    op.drop_table('response_choice')
    with op.batch_alter_table('commitment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_commitment_opportunity_id'))
        batch_op.drop_index(batch_op.f('ix_commitment_feature_id'))
        batch_op.drop_index(batch_op.f('ix_commitment_ask_id'))

    op.drop_table('commitment')
    with op.batch_alter_table('response', schema=None) as batch_op:
        batch_op.drop_index('uq_response_first_of_ask', sqlite_where=sa.text('supersedes IS NULL'), postgresql_where=sa.text('supersedes IS NULL'))
        batch_op.drop_index(batch_op.f('ix_response_feature_id'))
        batch_op.drop_index(batch_op.f('ix_response_ask_id'))

    op.drop_table('response')
    op.drop_table('last_said')
    with op.batch_alter_table('opportunity_ref', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_opportunity_ref_opportunity_id'))

    op.drop_table('opportunity_ref')
    with op.batch_alter_table('ask', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ask_opportunity_id'))
        batch_op.drop_index('ix_ask_feature_account')
        batch_op.drop_index('ix_ask_debt')
        batch_op.drop_index(batch_op.f('ix_ask_contact_id'))
        batch_op.drop_index(batch_op.f('ix_ask_account_id'))

    op.drop_table('ask')
    with op.batch_alter_table('opportunity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_opportunity_lost_to_feature_id'))
        batch_op.drop_index(batch_op.f('ix_opportunity_account_id'))

    op.drop_table('opportunity')
    with op.batch_alter_table('delivery_status', schema=None) as batch_op:
        batch_op.drop_index('ix_delivery_status_due')

    op.drop_table('delivery_status')
    with op.batch_alter_table('delivery_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delivery_key_delivery_id'))

    op.drop_table('delivery_key')
    with op.batch_alter_table('delivery_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delivery_event_delivery_id'))

    op.drop_table('delivery_event')
    with op.batch_alter_table('bar_reached', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bar_reached_feature_id'))

    op.drop_table('bar_reached')
    with op.batch_alter_table('bar_armed', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bar_armed_feature_id'))

    op.drop_table('bar_armed')
    with op.batch_alter_table('feature', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_feature_product_id'))
        batch_op.drop_index(batch_op.f('ix_feature_merged_into'))

    op.drop_table('feature')
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delivery_connector_id'))

    op.drop_table('delivery')
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contact_email'))
        batch_op.drop_index(batch_op.f('ix_contact_account_id'))

    op.drop_table('contact')
    with op.batch_alter_table('account_ref', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_ref_account_id'))

    op.drop_table('account_ref')
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_session_user_id'))

    op.drop_table('user_session')
    with op.batch_alter_table('sign_in_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_link_user_id'))

    op.drop_table('sign_in_link')
    op.drop_table('product')
    op.drop_table('connector')
    with op.batch_alter_table('api_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_key_user_id'))

    op.drop_table('api_key')
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_name'))
        batch_op.drop_index(batch_op.f('ix_account_merged_into'))
        batch_op.drop_index(batch_op.f('ix_account_lifecycle'))

    op.drop_table('account')
    with op.batch_alter_table('product_version', schema=None) as batch_op:
        batch_op.drop_index('ix_product_version_of')

    op.drop_table('product_version')
    with op.batch_alter_table('opportunity_version', schema=None) as batch_op:
        batch_op.drop_index('ix_opportunity_version_of')

    op.drop_table('opportunity_version')
    op.drop_table('first_answer')
    with op.batch_alter_table('feature_version', schema=None) as batch_op:
        batch_op.drop_index('ix_feature_version_of')

    op.drop_table('feature_version')
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_change_transaction'))

    op.drop_table('change')
    with op.batch_alter_table('ask_version', schema=None) as batch_op:
        batch_op.drop_index('ix_ask_version_of')

    op.drop_table('ask_version')
    op.drop_table('app_user')
    with op.batch_alter_table('account_version', schema=None) as batch_op:
        batch_op.drop_index('ix_account_version_of')

    op.drop_table('account_version')
