"""What Prometheus is told when it asks: what was counted, and what has to be looked up, each look within a second."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import Select
from sqlalchemy.pool import QueuePool

from common import clock, operations, outbox
from common.consumer import Consumer
from common.db import Database
from common.errors import BackendUnavailable, QuillError
from common.health import Check, service_health
from common.nats import Link
from common.policy import ANYONE, PolicyRouter, allow

LOOK_SECONDS = 1.0

type Look = Callable[[], Awaitable[Sequence[Gauge]]]
# How many wait, and since when the oldest is due (null when nothing waits). Asked often: an index must answer it.
type Backlog = Select[int, datetime]


async def look_at_backlogs(database: Database, backlogs: Mapping[str, Backlog]) -> Sequence[Gauge]:
    """What waits in the service's own tables: facts, writes, and what else it keeps there to be done."""
    waiting, overdue = dict[str, float](), dict[str, float]()
    async with database.transaction() as session:
        for name, backlog in {"outbox": outbox.WAITING, "operations": operations.WAITING, **backlogs}.items():
            waiting[name], due_at = (await session.execute(backlog)).one()
            overdue[name] = max(0.0, (clock.now() - due_at).total_seconds()) if due_at else 0.0
    return [
        _gauge("waiting", "What waits in a table of the service", "queue", waiting),
        _gauge("waiting_oldest_seconds", "For how long the oldest of it has been due", "queue", overdue),
    ]


async def look_at_consumers(service: str, consumers: Sequence[Consumer[Any, Any]], link: Link) -> Sequence[Gauge]:
    """How far the service's durables are behind, what they buried, and whether a cluster's servers are in step."""
    if not link.client.is_connected:
        raise BackendUnavailable
    jetstream = link.client.jetstream(timeout=LOOK_SECONDS)
    infos = await asyncio.gather(*(jetstream.consumer_info(one.events[0].stream(), one.durable) for one in consumers))
    stream = await jetstream.stream_info("DLQ", subjects_filter=f"quill.dlq.{service}.>")
    pending = {one.name: one.num_pending for one in infos}
    handed_out = {one.name: one.num_ack_pending for one in infos}
    buried = {subject.rpartition(".")[2]: number for subject, number in (stream.state.subjects or {}).items()}
    return [
        _gauge("consumer_pending", "Events that a durable has not handed out yet", "durable", pending),
        _gauge("consumer_ack_pending", "Events handed out and not acknowledged", "durable", handed_out),
        _gauge("dead_letters", "Events that a consumer buried and nobody has dealt with", "durable", buried),
        _gauge(
            "nats_server_up", "Whether a server of the cluster has what the others have", "server", _servers(stream)
        ),
    ]


def _servers(stream: StreamInfo) -> Mapping[str, float]:
    """The servers of a stream that has a copy on each, as its leader sees them; none where there is no cluster."""
    if stream.cluster is None or not stream.cluster.replicas:
        return {}
    followers = {str(one.name): float(bool(one.current) and not one.offline) for one in stream.cluster.replicas}
    return {str(stream.cluster.leader): 1.0, **followers}


async def look_at_backends(database: Database, checks: Mapping[str, Check]) -> Sequence[Gauge]:
    """Which backends answer, and how many of its database connections the service uses."""
    up = {name: one["status"] == "ok" for name, one in (await service_health(checks))["backends"].items()}
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)  # noqa: S101 - what create_async_engine makes
    used = {"in_use": pool.checkedout(), "idle": pool.checkedin(), "most": 2 * pool.size()}
    return [
        _gauge("backend_up", "Whether a backend answers", "backend", up),
        _gauge("database_connections", "Connections to the service's database", "state", used),
    ]


def router() -> PolicyRouter:
    """`/metrics`, for Prometheus inside (never reachable from outside)."""
    routes = PolicyRouter()
    routes.prefix = ""

    async def metrics(request: Request) -> Response:
        looks = request.app.state.runtime.looks
        found = dict(zip(looks, await asyncio.gather(*map(_look, looks.values())), strict=True))
        done = {name: gauges is not None for name, gauges in found.items()}
        found[""] = [_gauge("look_done", "Whether what this answer says of it could be looked up", "look", done)]
        now = CollectorRegistry()
        for gauge in (gauge for gauges in found.values() for gauge in gauges or ()):
            now.register(gauge)
        return Response(generate_latest() + generate_latest(now), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    routes.add_api_route("/metrics", allow(ANYONE)(metrics), include_in_schema=False)
    return routes


async def _look(look: Look) -> Sequence[Gauge] | None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await look()
    except (QuillError, NatsError, OSError):
        return None


def _gauge(name: str, about: str, label: str, values: Mapping[str, float | None]) -> Gauge:
    gauge = Gauge(f"quill_{name}", about, [label], registry=None)
    for key, value in values.items():
        gauge.labels(key).set(value or 0)
    return gauge
