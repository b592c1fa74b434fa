"""Operations, outbox, NHS number claims and the search index."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB()


def upgrade() -> None:
    _create_operations()
    _create_outbox()
    _create_nhs_numbers()
    _create_index()


def downgrade() -> None:
    for table in ("indexed_words", "indexed_patients", "nhs_numbers", "outbox", "operations"):
        op.drop_table(table)


def _create_operations() -> None:
    op.create_table(
        "operations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.String()),
        sa.Column("request_hash", sa.String()),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("payload", _JSON),
        sa.Column("actor", _JSON, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answer", _JSON),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", _MOMENT, nullable=False),
        sa.Column("next_try_at", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("caller_id", "idempotency_key", name="operations_key"),
        sa.CheckConstraint("state IN ('INTENT', 'DONE', 'FAILED')", name="operations_state"),
    )
    op.create_index("operations_open", "operations", ["next_try_at"], postgresql_where=sa.text("state = 'INTENT'"))


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False, unique=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("headers", _JSON, nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("claimed_until", _MOMENT),
        sa.Column("published_at", _MOMENT),
    )
    op.create_index("outbox_unpublished", "outbox", ["seq"], postgresql_where=sa.text("published_at IS NULL"))


def _create_nhs_numbers() -> None:
    op.create_table(
        "nhs_numbers",
        sa.Column("nhs_number", sa.String(), primary_key=True),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
    )
    op.create_index("nhs_numbers_patient", "nhs_numbers", ["patient_id"])


def _create_index() -> None:
    op.create_table(
        "indexed_patients",
        sa.Column("patient_id", sa.Uuid(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sort_key", sa.String(collation="C"), nullable=False),
        sa.Column("name", _JSON, nullable=False),
        sa.Column("birth_date", sa.Date()),
        sa.Column("gender", sa.String(), nullable=False),
        sa.Column("nhs_number", sa.String()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
    )
    op.create_index("indexed_patients_order", "indexed_patients", ["sort_key", "patient_id"])
    op.create_index("indexed_patients_gender", "indexed_patients", ["gender", "sort_key", "patient_id"])
    op.create_index("indexed_patients_birth_date", "indexed_patients", ["birth_date"])
    op.create_index("indexed_patients_nhs_number", "indexed_patients", ["nhs_number"])
    op.create_table(
        "indexed_words",
        sa.Column(
            "patient_id",
            sa.Uuid(),
            sa.ForeignKey("indexed_patients.patient_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("word", sa.String(collation="C"), primary_key=True),
        sa.Column("sort_key", sa.String(collation="C"), nullable=False),
        sa.Column("in_family", sa.Boolean(), nullable=False),
        sa.Column("in_given", sa.Boolean(), nullable=False),
    )
    op.create_index("indexed_words_order", "indexed_words", ["word", "sort_key", "patient_id"])
