"""The first tables: operations, outbox, inbox of events, devices, links, notifications, deliveries.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    create_shared_tables()
    op.create_table(
        "devices",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        moment("created_at"),
        sa.UniqueConstraint("endpoint_hash", name="devices_endpoint"),
    )
    op.create_index("devices_user", "devices", ["user_id"])
    op.create_index("devices_session", "devices", ["session_id"])
    op.create_table(
        "links",
        sa.Column("patient_id", sa.Uuid(), primary_key=True),
        sa.Column("user_id", sa.Uuid()),
        moment("changed_at", nullable=True),
    )
    create_notifications()


def create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("patient_id", sa.Uuid()),
        sa.Column("letter_uid", sa.Uuid()),
        sa.Column("cause_event_id", sa.Uuid()),
        sa.Column("carried_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        moment("created_at"),
        moment("read_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'attempted', 'no_device', 'failed', 'read')", name="notifications_state"
        ),
        sa.CheckConstraint("user_id IS NOT NULL OR patient_id IS NOT NULL", name="notifications_recipient"),
        sa.UniqueConstraint("cause_event_id", "patient_id", name="notifications_cause"),
    )
    op.create_index("notifications_user", "notifications", ["user_id", "created_at", "id"])
    op.create_index("notifications_unread", "notifications", ["user_id"], postgresql_where=sa.text("read_at IS NULL"))
    op.create_index("notifications_patient", "notifications", ["patient_id"])
    op.create_index("notifications_carried", "notifications", ["carried_by"])
    op.create_table(
        "deliveries",
        sa.Column("notification_id", sa.Uuid(), sa.ForeignKey("notifications.id"), primary_key=True),
        sa.Column("device_id", sa.Uuid(), sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        moment("due_at"),
    )
    op.create_index("deliveries_due", "deliveries", ["due_at"])
    op.create_index("deliveries_device", "deliveries", ["device_id"])


def create_shared_tables() -> None:
    op.create_table(
        "operations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.String()),
        sa.Column("request_hash", sa.String()),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("payload", JSONB()),
        sa.Column("actor", JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answer", JSONB()),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        moment("lease_until"),
        moment("next_try_at"),
        moment("created_at"),
        sa.CheckConstraint("state IN ('INTENT', 'DONE', 'FAILED')", name="operations_state"),
        sa.UniqueConstraint("caller_id", "idempotency_key", name="operations_key"),
    )
    op.create_index("operations_open", "operations", ["next_try_at"], postgresql_where=sa.text("state = 'INTENT'"))
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False, unique=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        moment("created_at"),
        moment("claimed_until", nullable=True),
        moment("published_at", nullable=True),
    )
    op.create_index("outbox_unpublished", "outbox", ["seq"], postgresql_where=sa.text("published_at IS NULL"))
    op.create_table("inbox", sa.Column("event_id", sa.Uuid(), primary_key=True), moment("handled_at"))


def downgrade() -> None:
    for table in ("deliveries", "notifications", "links", "devices", "inbox", "outbox", "operations"):
        op.drop_table(table)
