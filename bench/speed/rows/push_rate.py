"""A send to ten thousand devices: how fast notify pushes, and how long a letter's push waits meanwhile.

Devices, notifications and pushes are put into notify's database as a thousand sends would leave them there; what
follows (encrypted, signed, sent, recorded, announced) is notify's own work. The receiver takes everything at once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import httpx
from native.errors import LaunchError
from native.push_receiver import Device
from notify.models import DeliveryRow, DeviceRow, NotificationRow
from notify.policy import Subscription, from_base64url
from notify.vault import Vault
from own_fleet import cpu_seconds

from speed.budgets import figure
from speed.figures import Figure, Sample
from speed.receiver import Receiver, receiving
from speed.rows.push_latency import latency, register, writer
from speed.rows.shape import Measurement
from speed.stage import Stage

DEVICES = 10_000
SENDS = (10, 1)  # how many devices a user has in each
PATIENCE_SECONDS = 300.0
_MANY = "many"
_DUE = "SELECT EXISTS (SELECT FROM deliveries WHERE notification_id = ANY($1))"
_NOT_ATTEMPTED = "SELECT count(*) FROM notifications WHERE id = ANY($1) AND state <> 'attempted'"


@dataclass(frozen=True)
class Send:
    """So many pushes, and the rows that make them due."""

    number: int
    notifications: Sequence[NotificationRow]
    devices: Sequence[DeviceRow]
    deliveries: Sequence[DeliveryRow]


def made_up(stage: Stage, origin: str, number: int, *, per_user: int) -> Send:
    """A send to devices of users who have so many each."""
    vault, keys = Vault([stage.told("notify")["QUILL_ENCRYPTION_KEY"]]), Device(origin).subscription["keys"]
    p256dh, auth = (from_base64url(keys[name]) or b"" for name in ("p256dh", "auth"))
    send = Send(number, notifications := [], devices := [], deliveries := [])
    for place in range(number):
        if place % per_user == 0:
            told = NotificationRow(template="please_call", user_id=uuid4(), created_at=datetime.now(UTC))
            told.carried_by = told.id
            notifications.append(told)
        subscription = Subscription(f"{origin}/{_MANY}/{uuid4().hex}", p256dh, auth)
        device = DeviceRow(
            user_id=told.user_id or UUID(int=0),
            session_id=uuid4(),
            endpoint_hash=vault.endpoint_hashes(subscription.endpoint)[0],
            sealed=b"",
        )
        device.sealed = vault.seal(subscription, device_id=device.id)
        devices.append(device)
        deliveries.append(DeliveryRow(notification_id=told.id, device_id=device.id))
    return send


async def put(stage: Stage, rows: Sequence[DeviceRow] | Sequence[NotificationRow] | Sequence[DeliveryRow]) -> None:
    """Copy rows into their table."""
    columns = list(type(rows[0]).model_fields)
    records = [tuple(getattr(row, name) for name in columns) for row in rows]
    database = await stage.database("notify")
    await database.copy_records_to_table(type(rows[0]).__tablename__, records=records, columns=columns)


async def begin(stage: Stage, send: Send) -> None:
    """Let its pushes become due at once."""
    async with (await stage.database("notify")).transaction():
        for rows in (send.devices, send.notifications, send.deliveries):
            await put(stage, rows)


async def recorded(stage: Stage, send: Send) -> None:
    """Wait until notify has nothing left to send of it.

    Raises:
        LaunchError: not every notification is recorded as attempted.
        TimeoutError: pushes are still due.
    """
    database, ids = await stage.database("notify"), [one.id for one in send.notifications]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await database.fetchval(_DUE, ids):
            await asyncio.sleep(0.05)
    await stage.settle()
    if missing := await database.fetchval(_NOT_ATTEMPTED, ids):
        raise LaunchError(f"{missing} notifications of {len(ids)} are not recorded as attempted")


async def rate(stage: Stage, receiver: Receiver, send: Send) -> tuple[float, float]:
    """Pushes per second from the first to the last of a send, and per second of notify's processor time."""
    receiver.forget()
    used = cpu_seconds(stage.pid("notify"))
    await begin(stage, send)
    times = await receiver.wait_for(send.number, _MANY, seconds=PATIENCE_SECONDS)
    await recorded(stage, send)
    return (send.number - 1) / (max(times) - min(times)), send.number / (cpu_seconds(stage.pid("notify")) - used)


async def longest_wait(stage: Stage, receiver: Receiver, client: httpx.AsyncClient, send: Send) -> float:
    """The longest that a letter's push took while a send was under way, in seconds."""
    receiver.forget()
    await begin(stage, send)
    await receiver.wait_for(1, _MANY, seconds=PATIENCE_SECONDS)
    waits = []
    while receiver.count(_MANY) < send.number:
        waits.append(await latency(stage, client, receiver))
        await asyncio.sleep(0.2)
    await recorded(stage, send)
    return max(waits)


async def measure(stage: Stage) -> Sequence[Figure]:
    """Sends of their own for the rate, then one with letters in between."""
    number = stage.pace.count(DEVICES)
    headers, origin = await stage.session(), stage.fleet.home.push_origin.read_text().strip()
    new = partial(made_up, stage, origin)
    async with receiving(origin) as receiver, writer(stage, headers) as client:
        await register(stage, origin)
        await rate(stage, receiver, new(number // 20, per_user=1))
        rates = [await rate(stage, receiver, new(number, per_user=per_user)) for per_user in SENDS]
        waited = await longest_wait(stage, receiver, client, new(number, per_user=SENDS[0]))
    by_clock, by_core = Sample.of([one for one, _ in rates]), Sample.of([one for _, one in rates])
    said = f"{number:,} devices, one process of notify"
    return [
        figure("Pushes per second of one process", by_clock, "/s", said),
        figure("Pushes per second of notify's processor time", by_core, "/s", said),
        figure("A letter's push during a send to many devices: longest", Sample.of([waited]), "s", said),
    ]


MEASUREMENT = Measurement("push-rate", measure)
