"""What the tests of notify play with: its work on real tables, events that happen, a DNS that can be turned."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from aiohttp.abc import AbstractResolver, ResolveResult
from common.auth import Caller
from common.events import Event, LetterCreated, SessionRevoked, UserLinked, UserUnlinked
from common.outbox import OutboxRow
from common.work import Loop, Work
from e2e.push_receiver import Hook, Push, Subscriber
from notify import sender, service
from notify.backend import Backend
from notify.consumers import CONSUMERS
from notify.models import DeviceRow, NotificationRow
from notify.schemas import DeviceCreate, NotificationPublic, PushCreate
from notify.webhooks import service as webhooks
from notify.webhooks.schemas import WebhookCreate, WebhookCreated, WebhookPublic
from sqlalchemy import select
from sqlmodel import col
from stand_in import caller


@dataclass
class Dns(AbstractResolver):
    """Answers with the addresses that a test wrote down, after some silence, and counts the questions."""

    addresses: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silence: float = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        await asyncio.sleep(self.silence)
        if host not in self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self.addresses[host]
        ]

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Stage:
    """One notify."""

    work: Work[Backend]
    dns: Dns

    def user(self, *roles: str, user_id: UUID | None = None) -> Caller:
        """Somebody who is signed in, in a session of their own."""
        return caller(*(roles or ("patient",)), user_id=user_id)

    async def happen(self, event: Event, *, at: datetime | None = None, event_id: UUID | None = None) -> UUID:
        """Hand an event to its consumer, as the pull loop does."""
        chosen = event_id or uuid4()
        consumer = next(one for one in CONSUMERS if one.events == (type(event),))
        await consumer.handle(self.work.caused_by(chosen, at=at or datetime.now(UTC)), event)
        return chosen

    async def tell(self, event: Event, *, at: datetime | None = None, event_id: UUID | None = None) -> UUID:
        """Hand an event to the webhooks, as the pull loop does."""
        chosen = event_id or uuid4()
        consumer = next(one for one in CONSUMERS if "-webhooks-" in one.durable and type(event) in one.events)
        await consumer.handle(self.work.caused_by(chosen, at=at or datetime.now(UTC)), event)
        return chosen

    async def webhook(self, hook: Hook, *events: str) -> WebhookCreated:
        """An administrator has facts posted there."""
        wanted = WebhookCreate(url=hook.endpoint, events=list(events) or ["letter.created"])
        return await webhooks.create_webhook(self.work, self.user("admin"), wanted=wanted, key=None)

    async def webhooks(self) -> list[WebhookPublic]:
        """What an administrator sees of the webhooks."""
        return (await webhooks.list_webhooks(self.work, self.user("admin"))).items

    async def letter(self, patient_id: UUID, *, kind: type[LetterCreated] = LetterCreated, **when: datetime) -> UUID:
        """Something happens to a new letter of a patient; its uid."""
        letter_uid = uuid4()
        event = kind(letter_uid=letter_uid, patient_id=patient_id, version=1, author_id=uuid4())
        await self.happen(event, **when)  # type: ignore[arg-type]
        return letter_uid

    async def link(self, caller: Caller, patient_id: UUID, *, at: datetime | None = None) -> None:
        """Auth tells that a user was linked."""
        await self.happen(UserLinked(user_id=caller.user_id, patient_id=patient_id), at=at)

    async def unlink(self, caller: Caller, patient_id: UUID, *, at: datetime | None = None) -> None:
        """Auth tells that a user was unlinked."""
        await self.happen(UserUnlinked(user_id=caller.user_id, patient_id=patient_id), at=at)

    async def sign_out(self, caller: Caller) -> None:
        """Auth tells that a session ended."""
        await self.happen(
            SessionRevoked(session_id=caller.session_id, user_id=caller.user_id, expires_at=datetime.now(UTC))
        )

    async def register(self, caller: Caller, subscriber: Subscriber) -> DeviceRow:
        """A browser of the caller wants pushes."""
        wanted = DeviceCreate.model_validate(subscriber.to_json())
        return await service.register_device(self.work, caller, wanted=wanted, user_agent="Test/1.0")

    async def send(self, **recipient_and_template: object) -> UUID:
        """A clinician sends a push."""
        wanted = PushCreate.model_validate(recipient_and_template)
        return await service.send_push(self.work, self.user("clinician"), wanted=wanted, key=None)

    async def inbox(self, caller: Caller, *, unread: bool = False) -> list[NotificationPublic]:
        """The caller's notifications, newest first."""
        page = await service.list_notifications(self.work, caller, unread=unread, cursor=None, limit=100)
        return page.items

    async def pushed(self, subscriber: Subscriber, *, number: int = 1) -> list[Push]:
        """What a browser got, as soon as it is that much."""
        return await asyncio.to_thread(subscriber.wait, number=number)

    async def row(self, notification_id: UUID) -> NotificationRow:
        """A notification as it is stored."""
        async with self.work.database.transaction() as session:
            row = await session.get(NotificationRow, notification_id)
        assert row is not None
        return row

    async def until_state(self, notification_id: UUID, state: str, *, seconds: float = 5) -> None:
        """Wait until a notification has this state."""
        async with asyncio.timeout(seconds):
            while (await self.row(notification_id)).state != state:
                await asyncio.sleep(0.01)

    async def announced[E: Event](self, fact: type[E]) -> list[E]:
        """The facts of one kind in the outbox, oldest first."""
        query = select(OutboxRow).where(col(OutboxRow.subject).startswith(fact.subject)).order_by(col(OutboxRow.seq))
        async with self.work.database.transaction() as session:
            return [fact.model_validate(row.body) for row in (await session.scalars(query)).all()]

    @asynccontextmanager
    async def sending(self, *loops: Loop) -> AsyncIterator[None]:
        """Running senders, of pushes if nothing else is said."""
        task = asyncio.gather(*(loop(self.work) for loop in loops or (sender.run,)))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
