"""Sessions that are past their time are found without reading all of them.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():  # people go on working
        # One that was given up, for a transaction that went on for too long, is there and answers nothing.
        op.drop_index("sessions_created", table_name="sessions", postgresql_concurrently=True, if_exists=True)
        op.create_index("sessions_created", "sessions", ["created_at"], postgresql_concurrently=True, if_not_exists=True)


def downgrade() -> None:
    op.drop_index("sessions_created", table_name="sessions")
