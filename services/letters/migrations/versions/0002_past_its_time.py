"""What is past its time is found without reading whole tables.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = (
    ("outbox_published", "outbox", "published_at", "published_at IS NOT NULL"),
    ("operations_keyed", "operations", "created_at", "idempotency_key IS NOT NULL AND state <> 'INTENT'"),
    ("inbox_handled", "inbox", "handled_at", None),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():  # people go on working
        for name, table, column, where in INDEXES:
            only = sa.text(where) if where else None
            # One that was given up, for a transaction that went on for too long, is there and answers nothing.
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name, table, [column], postgresql_where=only, postgresql_concurrently=True, if_not_exists=True
            )


def downgrade() -> None:
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table_name=table)
