"""Checks of PostgreSQL and NATS: versions, that an answer means the disk, and what waits in them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from alembic.script import ScriptDirectory
from common import clock, operations, outbox
from common.events import DURABLES, STREAMS
from provision.streams import consumer_config, stream_config
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ops import house
from ops.events import durable_state
from ops.findings import Finding, State, clock_problems, fail, ok, open_client, warn
from ops.house import Broker, Settings
from ops.operations import Operating

LATE = timedelta(minutes=1)
OLDEST_POSTGRES = 15
OLDEST_NATS = (2, 14)  # has the consumer reset of `quill events replay`
FULL = 0.8  # of the storage that a server gives to JetStream
LOOKS, LOOK_SECONDS = 6, 0.3
NANOSECONDS = ("max_age", "duplicate_window", "ack_wait")
PROVISION = "provision again, as a start of the fleet does; see docs/operations.md"
LAGGING = "see whether that server runs; it catches up by itself"
ABOUT_POSTGRES = text(
    "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,"
    " current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,"
    " current_setting('synchronous_commit') AS synchronous_commit, clock_timestamp() AS now"
)
INVALID_INDEXES = text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
REBUILD = "as the database's owner: REINDEX INDEX CONCURRENTLY"
# A disabled one counts until it is removed.
WEBHOOKS = text(
    "SELECT count(*) FILTER (WHERE failing_since IS NOT NULL AND disabled_at IS NULL), count(disabled_at) FROM webhooks"
)


async def check_database(settings: Settings, service: str) -> AsyncIterator[Finding]:
    """One service's database: its server, its schema, and what waits in it."""
    name = f"{service} database"
    async with settings.database(service) as database, database.transaction() as session:
        asked = datetime.now(UTC)
        told = dict((await session.execute(ABOUT_POSTGRES)).mappings().one())
        wrong = [*_server_problems(name, told), *clock_problems(name, told["now"], asked=asked)]
        for one in wrong or [ok(name, f"PostgreSQL {told['version'].split()[0]}, committed is on the disk")]:
            yield one
        if invalid := list(await session.scalars(INVALID_INDEXES)):
            yield warn(f"{service} indexes", f"{', '.join(invalid)}: not valid, so not used", REBUILD)
        schema = await _schema(settings, session, service)
        yield schema
        if schema.state is State.FAIL:
            return  # what waits cannot be counted in tables of another version
        yield await _outbox(session, service)
        if service in list(Operating):
            yield await _operations(session, service)
        if service == "notify":
            yield await _webhooks(session)


def _server_problems(name: str, told: Mapping[str, Any]) -> list[Finding]:
    wrong = []
    if told["number"] < OLDEST_POSTGRES * 10000:
        wrong.append(fail(name, f"PostgreSQL {told['version']}", f"move to {OLDEST_POSTGRES} or newer"))
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if told[setting] == "off":
            advice = f"set {setting} = on: a crash loses what was acknowledged"
            wrong.append(fail(name, f"{setting} is off", advice))
    return wrong


async def _schema(settings: Settings, session: AsyncSession, service: str) -> Finding:
    check, folder = f"{service} schema", settings.services_folder / service / "migrations"
    if not folder.is_dir():
        return warn(
            check, f"no migrations in {folder}", "run this where the services' folder is, or set QUILL_SERVICES_FOLDER"
        )
    newest = await asyncio.to_thread(ScriptDirectory(str(folder)).get_current_head)
    migrated = await session.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    known = await session.scalar(text("SELECT version_num FROM alembic_version")) if migrated else "nothing"
    if known == newest:
        return ok(check, f"at {known}, the newest")
    return fail(
        check, f"at {known} instead of {newest}", f"run `alembic upgrade head` in {settings.services_folder}/{service}"
    )


async def _outbox(session: AsyncSession, service: str) -> Finding:
    found = (await session.execute(outbox.WAITING)).one()
    return _backlog(f"{service} outbox", *found, what="not published", advice="see whether NATS and the service run")


async def _operations(session: AsyncSession, service: str) -> Finding:
    found = (await session.execute(operations.WAITING)).one()
    advice = "see `quill operations ls`, and whether its backend answers"
    return _backlog(f"{service} operations", *found, what="waiting", advice=advice)


async def _webhooks(session: AsyncSession) -> Finding:
    failing, disabled = (await session.execute(WEBHOOKS)).one()
    if not failing and not disabled:
        return ok("webhooks", "none is failing or disabled")
    return warn("webhooks", f"failing: {failing}, disabled: {disabled}", "see docs/operations.md, Webhooks")


def _backlog(check: str, number: int, oldest: datetime | None, *, what: str, advice: str) -> Finding:
    if oldest is None:
        return ok(check, "nothing waits")
    found = f"{what}: {number}, the oldest for {house.age(oldest)}"
    return warn(check, found, advice) if clock.now() - oldest > LATE else ok(check, found)


async def check_monitor(name: str, url: str) -> AsyncIterator[Finding]:
    """What a NATS server tells of itself: its disk and its clock."""
    asked = datetime.now(UTC)
    async with open_client() as client:
        told = (await client.get(f"{url}/varz")).raise_for_status().json()
    used, most = told["jetstream"]["stats"]["storage"], told["jetstream"]["config"]["max_storage"]
    if used > FULL * most:
        yield warn(f"{name} space", f"{used / most:.0%} of its storage is used", "give it a larger disk")
    if told["jetstream"]["config"].get("sync_always"):
        yield ok(f"{name} disk", "acknowledged is on the disk")
    else:
        yield fail(f"{name} disk", "a crash loses acknowledged messages", "set sync_interval: always in jetstream {}")
    for one in clock_problems(f"{name} clock", datetime.fromisoformat(told["now"]), asked=asked):
        yield one


async def check_broker(settings: Settings) -> AsyncIterator[Finding]:
    """JetStream against the catalogue, and what waits in it."""
    async with settings.broker() as broker:
        version = broker.client.connected_server_version
        if (version.major, version.minor) < OLDEST_NATS:
            yield fail("nats", f"NATS {version}", f"move to {'.'.join(map(str, OLDEST_NATS))} or newer")
        else:
            yield ok("nats", f"NATS {version}")
        found = {stream.name: await broker.stream(stream.name) for stream in STREAMS}
        copies = "" if settings.copies == 1 else f", {settings.copies} copies each"
        for one in _stream_problems(found, settings.copies) or [
            ok("streams", f"{len(STREAMS)} as the catalogue says{copies}")
        ]:
            yield one
        infos = {one["name"]: one for s in STREAMS for one in await broker.durables(s.name)}
        for one in await _durable_problems(broker, infos) or [
            ok("durables", f"{len(DURABLES)} as the catalogue says, all read")
        ]:
            yield one
        buried = ((found["DLQ"] or {}).get("state") or {}).get("messages", 0)
        advice = "see `quill dlq ls`, mend the cause, then `quill dlq replay`"
        yield warn("dead letters", f"buried: {buried}", advice) if buried else ok("dead letters", "none")


def _stream_problems(found: Mapping[str, Mapping[str, Any] | None], copies: int) -> list[Finding]:
    wrong = []
    for stream in STREAMS:
        check, known = f"stream {stream.name}", found[stream.name]
        if known is None:
            advice = f"{PROVISION}; then `quill events republish` for each service"
            wrong.append(fail(check, "is missing", advice))
        elif drift := _drift(stream_config(stream, replicas=copies).as_dict(), known["config"]):
            wrong.append(fail(check, drift, PROVISION))
        elif behind := _behind(known.get("cluster") or {}):
            wrong.append(warn(check, f"its copy on {', '.join(behind)} is not up to date", LAGGING))
    return wrong


def _behind(cluster: Mapping[str, Any]) -> list[str]:
    """The servers whose copy of a stream lacks something, or that are away."""
    return [one["name"] for one in cluster.get("replicas") or [] if one.get("offline") or not one.get("current")]


async def _durable_problems(broker: Broker, infos: Mapping[str, dict[str, Any]]) -> list[Finding]:
    wrong, unread = [], await _unread(broker, infos)
    for durable in DURABLES:
        check, info = durable.name, infos.get(durable.name)
        if info is None:
            wrong.append(fail(check, "is missing", PROVISION))
            continue
        if drift := _drift(consumer_config(durable).as_dict(), info["config"]):
            wrong.append(fail(check, drift, PROVISION))
        if durable.name in unread:
            wrong.append(fail(check, "nobody reads it", f"see whether {durable.name.partition('-')[0]} runs"))
        wrong += await _lag(broker, info)
    return wrong


async def _lag(broker: Broker, info: dict[str, Any]) -> list[Finding]:
    state = await durable_state(broker, info)
    if state["oldest"] is None or clock.now() - state["oldest"] < LATE:
        return []
    number = state["pending"] + state["unacknowledged"]
    found = f"waiting: {number}, the oldest for {house.age(state['oldest'])}"
    return [warn(info["name"], found, f"see the log of {info['name'].partition('-')[0]}")]


async def _unread(broker: Broker, infos: Mapping[str, dict[str, Any]]) -> set[str]:
    """Durables that nobody asked for messages in two seconds; a reader's requests have short gaps between them."""
    unread = {durable.name: durable.event.stream() for durable in DURABLES if durable.name in infos}
    for look in range(LOOKS):
        told = {one["name"]: one for stream in set(unread.values()) for one in await broker.durables(stream)}
        unread = {name: stream for name, stream in unread.items() if not told.get(name, {}).get("num_waiting")}
        if not unread:
            break
        await asyncio.sleep(LOOK_SECONDS if look + 1 < LOOKS else 0)
    return set(unread)


def _drift(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Where the server's configuration is not the catalogue's; what it leaves out is false, zero or empty."""
    differing = [name for name, value in wanted.items() if (found.get(name) or None) != (value or None)]
    return ", ".join(
        f"{name} is {_said(name, found.get(name))} instead of {_said(name, wanted[name])}" for name in differing
    )


def _said(name: str, value: Any) -> str:
    return house.span((value or 0) / 1e9) if name in NANOSECONDS else str(value)
