"""The use cases of webhooks: registered by administrators, told every fact they want from then on."""

from contextlib import suppress
from uuid import UUID, uuid4, uuid5

from common import clock, inbox
from common.audit import Access
from common.auth import Caller
from common.errors import NotFound
from common.events import Event
from common.operations import Idempotency, Operation, OperationKind, Outcome
from common.rest import Page, decode_moment, encode_cursor
from common.work import Work
from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncSession

from notify.backend import Backend
from notify.errors import TooManyWebhooks
from notify.repository import lock_names
from notify.webhooks import policy, repository
from notify.webhooks.models import WebhookDeliveryRow, WebhookRow
from notify.webhooks.policy import Receiver
from notify.webhooks.schemas import WebhookCreate, WebhookCreated, WebhookPublic


async def create_webhook(
    work: Work[Backend], caller: Caller, *, wanted: WebhookCreate, key: Idempotency | None
) -> WebhookCreated:
    """The secret is told to the request that made the webhook, and to its repetition under the same key."""
    await work.backend.webhooks.check_url(wanted.url)
    completed = await work.operation(CREATE_WEBHOOK, wanted, actor=caller.actor, idempotency=key)
    webhook_id = UUID(completed.answer["id"])
    sealed = completed.committed or await _read_again(work, caller, webhook_id=webhook_id)
    receiver = work.backend.vault.open_receiver(sealed, webhook_id=webhook_id)
    return WebhookCreated(id=webhook_id, secret=receiver.secret)


async def _read_again(work: Work[Backend], caller: Caller, *, webhook_id: UUID) -> bytes:
    async with work.transaction() as session:
        row = await session.get(WebhookRow, webhook_id)
        if row is None:
            raise NotFound
        work.audit(session, caller.actor, Access(action="R", resource="webhook", resource_id=str(webhook_id)))
    return row.sealed


async def _check_number(session: AsyncSession, _operation: Operation[WebhookCreate]) -> None:
    await lock_names(session, "webhooks")
    if await repository.count(session, kind=CREATE_WEBHOOK.name) > policy.MAX_WEBHOOKS:
        raise TooManyWebhooks


async def _seal(backend: Backend, operation: Operation[WebhookCreate]) -> bytes:
    receiver = Receiver(operation.intent.url, policy.new_secret())
    return backend.vault.seal_receiver(receiver, webhook_id=operation.target_id)


async def _store_webhook(session: AsyncSession, operation: Operation[WebhookCreate], sealed: bytes) -> Outcome:
    webhook_id = operation.target_id
    session.add(WebhookRow(id=webhook_id, sealed=sealed, events=sorted(set(operation.intent.events))))
    access = Access(action="C", resource="webhook", resource_id=str(webhook_id))
    return Outcome(answer={"id": str(webhook_id)}, audit=[access])


CREATE_WEBHOOK = OperationKind(
    name="webhook.create", intent=WebhookCreate, perform=_seal, finish=_store_webhook, claim=_check_number
)


async def list_webhooks(
    work: Work[Backend], caller: Caller, *, cursor: str | None = None, limit: int = policy.MAX_WEBHOOKS
) -> Page[WebhookPublic]:
    """Administrators see where facts go and whether they arrive, oldest webhook first; no secret."""
    after = None if cursor is None else decode_moment(cursor)
    async with work.transaction() as session:
        since = clock.now() - policy.UNDELIVERED_KEPT
        rows = await repository.list_webhooks(session, since=since, after=after, limit=limit + 1)
        work.audit(session, caller.actor, Access(action="R", resource="webhook"))
    items = [_shown(work.backend, row, undelivered=number) for row, number in rows[:limit]]
    last = rows[limit - 1][0] if len(rows) > limit else None
    cursor_of_next = last and encode_cursor(last.created_at.isoformat(), str(last.id))
    return Page(items=items, next_cursor=cursor_of_next)


def _shown(backend: Backend, row: WebhookRow, *, undelivered: int) -> WebhookPublic:
    url = None
    with suppress(InvalidTag):  # whoever lost the key sees what has to be registered anew
        url = backend.vault.open_receiver(row.sealed, webhook_id=row.id).url
    known = row.model_dump(include={"id", "events", "created_at", "failing_since"})
    return WebhookPublic(**known, url=url, state=row.state, undelivered=undelivered)


async def remove_webhook(work: Work[Backend], caller: Caller, *, webhook_id: UUID) -> None:
    """A webhook that is removed gets nothing any more, not even what waits for it."""
    async with work.transaction() as session:
        if not await repository.remove(session, webhook_id=webhook_id):
            raise NotFound
        work.audit(session, caller.actor, Access(action="D", resource="webhook", resource_id=str(webhook_id)))


async def tell_webhooks(work: Work[Backend], event: Event) -> None:
    """Each webhook that wants a fact and was there when it happened is told; what nobody wants leaves no trace."""
    event_id, at, name = work.cause or uuid4(), work.cause_at or clock.now(), policy.NAMES[type(event)]
    data = event.model_dump(mode="json")
    async with work.database.transaction() as session:
        webhook_ids = await repository.subscribers(session, name=name, at=at)
        if webhook_ids:
            # An entry of its own in the inbox: another consumer here may handle the same event.
            await inbox.mark(session, uuid5(event_id, "webhooks"))
            fact = {"event_id": event_id, "name": name, "data": data, "happened_at": at}
            session.add_all(WebhookDeliveryRow.model_validate({"webhook_id": one, **fact}) for one in webhook_ids)
    if webhook_ids:
        work.backend.facts_due.set()
