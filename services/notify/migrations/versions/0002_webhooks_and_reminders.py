"""Webhooks with what they have yet to take; when to remind of a notification.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("notifications", moment("remind_at", nullable=True))
    op.create_index(
        "notifications_remind", "notifications", ["remind_at"], postgresql_where=sa.text("remind_at IS NOT NULL")
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("events", ARRAY(sa.String()), nullable=False),
        moment("created_at"),
        moment("failing_since", nullable=True),
        moment("disabled_at", nullable=True),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.Uuid(), sa.ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        moment("happened_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        moment("due_at"),
        moment("dead_at", nullable=True),
    )
    op.create_index(
        "webhook_deliveries_due",
        "webhook_deliveries",
        ["webhook_id", "due_at"],
        postgresql_where=sa.text("dead_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.drop_index("notifications_remind", table_name="notifications")
    op.drop_column("notifications", "remind_at")
