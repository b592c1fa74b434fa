-- A clinical server's database: variables backend, password. The role owns it, for these servers make their own tables.
\set role :backend
\ir role.sql
\set database :backend
\set owner :backend
\ir database.sql
