"""A send to ten thousand devices: how fast notify pushes, and how long a letter's push waits meanwhile.

Devices, notifications and pushes are put into notify's database as a thousand sends would leave them there; what
follows (encrypted, signed, sent, recorded, announced) is notify's own work. The receiver takes everything at once.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
from native.push_receiver import Device
from notify.models import DeliveryRow, DeviceRow, NotificationRow
from notify.policy import Subscription, from_base64url
from notify.vault import Vault

from speed.figures import Figure, Sample, at_least, at_most
from speed.machine import cpu_seconds
from speed.receiver import Receiver, receiving
from speed.rows.push_latency import latency, register, writer
from speed.rows.shape import Measurement
from speed.stage import Stage

DEVICES, PER_USER = 10_000, 10
SENDS = 2
PATIENCE_SECONDS = 300.0
_MANY = "many"


def made_up(stage: Stage, origin: str, number: int) -> tuple[list[DeviceRow], list[NotificationRow], list[DeliveryRow]]:
    """Devices of users who are told something, and the pushes that are due."""
    vault, keys = Vault([stage.told("notify")["QUILL_ENCRYPTION_KEY"]]), Device(origin).subscription["keys"]
    p256dh, auth = (from_base64url(keys[name]) or b"" for name in ("p256dh", "auth"))
    devices, notifications, deliveries = [], [], []
    for _ in range(number // PER_USER):
        told = NotificationRow(template="please_call", user_id=uuid4(), created_at=datetime.now(UTC))
        told.carried_by = told.id
        notifications.append(told)
        for _ in range(PER_USER):
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
    return devices, notifications, deliveries


async def put(stage: Stage, rows: Sequence[DeviceRow] | Sequence[NotificationRow] | Sequence[DeliveryRow]) -> None:
    """Copy rows into their table."""
    columns = list(type(rows[0]).model_fields)
    records = [tuple(getattr(row, name) for name in columns) for row in rows]
    database = await stage.database("notify")
    await database.copy_records_to_table(type(rows[0]).__tablename__, records=records, columns=columns)


async def send_many(stage: Stage, receiver: Receiver, number: int) -> None:
    """Let so many pushes become due at once."""
    devices, notifications, deliveries = made_up(stage, receiver.origin, number)
    async with (await stage.database("notify")).transaction():
        for rows in (devices, notifications, deliveries):
            await put(stage, rows)


async def rate(stage: Stage, receiver: Receiver, number: int) -> tuple[float, float]:
    """Pushes per second from the first to the last of a send, and per second of notify's processor time."""
    receiver.forget()
    used = cpu_seconds(stage.pid("notify"))
    await send_many(stage, receiver, number)
    times = await receiver.wait_for(number, _MANY, seconds=PATIENCE_SECONDS)
    await stage.settle()
    return (number - 1) / (max(times) - min(times)), number / (cpu_seconds(stage.pid("notify")) - used)


async def longest_wait(stage: Stage, receiver: Receiver, client: httpx.AsyncClient, number: int) -> float:
    """The longest that a letter's push took while a send was under way, in seconds."""
    receiver.forget()
    await send_many(stage, receiver, number)
    await receiver.wait_for(1, _MANY, seconds=PATIENCE_SECONDS)
    waits = []
    while receiver.count(_MANY) < number:
        waits.append(await latency(stage, client, receiver))
        await asyncio.sleep(0.2)
    await stage.settle()
    return max(waits)


async def measure(stage: Stage) -> Sequence[Figure]:
    """Sends of their own for the rate, then one with letters in between."""
    number = int(DEVICES * stage.pace.scale)
    headers, origin = await stage.session(), stage.fleet.home.push_origin.read_text().strip()
    async with receiving(origin) as receiver, writer(stage, headers) as client:
        await register(stage, origin)
        await rate(stage, receiver, max(PER_USER, number // 20))
        rates = [await rate(stage, receiver, number) for _ in range(SENDS)]
        waited = await longest_wait(stage, receiver, client, number)
    by_clock, by_core = Sample.of([one for one, _ in rates]), Sample.of([one for _, one in rates])
    said, wait = f"{number:,} devices, one process of notify", Sample.of([waited])
    return [
        Figure("push-rate", "Pushes per second of one process", by_clock, "/s", at_least(400), said),
        Figure("push-rate", "Pushes per second of notify's processor time", by_core, "/s", None, said),
        Figure("push-rate", f"A letter's push during a send to {number:,} devices: longest", wait, "s", at_most(1)),
    ]


MEASUREMENT = Measurement("push-rate", measure)
