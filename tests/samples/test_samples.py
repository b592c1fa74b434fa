"""Each sample handles each event once, though brokers restart, events come twice, and programs are killed."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from samples_stage import SAMPLES, SAMPLES_OF, Broker, Follower, Sample, open_broker


@pytest.fixture(scope="module")
def broker(server_folder: Path) -> Iterator[Broker]:
    with open_broker(server_folder / "samples-nats") as broker:
        yield broker


@pytest.fixture
def follower(workshop: Path, broker: Broker) -> Follower:
    return Follower(SAMPLES_OF[workshop.name], workshop, broker.partner)


def from_now_on() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def publish(broker: Broker, count: int) -> list[UUID]:
    events = [uuid4() for _ in range(count)]
    for event in events:
        broker.publish(event)
    return events


def test_sample_handles_each_event_once_over_restarts_of_broker_and_sample(follower: Follower, broker: Broker) -> None:
    start = from_now_on()
    events = publish(broker, 2)
    with follower.at_work(start):
        follower.wait_for(events)
        broker.publish(events[0], message_id="published again")
        with broker.away():
            time.sleep(0.5)
        events += publish(broker, 2)
        broker.publish(events[-1], message_id="published again after the restart")
        follower.wait_for(events)
    events += publish(broker, 1)
    with follower.at_work(start):
        follower.wait_for(events)


def test_sample_that_was_killed_before_its_acknowledgement_handles_nothing_twice(
    follower: Follower, broker: Broker
) -> None:
    start = from_now_on()
    events = publish(broker, 3)
    follower.store.write_text(f"{events[0]}\tquill.letters.v1.letter.created\t{{}}\n{str(events[1])[:20]}")
    with follower.at_work(start):
        follower.wait_for(events)


def test_sample_reads_again_from_a_number(follower: Follower, broker: Broker) -> None:
    events = publish(broker, 3)
    last = broker.as_user("provision", lambda client: client.jetstream().stream_info("LETTERS")).state.last_seq
    with follower.at_work(str(last - 1)):
        follower.wait_for(events[1:])


@pytest.mark.parametrize("sample", SAMPLES_OF.values(), ids=lambda sample: sample.language)
def test_sample_is_short(sample: Sample) -> None:
    text = (SAMPLES / sample.language / sample.source).read_text()
    assert len(text.splitlines()) <= 60
    assert max(map(len, text.splitlines())) <= 132
