"""The first tables: operations, outbox, inbox, patients' EHRs, read receipts.

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
    op.create_index(
        "operations_open", "operations", ["next_try_at"], postgresql_where=sa.text("state = 'INTENT'")
    )
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
    op.create_table(
        "patient_ehrs",
        sa.Column("patient_id", sa.Uuid(), primary_key=True),
        sa.Column("ehr_id", sa.Uuid(), nullable=False, unique=True),
    )
    op.create_table(
        "letter_receipts",
        sa.Column("letter_uid", sa.Uuid(), primary_key=True),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        moment("read_at"),
    )


def downgrade() -> None:
    for table in ("letter_receipts", "patient_ehrs", "inbox", "outbox", "operations"):
        op.drop_table(table)
