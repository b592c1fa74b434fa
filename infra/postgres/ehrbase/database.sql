-- The database of a real EHRbase, on a PostgreSQL with ICU and uuid-ossp; running it again changes nothing.
-- ehrbase owns it and migrates, ehrbase_restricted is what the server works as.

\set ON_ERROR_STOP 1

\set role ehrbase
\getenv password QUILL_DB_PASSWORD_EHRBASE
\ir ../parts/role.sql
\set role ehrbase_restricted
\getenv password QUILL_DB_PASSWORD_EHRBASE_RESTRICTED
\ir ../parts/role.sql

\set database ehrbase
\set owner ehrbase
\ir ../parts/database.sql
GRANT CONNECT ON DATABASE ehrbase TO ehrbase_restricted;
ALTER DATABASE ehrbase SET search_path TO ext;
ALTER DATABASE ehrbase SET intervalstyle TO iso_8601;

\connect ehrbase
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS ehr AUTHORIZATION ehrbase;
CREATE SCHEMA IF NOT EXISTS ext AUTHORIZATION ehrbase;
GRANT USAGE ON SCHEMA ehr, ext TO ehrbase_restricted;
ALTER DEFAULT PRIVILEGES FOR ROLE ehrbase IN SCHEMA ehr GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ehrbase_restricted;
ALTER DEFAULT PRIVILEGES FOR ROLE ehrbase IN SCHEMA ehr GRANT SELECT ON SEQUENCES TO ehrbase_restricted;
ALTER DEFAULT PRIVILEGES FOR ROLE ehrbase IN SCHEMA ext GRANT EXECUTE ON FUNCTIONS TO ehrbase_restricted;
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" SCHEMA ext;
-- EHRbase's plans need to know that a path rarely finds more than one value.
ALTER FUNCTION pg_catalog.jsonb_path_query(jsonb, jsonpath, jsonb, boolean) ROWS 1;
