"""What happens to events on their way: repeated, poisoned, refused by a full stream, lost with it or with the disk."""

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from chaos import broker
from chaos.stage import NotNow, Stage, until_done
from native.settings import SERVICES

FULL_SECONDS = 6.0
COMMAND_SECONDS = 60.0


def repeat_events(stage: Stage, chance: random.Random) -> None:
    """Deliver some that were delivered before, out of their order."""
    known = [one for one in stage.broker.letters() if one.is_sound][-40:]
    if not known:
        raise NotNow
    stage.broker.publish("letters", [broker.again(one) for one in chance.sample(known, min(10, len(known)))])


def poison(stage: Stage) -> None:
    """Send what no consumer can make sense of."""
    message = broker.poison()
    until_done(lambda: stage.broker.publish("letters", [message]))


def fill(stage: Stage) -> None:
    """Let the stream of letters take nothing for a while."""
    stage.broker.limit("LETTERS", 0)
    try:
        stage.wait(FULL_SECONDS)
    finally:
        until_done(lambda: stage.broker.limit("LETTERS", None))


def lose_letters(stage: Stage) -> None:
    """The streams of letters and of dead letters are gone from the disk: they are made anew, and the first is filled
    with what letters has kept."""
    stage.fleet.lose_broker_store(streams=["LETTERS", "DLQ"])
    _rebuild(stage, ["letters"])


def lose_disk(stage: Stage) -> None:
    """The broker's disk is gone: streams are made anew, and filled with what the services have kept."""
    stage.fleet.lose_broker_store()
    _rebuild(stage, SERVICES)


def _rebuild(stage: Stage, services: Sequence[str]) -> None:
    environment = os.environ | {
        "QUILL_HOME": str(stage.fleet.home),
        "QUILL_NATS_URL": stage.fleet.nats_url,
        "QUILL_NATS_PASSWORD": stage.fleet.secrets["nats_provision"],
    }
    quill = str(Path(sys.executable).with_name("quill"))
    commands = [[quill, "events", "republish", service, "--since", "1h"] for service in services]
    for command in ([sys.executable, "-m", "provision"], *commands):
        run = partial(subprocess.run, env=environment, check=True, timeout=COMMAND_SECONDS, stdout=subprocess.DEVNULL)
        until_done(partial(run, command))
