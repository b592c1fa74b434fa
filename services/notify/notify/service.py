"""The use cases of notify, one function each, whether a request or an event asks for them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common import clock
from common.audit import Access
from common.auth import Caller
from common.errors import NotFound
from common.events import LetterCreated, LetterRead, NotificationRead, UserLinked
from common.operations import Idempotency, Operation, OperationKind, Outcome
from common.rest import Page, decode_moment, encode_cursor
from common.work import Work
from sqlalchemy.ext.asyncio import AsyncSession

from notify import policy, repository
from notify.backend import Backend
from notify.errors import TooManyDevices
from notify.models import DeviceRow, NotificationRow, ReadingRow, Template
from notify.schemas import DeviceCreate, DevicePublic, Inbox, NotificationPublic, PushCreate

MAX_USER_AGENT_LENGTH = 256


async def register_device(work: Work[Backend], caller: Caller, *, wanted: DeviceCreate, user_agent: str) -> DeviceRow:
    """An endpoint belongs to the session that registered it last, and to nobody else."""
    client, vault = work.backend.client, work.backend.vault
    subscription = policy.check_subscription(
        endpoint=wanted.endpoint, p256dh=wanted.keys.p256dh, auth=wanted.keys.auth, trusted=client.trusted
    )
    await client.check_address(subscription.endpoint)
    endpoint_hashes = vault.endpoint_hashes(subscription.endpoint)
    async with work.transaction() as session:
        await repository.lock_names(session, f"endpoint {endpoint_hashes[0]}", f"user {caller.user_id}")
        device = await _own_device(session, caller, endpoint_hashes=endpoint_hashes)
        device.session_id, device.endpoint_hash = caller.session_id, endpoint_hashes[0]
        device.sealed = vault.seal(subscription, device_id=device.id)
        device.user_agent = "".join(filter(str.isprintable, user_agent))[:MAX_USER_AGENT_LENGTH]
        session.add(device)
    return device


async def _own_device(session: AsyncSession, caller: Caller, *, endpoint_hashes: Sequence[str]) -> DeviceRow:
    known = await repository.find_device(session, endpoint_hashes=endpoint_hashes)
    if known is not None and known.user_id == caller.user_id:
        return known
    if len(await repository.list_devices(session, user_id=caller.user_id)) >= policy.MAX_DEVICES:
        raise TooManyDevices
    if known is not None:
        # What was on its way to the one who used this browser before must not reach the one who does now.
        await repository.remove_devices(session, state="no_device", id=known.id)
    return DeviceRow(user_id=caller.user_id, session_id=caller.session_id, endpoint_hash="", sealed=b"")


async def list_devices(
    work: Work[Backend], caller: Caller, *, cursor: str | None = None, limit: int = policy.MAX_DEVICES
) -> Page[DevicePublic]:
    """Everyone sees their own devices, oldest first."""
    after = None if cursor is None else decode_moment(cursor)
    async with work.database.transaction() as session:
        rows = await repository.list_devices(session, user_id=caller.user_id, after=after, limit=limit + 1)
    items = [DevicePublic.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_next_cursor(rows, limit=limit))


async def remove_device(work: Work[Backend], caller: Caller, *, device_id: UUID) -> None:
    """Everyone removes their own devices; another's looks like one that is absent."""
    async with work.transaction() as session:
        devices = await repository.list_devices(session, user_id=caller.user_id)
        if device_id not in {device.id for device in devices}:
            raise NotFound
        await repository.remove_devices(session, state="no_device", id=device_id, user_id=caller.user_id)


async def end_session(work: Work[Backend], *, session_id: UUID) -> None:
    """Whoever signs out gets no more pushes there."""
    async with work.transaction() as session:
        await repository.remove_devices(session, state="no_device", session_id=session_id)


async def disable_account(work: Work[Backend], *, user_id: UUID) -> None:
    """A disabled account gets no more pushes, not even on a device that has outlived its session.

    The event may come late, since a durable that is new begins with the last 30 days: a device that is newer than the
    event is of an account that was enabled again, and stays. An older one goes even if it was registered again since;
    its owner may then have to switch notifications on once more.
    """
    async with work.transaction() as session:
        for device in await repository.list_devices(session, user_id=user_id):
            if device.created_at <= (work.cause_at or clock.now()):
                await repository.remove_devices(session, state="no_device", id=device.id)


async def notify_patient(
    work: Work[Backend], event: LetterCreated, *, template: Template, withdrawn: bool = False
) -> None:
    """Every event about a patient's letter makes one notification, even while nobody is linked; a withdrawal closes
    the letter's older ones. Events come in any order: one that is outdated is nothing to open, and not pushed."""
    notification = NotificationRow(
        template=template,
        patient_id=event.patient_id,
        letter_uid=event.letter_uid,
        letter_version=event.version,
        cause_event_id=work.cause,
        created_at=work.cause_at or clock.now(),
    )
    async with work.transaction() as session:
        await _store(session, notification)
        if not notification.outdated:
            if notification.user_id is not None and not withdrawn:
                notification.remind_at = work.backend.timing.remind_at(clock.now())
            await repository.close_older(session, newest=notification, withdrawn=withdrawn)
        if notification.user_id is not None:
            await _close_read(work, session, patient_id=event.patient_id, user_id=notification.user_id)
    work.backend.due.set()


async def note_reading(work: Work[Backend], event: LetterRead) -> None:
    """Whoever has read a letter, by whatever way, has read what they are told of it up to that version."""
    at = work.cause_at or clock.now()
    async with work.transaction() as session:
        await repository.lock_link(session, patient_id=event.patient_id)
        await session.merge(ReadingRow(letter_uid=event.letter_uid, user_id=event.user_id, read_at=at))
        await _close_read(work, session, patient_id=event.patient_id, user_id=event.user_id)


async def _close_read(work: Work[Backend], session: AsyncSession, *, patient_id: UUID, user_id: UUID) -> None:
    for row, at in await repository.find_read(session, patient_id=patient_id, user_id=user_id):
        _set_read(work, session, row, user_id=user_id, at=at)


def _set_read(work: Work[Backend], session: AsyncSession, row: NotificationRow, *, user_id: UUID, at: datetime) -> None:
    row.state, row.read_at = "read", at
    fact = NotificationRead(notification_id=row.id, user_id=user_id, cause_event_id=row.cause_event_id)
    work.announce(session, fact)


async def _store(session: AsyncSession, notification: NotificationRow) -> None:
    notification.carried_by = notification.id
    if notification.patient_id is not None:
        notification.user_id = (await repository.lock_link(session, patient_id=notification.patient_id)).user_id
    if notification.letter_uid is not None and await repository.is_outdated(session, notification):
        notification.outdated, notification.state, notification.read_at = True, "read", clock.now()
    session.add(notification)
    await session.flush()
    if notification.user_id is not None and notification.read_at is None:
        await repository.open_deliveries(session, notification_id=notification.id, user_id=notification.user_id)


async def change_link(work: Work[Backend], event: UserLinked, *, linked: bool) -> None:
    """Notifications of a patient are in the inbox of the linked user and in no other; what waited is pushed once."""
    at = work.cause_at or clock.now()
    async with work.transaction() as session:
        link = await repository.lock_link(session, patient_id=event.patient_id)
        if link.changed_at is not None and at <= link.changed_at:
            return
        owner = policy.owner_after(link.user_id, user_id=event.user_id, linked=linked)
        if link.user_id is not None and owner != link.user_id:
            await repository.give_back(session, patient_id=event.patient_id, user_id=link.user_id)
        link.user_id, link.changed_at = owner, at
        if owner is not None:
            await _push_waiting(work, session, patient_id=event.patient_id, user_id=owner)
    work.backend.due.set()


async def _push_waiting(work: Work[Backend], session: AsyncSession, *, patient_id: UUID, user_id: UUID) -> None:
    waited = await repository.take_waiting(session, patient_id=patient_id, user_id=user_id)
    await _close_read(work, session, patient_id=patient_id, user_id=user_id)
    oldest = clock.now() - policy.DELIVERED_ON_LINKING
    await repository.settle(session, [row.id for row in waited if row.created_at <= oldest], state="no_device")
    fresh = [row for row in waited if row.created_at > oldest and row.read_at is None]
    for row in fresh:
        row.carried_by = fresh[0].id
    await session.flush()
    if fresh:
        await repository.open_deliveries(session, notification_id=fresh[0].id, user_id=user_id)
    # Of a withdrawn letter only the last notification is open, and that is not of a new one.
    if any(row.template == "new_letter" and row.letter_uid for row in fresh):
        fresh[0].remind_at = work.backend.timing.remind_at(clock.now())


async def remind_of_unread(work: Work[Backend]) -> bool:
    """A letter that is unread for too long is pushed once more, and only once; False when there is none."""
    async with work.transaction() as session:
        found = await repository.find_reminder(session)
        if found is None or found.patient_id is None:
            return False
        # Whatever sets or takes back a reminder holds this lock.
        await repository.lock_link(session, patient_id=found.patient_id)
        await session.refresh(found)
        if found.remind_at is not None and found.user_id is not None:
            await repository.carry(session, found)
            opened = await repository.open_deliveries(session, notification_id=found.id, user_id=found.user_id)
            if opened and found.state in {"no_device", "failed"}:
                found.state = "pending"
        found.remind_at = None
    work.backend.due.set()
    return True


async def send_push(work: Work[Backend], caller: Caller, *, wanted: PushCreate, key: Idempotency | None) -> UUID:
    """Staff can tell a user or a patient something out of a fixed list; whether anybody is there is not told."""
    completed = await work.operation(SEND_PUSH, wanted, actor=caller.actor, idempotency=key)
    notification_id = UUID(completed.answer["notification_id"])
    work.backend.due.set()
    if completed.replayed:
        seen = Access(
            action="R", resource="notification", resource_id=str(notification_id), patient_id=wanted.patient_id
        )
        await work.record(caller.actor, seen)
    return notification_id


async def _choose_id(_backend: Backend, operation: Operation[PushCreate]) -> UUID:
    return operation.target_id


async def _store_push(session: AsyncSession, operation: Operation[PushCreate], notification_id: UUID) -> Outcome:
    wanted = operation.intent
    notification = NotificationRow(
        id=notification_id, template=wanted.template, patient_id=wanted.patient_id, user_id=wanted.user_id
    )
    await _store(session, notification)
    access = Access(action="E", resource="notification", resource_id=str(notification_id), patient_id=wanted.patient_id)
    return Outcome(answer={"notification_id": str(notification_id)}, audit=[access])


SEND_PUSH = OperationKind(name="push.send", intent=PushCreate, perform=_choose_id, finish=_store_push)


async def list_notifications(
    work: Work[Backend], caller: Caller, *, unread: bool, cursor: str | None, limit: int
) -> Inbox:
    """Everyone sees their own inbox, newest first."""
    before = None if cursor is None else decode_moment(cursor)
    async with work.database.transaction() as session:
        rows = await repository.list_notifications(
            session, user_id=caller.user_id, unread=unread, before=before, limit=limit + 1
        )
        count = await repository.count_unread(session, user_id=caller.user_id)
    return Inbox(
        items=[NotificationPublic.model_validate(row) for row in rows[:limit]],
        next_cursor=_next_cursor(rows, limit=limit),
        unread_count=count,
    )


def _next_cursor(rows: Sequence[DeviceRow] | Sequence[NotificationRow], *, limit: int) -> str | None:
    """Rows are asked for one beyond the limit: that one tells that there is a next page."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return encode_cursor(last.created_at.isoformat(), str(last.id))


async def read_notification(work: Work[Backend], caller: Caller, *, notification_id: UUID) -> None:
    """The first reading is a fact; reading again changes nothing."""
    async with work.transaction() as session:
        row = await repository.find_notification(session, notification_id=notification_id, user_id=caller.user_id)
        if row is None:
            raise NotFound
        if row.read_at is None:
            _set_read(work, session, row, user_id=caller.user_id, at=clock.now())
