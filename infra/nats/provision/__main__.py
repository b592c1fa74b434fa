"""`python -m provision`: the one job that creates streams and durable consumers; services only bind to them."""

import asyncio
import os
from pathlib import Path

import nats
from common.nats import servers

from provision.streams import provision

CONNECT_SECONDS = 5
ATTEMPTS = 20
ANSWER_SECONDS = 20  # a cluster finds a leader for each stream

# For docs/settings.md and .env.example (docs/generate.py), as [kind; default] and meaning; QUILL_NATS_URL and
# QUILL_NATS_PASSWORD mean what they mean to the services.
# QUILL_NATS_USER [text; provision] The user that may create streams and durables.
# QUILL_NATS_REPLICAS [1, 3 or 5; 1] Copies of each stream: in a cluster, one for each server.


def _password() -> str:
    path = os.environ.get("QUILL_NATS_PASSWORD_FILE")
    return Path(path).read_text().strip() if path else os.environ["QUILL_NATS_PASSWORD"]


async def main() -> None:
    """Connect as the provisioning user and bring JetStream to the catalogue."""
    user = os.environ.get("QUILL_NATS_USER", "provision")
    client = await nats.connect(
        servers(os.environ["QUILL_NATS_URL"]),
        user=user,
        password=_password(),
        inbox_prefix=f"_INBOX_{user}".encode(),
        connect_timeout=CONNECT_SECONDS,
        max_reconnect_attempts=ATTEMPTS,
    )
    try:
        replicas = int(os.environ.get("QUILL_NATS_REPLICAS", "1"))
        await provision(client.jetstream(timeout=ANSWER_SECONDS), replicas=replicas)
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())
