"""Pushes about letters go before all others.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    urgent = sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("deliveries", urgent, if_not_exists=True)
    with op.get_context().autocommit_block():  # people go on working
        order = [sa.text("urgent DESC"), "due_at"]
        # One that was given up, for a transaction that went on for too long, is there and answers nothing.
        op.drop_index("deliveries_order", table_name="deliveries", postgresql_concurrently=True, if_exists=True)
        op.create_index("deliveries_order", "deliveries", order, postgresql_concurrently=True, if_not_exists=True)
        op.drop_index("deliveries_due", table_name="deliveries", postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    op.create_index("deliveries_due", "deliveries", ["due_at"])
    op.drop_index("deliveries_order", table_name="deliveries")
    op.drop_column("deliveries", "urgent")
