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
        await _ensure_stream(jetstream, stream, replicas=replicas)
    for durable in DURABLES:
        await _ensure_consumer(jetstream, durable)


async def _ensure_stream(jetstream: JetStreamContext, stream: Stream, *, replicas: int) -> None:
    config = StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        deny_delete=True,
        deny_purge=True,
        allow_msg_ttl=True,
        duplicate_window=DUPLICATE_WINDOW.total_seconds(),
        max_age=stream.max_age.total_seconds(),
        num_replicas=replicas,
    )
    try:
        await jetstream.stream_info(stream.name)
    except NotFoundError:
        await jetstream.add_stream(config)
    else:
        await jetstream.update_stream(config)


async def _ensure_consumer(jetstream: JetStreamContext, durable: Durable) -> None:
    # Creating a consumer that exists with the same configuration is a no-op; a changed one is updated in place.
    await jetstream.add_consumer(
        durable.event.stream(),
        ConsumerConfig(
            name=durable.name,
            durable_name=durable.name,
            filter_subject=durable.subject,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_deliver=-1,
            max_ack_pending=1 if durable.ordered else None,
        ),
    )
