-- Databases, roles and rights of the fleet, for psql connected as the superuser; running it again changes nothing.
-- Each password comes from the environment: QUILL_DB_PASSWORD_<ROLE>, e.g. QUILL_DB_PASSWORD_AUTH_OWNER.
-- The official PostgreSQL image runs this file as it stands when the folder is mounted at
-- /docker-entrypoint-initdb.d; databases can move to other servers by taking their three lines along.

\set ON_ERROR_STOP 1

-- Nobody connects anywhere by default.
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;

\set service auth
\getenv owner_password QUILL_DB_PASSWORD_AUTH_OWNER
\getenv password QUILL_DB_PASSWORD_AUTH
\ir parts/service.sql

\set service patients
\getenv owner_password QUILL_DB_PASSWORD_PATIENTS_OWNER
\getenv password QUILL_DB_PASSWORD_PATIENTS
\ir parts/service.sql

\set service letters
\getenv owner_password QUILL_DB_PASSWORD_LETTERS_OWNER
\getenv password QUILL_DB_PASSWORD_LETTERS
\ir parts/service.sql

\set service notify
\getenv owner_password QUILL_DB_PASSWORD_NOTIFY_OWNER
\getenv password QUILL_DB_PASSWORD_NOTIFY
\ir parts/service.sql

\set backend fhir
\getenv password QUILL_DB_PASSWORD_FHIR
\ir parts/backend.sql

\set backend openehr
\getenv password QUILL_DB_PASSWORD_OPENEHR
\ir parts/backend.sql
