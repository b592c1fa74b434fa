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
    op.add_column("deliveries", sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("deliveries_order", "deliveries", [sa.text("urgent DESC"), "due_at"])
    op.drop_index("deliveries_due", table_name="deliveries")


def downgrade() -> None:
    op.create_index("deliveries_due", "deliveries", ["due_at"])
    op.drop_index("deliveries_order", table_name="deliveries")
    op.drop_column("deliveries", "urgent")
