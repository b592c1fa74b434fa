-- A service's database: variables service, owner_password, password.
-- <service>_owner owns it and runs migrations; <service> reads and writes rows and can change no table.
SELECT :'service' || '_owner' AS owner \gset
SELECT :'password' AS runtime_password \gset

\set role :owner
\set password :owner_password
\ir role.sql
\set role :service
\set password :runtime_password
\ir role.sql

\set database :service
\ir database.sql
GRANT CONNECT ON DATABASE :"service" TO :"service";

SELECT current_database() AS entry \gset
\connect :service
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO :"owner";
GRANT USAGE ON SCHEMA public TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO :"service";
\connect :entry
