"""A database with the tables that every service has, for tests of what stands on nothing else."""

from functools import cache

from common.work import Work  # noqa: F401 - brings the common tables
from native.bare import PostgresServer
from sqlalchemy import create_engine
from sqlmodel import SQLModel

TABLES = [SQLModel.metadata.tables[name] for name in ("inbox", "operations", "outbox")]


def new_database(server: PostgresServer) -> str:
    """The URL of a fresh database with the common tables."""
    return server.create_database(template=_with_tables(server))


@cache
def _with_tables(server: PostgresServer) -> str:
    name = "common_tables"
    engine = create_engine(server.create_database(name).replace("postgresql://", "postgresql+psycopg://", 1))
    SQLModel.metadata.create_all(engine, tables=TABLES)
    engine.dispose()
    return name
