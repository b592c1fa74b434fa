"""The service's own PostgreSQL database: the engine and the one unit of work. No query of a table lives here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, MetaData, create_engine, delete, pool, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Mapped

from common.errors import BackendUnavailable

STATEMENT_TIMEOUT_SECONDS = 5
# The driver's own, which SQLAlchemy leaves as they are when a new connection ends before it is set up.
BROKEN_OFF = (asyncpg.InterfaceError, asyncpg.PostgresConnectionError)


class StorageUnavailable(BackendUnavailable):
    """The service's own database does not answer. Repeat the request after the time in Retry-After, with the same
    Idempotency-Key if it had one. Operators: check that PostgreSQL is running, accepts connections and has disk space:
    `quill doctor`."""

    slug, title = "storage-unavailable", "This service cannot reach its own database"


class Database:
    """Opens transactions on one database and turns its absence into `StorageUnavailable`."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """
        Args:
            url: `postgresql://user:password@host:port/name`.
            pool_size: connections kept; as many again may be opened under load.
        """
        self.engine = _engine(url, pool_size=pool_size, max_overflow=pool_size)
        # Of its own: a full pool means that there is much to do, not that the database is away.
        self._asking = _engine(url, pool_size=1, max_overflow=0).execution_options(isolation_level="AUTOCOMMIT")
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends well, rolled back otherwise.

        Raises:
            StorageUnavailable: the database is away, frozen, has no connection left, or gave this one up.
        """
        with _telling_absence():
            async with self._sessions.begin() as session:
                yield session

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """For one statement: without a transaction around it that takes one round trip, not three.

        Raises:
            StorageUnavailable: as `transaction`.
        """
        with _telling_absence():
            async with self._alone.connect() as connection:
                yield connection

    async def ping(self) -> None:
        """Ask the database for nothing, to see that it answers."""
        with _telling_absence():
            async with self._asking.connect() as connection:
                await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()
        await self._asking.dispose()


def _engine(url: str, *, pool_size: int, max_overflow: int) -> AsyncEngine:
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=3,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            "timeout": 3,
            "command_timeout": STATEMENT_TIMEOUT_SECONDS,
            # After a failover the name may lead to a standby for a moment; a pool would keep what it reached there.
            "target_session_attrs": "read-write",
            "server_settings": {"timezone": "UTC", "idle_in_transaction_session_timeout": "10000"},
        },
    )


@contextmanager
def _telling_absence() -> Iterator[None]:
    try:
        yield
    except (OSError, PoolTimeout, OperationalError, InterfaceError, *BROKEN_OFF) as error:
        raise StorageUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated or _may_go_better(error):
            raise StorageUnavailable from error
        raise


async def delete_some(
    session: AsyncSession, row: type[Any], key: Mapped[Any], *where: ColumnElement[bool], most: int = 1000
) -> bool:
    """Delete rows of a table, so few that it takes no longer than a statement may; whether there were any.

    Args:
        key: what each row is known by, or each few.
        where: which of them.
        most: fewer where many others go with each.
    """
    some = select(key).where(*where).limit(most)
    return bool((await session.scalars(delete(row).where(key.in_(some), *where).returning(key))).all())


class Together[T]:
    """Has what concurrent callers bring done in one go, so that they share a transaction; each waits for its end."""

    def __init__(self, *, most: int = 100) -> None:
        """
        Args:
            most: how much is done in one go.
        """
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._doing: asyncio.Task[None] | None = None

    async def bring(self, one: T, do: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        """Return when it was done. What comes meanwhile is done next, in the order of its coming.

        Args:
            one: what is to be done.
            do: does it, together with others; all callers mean the same by it.

        Raises:
            Exception: what `do` raised, to each whose own was part of it.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._doing is None or self._doing.done():
            self._doing = asyncio.create_task(self._do_all(do))
        await done

    async def _do_all(self, do: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            results = await _results(do, [one for one, _ in taken])
            for (_, done), result in zip(taken, results, strict=True):
                if done.done():
                    continue  # who brought it has gone
                if isinstance(result, BaseException):
                    done.set_exception(result)
                else:
                    done.set_result(None)


async def _results[T](do: Callable[[Sequence[T]], Awaitable[None]], some: Sequence[T]) -> list[BaseException | None]:
    """How it ended for each; one that cannot be done does not take the others with it."""
    (result,) = await asyncio.gather(do(some), return_exceptions=True)
    if result is None or len(some) == 1 or isinstance(result, StorageUnavailable):
        return [result] * len(some)
    return [alone for one in some for alone in await _results(do, [one])]


def _may_go_better(error: DBAPIError) -> bool:
    # PostgreSQL, appendix A: 57P the server stops or starts, 08 connection exception, 28 its password was changed, 3D
    # the database is gone until it is restored, 53 no resources, 58 its disk fails, 40 rolled back (deadlock,
    # serialization), 55P03 and 57014 a lock or a statement took too long.
    state = getattr(error.orig, "sqlstate", None) or ""
    # Or what the driver was told makes no sense to it, since a connection broke off in the middle.
    is_garbled = isinstance(getattr(error.orig, "__cause__", None), asyncpg.InternalClientError)
    return is_garbled or state.startswith(("57P", "08", "28", "3D", "53", "58", "40", "55P03", "57014"))


# For docs/settings.md and .env.example (docs/generate.py), as [kind] and meaning:
# QUILL_MIGRATION_DATABASE_URL [secret; required] For `alembic upgrade head` in services/<name>: the service's database
#   under the role that owns its tables, such as `postgresql://letters_owner:…@postgres:5432/letters`.
def run_migrations(metadata: MetaData, *, url: str) -> None:
    """Bring a database to the newest schema: what every service's `migrations/env.py` calls.

    Args:
        metadata: the service's tables, for the drift check.
        url: `postgresql://owner:password@host:port/name`; the runtime role may not change the schema.
    """
    from alembic import context

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.commit()
        # One each, so that one that works beside people (CREATE INDEX CONCURRENTLY) can leave its transaction.
        context.configure(
            connection=connection, target_metadata=metadata, compare_type=True, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()
