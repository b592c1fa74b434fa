"""The transactional outbox: facts are stored with the work that caused them, then relayed to JetStream."""

import asyncio
from collections.abc import Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from nats.aio.client import Client as NatsClient
from nats.errors import Error as NatsError
from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json, to_json
from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Row, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from common import clock
from common.db import Database, StorageUnavailable, delete_some
from common.events import BEAT_SUBJECT, RETENTION, SPEC_VERSION, Event
from common.logging import get_logger, traceparent
from common.nats import to_its_end

log = get_logger(__name__)

CLAIM = timedelta(seconds=5)
BATCH = 100
SCHEMA = "ce-dataschema"
POLL_SECONDS = 1.0
PUBLISH_TIMEOUT_SECONDS = 2.0
BEAT_SECONDS = 5.0
BEAT_KEPT_SECONDS = 60.0


class OutboxRow(SQLModel, table=True):
    """An event as it will be published. Rows stay 30 days, so that a lost stream can be rebuilt from them."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_unpublished", "seq", postgresql_where=text("published_at IS NULL")),
        Index("outbox_published", "published_at", postgresql_where=text("published_at IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), unique=True, nullable=False)
    )
    subject: str
    headers: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    claimed_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    published_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


_ROWS = SQLModel.metadata.tables[OutboxRow.__tablename__]
_ADDED, _STORED = "outbox added", "outbox stored"
WAITING = select(func.count(), func.min(col(OutboxRow.created_at))).where(col(OutboxRow.published_at).is_(None))


class Envelope(BaseModel):
    """CloudEvents 1.0 attributes as NATS headers (binary mode); `ce-id` is also the `Nats-Msg-Id`."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime = Field(default_factory=clock.now)
    dataschema: str
    traceparent: str = ""

    def headers(self) -> dict[str, str]:
        """The NATS headers of this event."""
        return {
            "Nats-Msg-Id": str(self.id),
            "ce-specversion": SPEC_VERSION,
            "ce-id": str(self.id),
            "ce-type": self.type,
            "ce-source": self.source,
            "ce-subject": self.subject,
            "ce-time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            SCHEMA: self.dataschema,
            "content-type": "application/json",
            **({"traceparent": self.traceparent} if self.traceparent else {}),
        }


def add(
    session: AsyncSession, event: Event, *, source: str, subject: str | None = None, event_id: UUID | None = None
) -> UUID:
    """Have a fact stored in the caller's transaction; it is announced if and only if that commits.

    Args:
        event: the fact.
        source: the service's name, for CloudEvents `source`.
        subject: when the subject is more precise than the fact's own (audit: one per source).
        event_id: when the fact could be stored again in another life of the database; a fresh one otherwise.

    Returns:
        The event's id, which is also its `Nats-Msg-Id`.
    """
    envelope = Envelope(
        id=event_id or uuid4(),
        type=event.subject,
        source=f"/services/{source}",
        subject=event.path,
        dataschema=event.schema_path(),
        traceparent=traceparent.get(),
    )
    row = {
        "id": envelope.id,
        "subject": subject or event.subject,
        "headers": envelope.headers(),
        "body": event.model_dump(mode="json"),
        "created_at": envelope.time,
    }
    session.info.setdefault(_ADDED, []).append(row)
    return envelope.id


async def store(session: AsyncSession) -> None:
    """Write down what was added, before the transaction ends. (As objects of the session it takes twice as long.)"""
    if rows := session.info.pop(_ADDED, []):
        await session.execute(insert(_ROWS), rows)
        session.info[_STORED] = True


def stored(session: AsyncSession) -> bool:
    """Whether a fact was stored in this session, so that there is something to relay; asking again says no."""
    return bool(session.info.pop(_STORED, False))


class Relay:
    """Publishes stored facts in their order, at least once, with the event's id as `Nats-Msg-Id`.

    A row is claimed for five seconds rather than locked while it is sent: a relay that dies or is frozen delays
    its rows by that, and two relays that send the same row are made one by JetStream's and the consumers' checks.
    What waits goes out in batches: one acknowledgement for a hundred events (measured: six times as many a second as
    without waiting for each, and those could be overtaken by others when a connection breaks).
    """

    def __init__(self, database: Database, nats: NatsClient, *, origin: str, beats: bool = False) -> None:
        """
        Args:
            origin: where people reach the fleet, and everybody the schemas of its facts.
            beats: whether to publish the sign of life of the revocation feed.
        """
        self._database, self._nats, self._origin, self._beats = database, nats, origin, beats
        self._wake = asyncio.Event()
        self._next_beat = 0.0

    def wake(self) -> None:
        """Say that something was committed, so that it is sent now rather than at the next poll."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until cancelled; whatever fails is tried again."""
        while True:
            try:
                await to_its_end(self._drain())
                await self._beat()
            except (NatsError, StorageUnavailable, TimeoutError, OSError) as error:
                log.warning("relay waits", reason=type(error).__name__)
                await asyncio.sleep(POLL_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            self._wake.clear()

    async def _drain(self) -> None:
        # A stream that takes nothing is left alone until the next time, so that it holds up no other.
        refusing = dict[str, Exception]()
        while self._nats.is_connected and (rows := await self._claim(but=refusing)):
            published: list[UUID] = []
            try:
                for stream, some in _by_stream(rows).items():
                    if error := await _end_of(self._publish_all(some, published)):
                        refusing[stream] = error
            finally:
                await self._settle(published, [row.id for row in rows if row.id not in published])
            if len(rows) < BATCH and not refusing:
                return  # what came since has woken us
        for error in refusing.values():
            raise error

    async def _publish_all(self, rows: Sequence[Row[Any]], published: list[UUID]) -> None:
        if len(rows) > 1 and await self._publish_together(rows):
            published += [row.id for row in rows]
            return
        for row in rows:
            await self._publish(row)
            published.append(row.id)

    async def _claim(self, *, but: Collection[str]) -> Sequence[Row[Any]]:
        now = clock.now()
        others = (~col(OutboxRow.subject).startswith(f"quill.{stream}.") for stream in but)
        free = col(OutboxRow.claimed_until).is_(None) | (col(OutboxRow.claimed_until) < now)
        next_rows = (
            select(col(OutboxRow.id))
            .where(col(OutboxRow.published_at).is_(None), free, *others)
            .order_by(col(OutboxRow.seq))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        claim = update(_ROWS).where(_ROWS.c.id.in_(next_rows)).values(claimed_until=now + CLAIM).returning(_ROWS)
        async with self._database.statement() as connection:
            rows = (await connection.execute(claim)).all()
        return sorted(rows, key=lambda row: row.seq)

    async def _publish_together(self, rows: Sequence[Row[Any]]) -> bool:
        """Have a stream take all of these or none, in their order (NATS ADR-50). False when it took none: it refuses a
        batch with an event that it knows, and streams that were not made for batches refuse all."""
        batch = {"Nats-Batch-Id": uuid4().hex}
        for place, row in enumerate(rows[:-1], start=1):
            headers = self._headers(row) | batch | {"Nats-Batch-Sequence": str(place)}
            await self._nats.publish(row.subject, to_json(row.body), headers=headers)
        headers = self._headers(rows[-1]) | batch | {"Nats-Batch-Sequence": str(len(rows)), "Nats-Batch-Commit": "1"}
        answer = await self._nats.request(
            rows[-1].subject, to_json(rows[-1].body), timeout=PUBLISH_TIMEOUT_SECONDS, headers=headers
        )
        return bool(from_json(answer.data).get("count") == len(rows))

    async def _publish(self, row: Row[Any]) -> None:
        await self._nats.jetstream().publish(
            row.subject, to_json(row.body), timeout=PUBLISH_TIMEOUT_SECONDS, headers=self._headers(row)
        )

    def _headers(self, row: Row[Any]) -> dict[str, str]:
        """Those that were stored; where the schema stands is an absolute URI (CloudEvents 1.0 §3.1.2 `dataschema`)."""
        return {**row.headers, SCHEMA: self._origin + row.headers[SCHEMA]}

    async def _settle(self, published: Sequence[UUID], left: Sequence[UUID]) -> None:
        """Note what was published, and let go of the rest, so that what comes later does not go before it."""
        for ids, end in ((published, {"published_at": clock.now()}), (left, {})):
            if ids:
                mine = _ROWS.c.id.in_(ids), _ROWS.c.published_at.is_(None)
                async with self._database.statement() as connection:
                    await connection.execute(update(_ROWS).where(*mine).values(claimed_until=None, **end))

    async def _beat(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._beats and self._nats.is_connected and now >= self._next_beat:
            await self._nats.jetstream().publish(
                BEAT_SUBJECT, b"{}", timeout=PUBLISH_TIMEOUT_SECONDS, msg_ttl=BEAT_KEPT_SECONDS
            )
            self._next_beat = now + BEAT_SECONDS


async def _end_of(doing: Coroutine[Any, Any, None]) -> Exception | None:
    try:
        await doing
    except (NatsError, TimeoutError, OSError) as error:
        return error
    return None


def _by_stream(rows: Sequence[Row[Any]]) -> Mapping[str, list[Row[Any]]]:
    """Rows that go into the same stream, in their order; two streams have none in common."""
    streams: dict[str, list[Row[Any]]] = {}
    for row in rows:
        streams.setdefault(row.subject.split(".", 2)[1], []).append(row)  # as `Event.stream` has it
    return streams


async def forget_old(session: AsyncSession) -> bool:
    """Drop rows that were published longer ago than streams keep them, a thousand at most; whether there were any."""
    return await delete_some(
        session, OutboxRow, col(OutboxRow.id), col(OutboxRow.published_at) < clock.now() - RETENTION
    )
