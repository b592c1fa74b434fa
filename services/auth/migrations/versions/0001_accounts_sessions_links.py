"""Accounts, sessions, refresh tokens, signing keys, link codes, throttles; outbox and operations.

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
        "users",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("username", sa.String(), nullable=False, unique=True),
        sa.Column("email", sa.String(), nullable=False, unique=True),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("password_hash", sa.String()),
        sa.Column("patient_id", sa.Uuid(), unique=True),
        sa.Column("token_version", sa.Integer(), nullable=False),
        moment("disabled_at", nullable=True),
        sa.Column("activation_hash", sa.LargeBinary(), unique=True),
        moment("activation_expires_at", nullable=True),
        moment("created_at"),
        sa.CheckConstraint("roles <> '{}' AND roles <@ ARRAY['patient', 'clinician', 'admin']", name="users_roles"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("csrf_hash", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        moment("created_at"),
        moment("last_seen_at"),
        moment("ended_at", nullable=True),
    )
    op.create_index("sessions_live", "sessions", ["user_id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("session_id", sa.Uuid(), sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        moment("used_at", nullable=True),
        sa.UniqueConstraint("session_id", "generation", name="refresh_tokens_generation"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        moment("active_from"),
    )
    op.create_table(
        "link_codes",
        sa.Column("code_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("birth_date_proof", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        moment("expires_at"),
        moment("used_at", nullable=True),
    )
    op.create_table(
        "throttles",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        moment("until"),
    )
    create_common_tables()


def create_common_tables() -> None:
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


def downgrade() -> None:
    for table in (
        *("operations", "outbox", "throttles", "link_codes"),
        *("signing_keys", "refresh_tokens", "sessions", "users"),
    ):
        op.drop_table(table)
