"""Every query of notify's own database. Locks are taken in this order: link, device, deliveries, notifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common import clock
from common.db import delete_some
from sqlalchemy import ColumnElement, and_, delete, exists, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notify.models import NOW, DeliveryRow, DeviceRow, LinkRow, NotificationRow, ReadingRow, State


async def lock_names(session: AsyncSession, *names: str) -> None:
    """Let nobody else work under these names until the transaction ends; always give them in the same order."""
    for name in names:
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def lock_link(session: AsyncSession, *, patient_id: UUID) -> LinkRow:
    """The link of a patient, known or not, with its lock: a letter and a link that meet see each other."""
    row = insert(LinkRow).values(patient_id=patient_id)
    row = row.on_conflict_do_update(index_elements=["patient_id"], set_={"patient_id": row.excluded.patient_id})
    return (await session.scalars(row.returning(LinkRow))).one()


# Devices


async def find_device(session: AsyncSession, *, endpoint_hashes: Sequence[str]) -> DeviceRow | None:
    """The device of an endpoint, locked."""
    query = select(DeviceRow).where(col(DeviceRow.endpoint_hash).in_(endpoint_hashes)).with_for_update()
    return (await session.scalars(query)).one_or_none()


async def list_devices(
    session: AsyncSession, *, user_id: UUID, after: tuple[datetime, UUID] | None = None, limit: int | None = None
) -> Sequence[DeviceRow]:
    """A user's devices, oldest first, from a position on; all of them without a limit."""
    position = (col(DeviceRow.created_at), col(DeviceRow.id))
    query = select(DeviceRow).filter_by(user_id=user_id).order_by(*position).limit(limit)
    if after is not None:
        query = query.where(tuple_(*position) > after)
    return (await session.scalars(query)).all()


async def remove_devices(session: AsyncSession, *, state: State, **which: UUID) -> Sequence[NotificationRow]:
    """Delete devices with what was still to be sent to them; the notifications that nothing is left to be sent of."""
    ids = (await session.scalars(select(col(DeviceRow.id)).filter_by(**which).with_for_update())).all()
    open_ones = delete(DeliveryRow).where(col(DeliveryRow.device_id).in_(ids))
    concerned = (await session.scalars(open_ones.returning(col(DeliveryRow.notification_id)))).all()
    await session.execute(delete(DeviceRow).where(col(DeviceRow.id).in_(ids)))
    return await settle(session, concerned, state=state)


# Deliveries

WAITING = select(func.count(), func.min(col(DeliveryRow.due_at)))


async def open_deliveries(session: AsyncSession, *, notification_id: UUID, user_id: UUID) -> bool:
    """Have a notification pushed to each device of its user; False when there is none."""
    # The lock waits for a device that is being removed, rather than fail on it.
    query = select(col(DeviceRow.id)).filter_by(user_id=user_id).with_for_update(read=True, key_share=True)
    device_ids = (await session.scalars(query)).all()
    if device_ids:
        of_letter = select(col(NotificationRow.letter_uid).is_not(None)).filter_by(id=notification_id)
        push = {"notification_id": notification_id, "urgent": of_letter.scalar_subquery(), "tries": 0, "due_at": NOW()}
        rows = insert(DeliveryRow).values([{**push, "device_id": device_id} for device_id in device_ids])
        await session.execute(rows.on_conflict_do_nothing())
    else:
        await settle(session, [notification_id], state="no_device")
    return bool(device_ids)


@dataclass(frozen=True, slots=True)
class Due:
    """A push to be sent now by whoever took it; which take and which try of it that is."""

    notification: NotificationRow
    device: DeviceRow
    takes: int
    tries: int


async def take_due(session: AsyncSession, *, limit: int, lease: timedelta) -> list[Due]:
    """Take pushes that are due for as long as `lease`, those about letters first; other replicas skip them. Those
    already read are dropped."""
    now = clock.now()
    query = (
        select(DeliveryRow, DeviceRow, NotificationRow)
        .join(DeviceRow, col(DeviceRow.id) == col(DeliveryRow.device_id))
        .join(NotificationRow, col(NotificationRow.id) == col(DeliveryRow.notification_id))
        .where(col(DeliveryRow.due_at) <= now)
        .order_by(col(DeliveryRow.urgent).desc(), col(DeliveryRow.due_at))
        .limit(limit)
        .with_for_update(skip_locked=True, of=DeliveryRow)
    )
    rows = (await session.execute(query)).all()
    if not rows:
        return []
    unread = await _unread(session, [notification.id for _, _, notification in rows])
    taken = []
    for delivery, device, notification in rows:
        if notification.id in unread:
            delivery.takes, delivery.due_at = delivery.takes + 1, now + lease
            taken.append(Due(notification, device, takes=delivery.takes, tries=delivery.tries + 1))
        else:
            await session.delete(delivery)
    return taken


async def _unread(session: AsyncSession, carriers: Sequence[UUID]) -> set[UUID]:
    carried_by = col(NotificationRow.carried_by)
    query = select(carried_by).where(carried_by.in_(carriers), col(NotificationRow.read_at).is_(None)).distinct()
    return set((await session.scalars(query)).all())


def _mine(dues: Sequence[Due]) -> ColumnElement[bool]:
    taken = tuple_(col(DeliveryRow.notification_id), col(DeliveryRow.device_id), col(DeliveryRow.takes))
    return taken.in_([(due.notification.id, due.device.id, due.takes) for due in dues])


async def postpone(session: AsyncSession, due: Due, *, until: datetime) -> None:
    """Send it again at that time, unless another sender has it by now; this try counts."""
    await session.execute(update(DeliveryRow).where(_mine([due])).values(due_at=until, tries=due.tries))


async def close_deliveries(session: AsyncSession, dues: Sequence[Due]) -> Sequence[UUID]:
    """Be done with pushes; the notifications of those that no other sender has by now and somebody still wants."""
    statement = delete(DeliveryRow).where(_mine(dues)).returning(col(DeliveryRow.notification_id))
    return (await session.scalars(statement)).all()


# Notifications


async def settle(session: AsyncSession, carriers: Sequence[UUID], *, state: State) -> Sequence[NotificationRow]:
    """Give pending notifications their state: at once when a push was accepted, else when none is left to be sent."""
    carried_by, row_id = col(NotificationRow.carried_by), col(NotificationRow.id)
    pending = (carried_by.in_(carriers), col(NotificationRow.state) == "pending")
    # One after the other: of those that end the last pushes at once, the latest must see what the others did.
    await session.execute(select(row_id).where(*pending).order_by(row_id).with_for_update(key_share=True))
    statement = update(NotificationRow).where(*pending)
    if state != "attempted":
        statement = statement.where(~exists().where(col(DeliveryRow.notification_id) == carried_by))
    return (await session.scalars(statement.values(state=state).returning(NotificationRow))).all()


async def give_back(session: AsyncSession, *, patient_id: UUID, user_id: UUID) -> None:
    """Take a patient's notifications out of a user's inbox and stop their pushes; they wait for the next link, unread
    but for those that are outdated."""
    theirs = (col(NotificationRow.patient_id) == patient_id, col(NotificationRow.user_id) == user_id)
    ids = select(col(NotificationRow.id)).where(*theirs)
    await session.execute(delete(DeliveryRow).where(col(DeliveryRow.notification_id).in_(ids)))
    valid = col(NotificationRow.outdated).is_(False)
    await session.execute(update(NotificationRow).where(*theirs, valid).values(state="pending", read_at=None))
    waiting = {"user_id": None, "carried_by": col(NotificationRow.id), "remind_at": None}
    await session.execute(update(NotificationRow).where(*theirs).values(**waiting))


async def take_waiting(session: AsyncSession, *, patient_id: UUID, user_id: UUID) -> list[NotificationRow]:
    """Put what waits for a patient's link into the user's inbox; newest first."""
    waiting = (col(NotificationRow.patient_id) == patient_id, col(NotificationRow.user_id).is_(None))
    statement = update(NotificationRow).where(*waiting).values(user_id=user_id).returning(NotificationRow)
    return sorted((await session.scalars(statement)).all(), key=lambda row: row.created_at, reverse=True)


async def is_outdated(session: AsyncSession, row: NotificationRow) -> bool:
    """Whether a later version of its letter was told of before it."""
    versions = select(NotificationRow).filter_by(patient_id=row.patient_id, letter_uid=row.letter_uid)
    later = versions.where(col(NotificationRow.letter_version) > row.letter_version).limit(1)
    return await session.scalar(later) is not None


async def close_older(session: AsyncSession, *, newest: NotificationRow, withdrawn: bool) -> None:
    """Remind of a letter's older notifications no more; when it was withdrawn, nobody needs to open them either."""
    row, of_letter = NotificationRow, {"patient_id": newest.patient_id, "letter_uid": newest.letter_uid}
    reminding = select(row).filter_by(**of_letter).where(col(row.id) != newest.id, col(row.remind_at).is_not(None))
    for one in (await session.scalars(reminding)).all():
        await _pass_on_reminder(session, one)
    if withdrawn:
        older = update(row).filter_by(**of_letter).where(col(row.id) != newest.id)
        await session.execute(older.values(outdated=True))
        await session.execute(older.where(col(row.read_at).is_(None)).values(read_at=clock.now(), state="read"))


async def _pass_on_reminder(session: AsyncSession, closed: NotificationRow) -> None:
    """Another new letter that waited for the same link is reminded of in the place of one that nobody need read."""
    row = NotificationRow
    also = select(row).filter_by(carried_by=closed.carried_by, template="new_letter", read_at=None)
    others = also.where(col(row.letter_uid) != closed.letter_uid).order_by(col(row.created_at).desc()).limit(1)
    if (next_one := await session.scalar(others)) is not None:
        next_one.remind_at = closed.remind_at
    closed.remind_at = None


async def carry(session: AsyncSession, carrier: NotificationRow) -> None:
    """Have the pushes of a notification stand for all that is unread of what came with it."""
    together = update(NotificationRow).filter_by(carried_by=carrier.carried_by, read_at=None)
    await session.execute(together.values(carried_by=carrier.id))


async def find_read(
    session: AsyncSession, *, patient_id: UUID, user_id: UUID
) -> Sequence[tuple[NotificationRow, datetime]]:
    """A user's unread notifications of letters that they read afterwards, locked, and when they did."""
    row, reading = NotificationRow, ReadingRow
    same = (col(reading.letter_uid) == col(row.letter_uid), col(reading.user_id) == col(row.user_id))
    unread = select(row).filter_by(patient_id=patient_id, user_id=user_id, read_at=None).order_by(col(row.id))
    read = unread.join(reading, and_(*same, col(row.created_at) <= col(reading.read_at)))
    locked = read.add_columns(col(reading.read_at)).with_for_update(of=row)
    return [(found, at) for found, at in (await session.execute(locked)).all()]


async def find_reminder(session: AsyncSession) -> NotificationRow | None:
    """The notification that is due to be reminded of for longest."""
    due = col(NotificationRow.remind_at) <= clock.now()
    query = select(NotificationRow).where(due).order_by(col(NotificationRow.remind_at)).limit(1)
    return (await session.scalars(query)).one_or_none()


async def list_notifications(
    session: AsyncSession, *, user_id: UUID, unread: bool, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[NotificationRow]:
    """A user's notifications, newest first, from a position on."""
    position = tuple_(col(NotificationRow.created_at), col(NotificationRow.id))
    query = select(NotificationRow).filter_by(user_id=user_id, **({"read_at": None} if unread else {}))
    if before is not None:
        query = query.where(position < before)
    ordered = query.order_by(col(NotificationRow.created_at).desc(), col(NotificationRow.id).desc())
    return (await session.scalars(ordered.limit(limit))).all()


async def forget_notifications(session: AsyncSession, *, before: datetime) -> bool:
    """Drop notifications of before a time, read or not, a thousand at most; whether there were any.

    One whose pushes are still being sent stays until they are settled.
    """
    sent = select(col(DeliveryRow.notification_id)).where(col(DeliveryRow.notification_id) == col(NotificationRow.id))
    old = (col(NotificationRow.created_at) < before, ~sent.exists())
    return await delete_some(session, NotificationRow, col(NotificationRow.id), *old)


async def forget_readings(session: AsyncSession, *, before: datetime) -> bool:
    """Drop readings of before a time, some at a time; whether there were any."""
    return await delete_some(session, ReadingRow, col(ReadingRow.letter_uid), col(ReadingRow.read_at) < before)


async def count_unread(session: AsyncSession, *, user_id: UUID) -> int:
    """How many of a user's notifications are unread."""
    query = select(func.count()).select_from(NotificationRow).filter_by(user_id=user_id, read_at=None)
    return await session.scalar(query) or 0


async def find_notification(session: AsyncSession, *, notification_id: UUID, user_id: UUID) -> NotificationRow | None:
    """An entry of this user's inbox, locked."""
    query = select(NotificationRow).filter_by(id=notification_id, user_id=user_id).with_for_update()
    return (await session.scalars(query)).one_or_none()
