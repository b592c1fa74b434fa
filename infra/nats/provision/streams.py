"""JetStream as the catalogue says, made or brought up to date; running it again changes nothing."""

from common.events import DUPLICATE_WINDOW, DURABLES, STREAMS, Durable, Stream
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

ACK_WAIT_SECONDS = 30.0


async def provision(jetstream: JetStreamContext, *, replicas: int = 1) -> None:
    """Create or update every stream, then every durable consumer (from the first message on, so that none is missed).

    Args:
        jetstream: a connection that may do so.
        replicas: copies of each stream: 1 on one server, 3 in a cluster.

    Raises:
        nats.js.errors.Error: the server refuses, for example a change that a stream cannot take.
    """
    for stream in STREAMS:
        await _ensure_stream(jetstream, stream_config(stream, replicas=replicas))
    for durable in DURABLES:
        # Creating a consumer that exists with the same configuration is a no-op; a changed one is updated in place.
        await jetstream.add_consumer(durable.event.stream(), consumer_config(durable))


def stream_config(stream: Stream, *, replicas: int = 1) -> StreamConfig:
    """What the server should say of a stream."""
    return StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        deny_delete=not stream.mutable,
        deny_purge=True,
        allow_msg_ttl=True,
        allow_atomic=True,
        duplicate_window=DUPLICATE_WINDOW.total_seconds(),
        max_age=stream.max_age.total_seconds(),
        num_replicas=replicas,
    )


def consumer_config(durable: Durable) -> ConsumerConfig:
    """What the server should say of a durable consumer."""
    return ConsumerConfig(
        name=durable.name,
        durable_name=durable.name,
        filter_subjects=[*durable.subjects, durable.again],
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_deliver=-1,
        max_ack_pending=1 if durable.ordered else None,
    )


async def _ensure_stream(jetstream: JetStreamContext, config: StreamConfig) -> None:
    try:
        known = (await jetstream.stream_info(str(config.name))).config
    except NotFoundError:
        await jetstream.add_stream(config)
    else:
        # A server never takes this back: a stream that was made with it keeps it.
        await jetstream.update_stream(config.evolve(deny_delete=config.deny_delete or known.deny_delete))
