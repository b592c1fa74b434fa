"""The audit trail: entries that the runtime role can only add and read, the chains they are in; the inbox.

Revision ID: 0003
Revises: 0002
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SOURCES = ("auth", "patients", "letters", "notify")

# Run by the service, with the rights of the tables' owner: whatever the service asks for, nothing younger than a year goes.
# Two thousand entries at most of each chain, since nobody can add to it meanwhile.
PRUNE = """
CREATE FUNCTION prune_audit(days integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    oldest_kept timestamptz := clock_timestamp() - make_interval(days => greatest(days, 365));
    chain public.audit_chains;
    last bigint;
    pruned bigint := 0;
BEGIN
    FOR chain IN SELECT * FROM public.audit_chains ORDER BY source FOR UPDATE LOOP
        SELECT max(old.position) INTO last FROM (
            SELECT next.position, bool_and(next.at < oldest_kept) OVER (ORDER BY next.position) AS goes FROM (
                SELECT entry.position, entry.at FROM public.audit_entries entry
                WHERE entry.source = chain.source AND entry.position > chain.pruned_position
                ORDER BY entry.position LIMIT 2000
            ) next
        ) old WHERE old.goes;
        CONTINUE WHEN last IS NULL;
        UPDATE public.audit_chains SET pruned_position = last, pruned_hash = (
            SELECT entry.hash FROM public.audit_entries entry
            WHERE entry.source = chain.source AND entry.position = last
        ) WHERE source = chain.source;
        DELETE FROM public.audit_entries WHERE source = chain.source AND position <= last;
        pruned := pruned + last - chain.pruned_position;
    END LOOP;
    RETURN pruned;
END $$
"""

# Databases of unit tests have no role of that name.
RIGHTS = """
REVOKE ALL ON FUNCTION prune_audit(integer) FROM PUBLIC;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auth') THEN
        REVOKE ALL ON audit_entries, audit_chains FROM auth;
        GRANT SELECT, INSERT ON audit_entries TO auth;
        GRANT SELECT, UPDATE (position, hash) ON audit_chains TO auth;
        GRANT EXECUTE ON FUNCTION prune_audit(integer) TO auth;
    END IF;
END $$
"""


def moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.create_table("inbox", sa.Column("event_id", sa.Uuid(), primary_key=True), moment("handled_at"))
    create_chains()
    create_entries()
    op.execute(PRUNE)
    op.execute(RIGHTS)


def create_chains() -> None:
    chains = op.create_table(
        "audit_chains",
        sa.Column("source", sa.String(), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("pruned_position", sa.BigInteger(), nullable=False),
        sa.Column("pruned_hash", sa.LargeBinary(), nullable=False),
    )
    genesis = {source: hashlib.sha256(f"quill audit v1 {source}".encode()).digest() for source in SOURCES}
    op.bulk_insert(
        chains,
        [
            {"source": source, "position": 0, "hash": start, "pruned_position": 0, "pruned_hash": start}
            for source, start in genesis.items()
        ],
    )


def create_entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("source", sa.String(), sa.ForeignKey("audit_chains.source"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        moment("at"),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("resource_id", sa.String()),
        sa.Column("patient_id", sa.Uuid()),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("address", sa.String()),
        sa.Column("request_id", sa.String()),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("action IN ('C', 'R', 'U', 'D', 'E')", name="audit_entries_action"),
        sa.CheckConstraint("outcome IN ('ok', 'denied', 'failed')", name="audit_entries_outcome"),
        sa.UniqueConstraint("source", "position", name="audit_entries_place"),
    )
    op.create_index("audit_entries_time", "audit_entries", ["at", "id"])
    op.create_index("audit_entries_patient", "audit_entries", ["patient_id", "at", "id"])
    op.create_index("audit_entries_actor", "audit_entries", ["actor_id", "at", "id"])
    op.create_index("audit_entries_actions", "audit_entries", ["action", "at", "id"])


def downgrade() -> None:
    op.execute("DROP FUNCTION prune_audit(integer)")
    for table in ("audit_entries", "audit_chains", "inbox"):
        op.drop_table(table)
