"""The connection pool and the schema. One JSONB document per version; unique keys decide every race."""

import json

import asyncpg

CONNECT_SECONDS = 2.0
COMMAND_SECONDS = 20.0
_SCHEMA_LOCK = 0x6F70656E  # several servers may start at once

_SCHEMA = """
CREATE TABLE IF NOT EXISTS template (
    template_id text PRIMARY KEY,
    concept text NOT NULL,
    archetype_id text NOT NULL,
    document text NOT NULL,
    created timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS ehr (
    id uuid PRIMARY KEY,
    subject_namespace text,
    subject_id text,
    status jsonb NOT NULL,
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ehr_subject UNIQUE (subject_namespace, subject_id)
);
CREATE TABLE IF NOT EXISTS contribution (
    id uuid PRIMARY KEY,
    ehr_id uuid NOT NULL REFERENCES ehr,
    audit jsonb NOT NULL
);
CREATE TABLE IF NOT EXISTS version (
    object_id uuid NOT NULL,
    number integer NOT NULL,
    ehr_id uuid NOT NULL REFERENCES ehr,
    contribution_id uuid NOT NULL REFERENCES contribution,
    uid text NOT NULL,
    template_id text,
    committed timestamptz NOT NULL,
    audit jsonb NOT NULL,
    data jsonb,
    is_latest boolean NOT NULL DEFAULT true,
    position bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (object_id, number)
);
CREATE UNIQUE INDEX IF NOT EXISTS version_latest ON version (object_id) WHERE is_latest;
CREATE INDEX IF NOT EXISTS version_of_ehr ON version (ehr_id) WHERE is_latest;
CREATE INDEX IF NOT EXISTS version_of_contribution ON version (contribution_id);

-- The instant of a DV_DATE_TIME in whole seconds, as EHRbase orders and compares it; NULL for anything else.
CREATE OR REPLACE FUNCTION instant(node jsonb) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN node ->> 'value' ~ '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d([.,]\\d+)?)?(Z|[+-]\\d\\d(:?\\d\\d)?)?)?$'
        THEN floor(extract(epoch FROM replace(node ->> 'value', ',', '.')::timestamptz))::bigint
    END
$$;
"""


async def open_pool(database_url: str) -> asyncpg.Pool:
    """Connect and make the schema; OSError or asyncpg.PostgresError where the database is not there."""
    pool = await asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=10,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        init=_prepare,
        server_settings={"timezone": "UTC", "application_name": "openehr_server", "jit": "off"},
    )
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _SCHEMA_LOCK)
        await connection.execute(_SCHEMA)
    return pool


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
