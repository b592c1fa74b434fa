"""Follows Quill's letters, each event exactly once into a file, whatever breaks. Usage: follow.py NAME [START]

NAME is the durable's name (partner-something); the file is NAME.tsv. START is a sequence number or a time such as
2026-05-14T09:30:00Z, for a new durable. The file is the effect and the memory in one: a line that is there was handled.
"""

import asyncio
import os
import sys
from datetime import datetime
from typing import Any, BinaryIO

import nats
from nats.errors import Error
from nats.js.api import ConsumerConfig, DeliverPolicy


def open_store(path: str) -> tuple[BinaryIO, set[str]]:
    file = open(path, "ab+")
    file.seek(0)
    text = file.read()
    whole = text[: text.rfind(b"\n") + 1]  # a crash may have cut the last line off
    file.truncate(len(whole))
    return file, {line.split(b"\t")[0].decode() for line in whole.splitlines()}


def beginning(start: str) -> dict[str, Any]:
    if start.isdigit():
        return {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": int(start)}
    return {"deliver_policy": DeliverPolicy.BY_START_TIME, "opt_start_time": datetime.fromisoformat(start)}


async def main(name: str, *start: str) -> None:
    file, handled = open_store(f"{name}.tsv")
    url, user, password = (os.environ[f"NATS_{what}"] for what in ("URL", "USER", "PASSWORD"))
    forever = {"max_reconnect_attempts": -1, "inbox_prefix": "_INBOX_partner"}
    client = await nats.connect(url, user=user, password=password, **forever)
    config = {"durable_name": name, "filter_subject": "quill.letters.v1.>", "ack_wait": 10}
    config |= beginning(*start) if start else {}
    await client.jetstream().add_consumer("LETTERS", ConsumerConfig(**config))
    subscription = await client.jetstream().pull_subscribe_bind(name, "LETTERS")
    while True:
        try:
            (message,) = await subscription.fetch(1, timeout=1)
        except Error:  # nothing there, or the broker is away
            await asyncio.sleep(0.1)
            continue
        event_id = message.headers["ce-id"]
        if event_id not in handled:
            file.write(b"\t".join([event_id.encode(), message.subject.encode(), message.data]) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            handled.add(event_id)
            print(event_id, message.subject, message.data.decode(), flush=True)
        await message.ack()  # one that is lost brings the event again, and its line is there


asyncio.run(main(*sys.argv[1:]))
