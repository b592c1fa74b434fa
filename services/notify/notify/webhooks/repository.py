"""Every query of webhooks. Locks are taken in this order: webhook, deliveries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from common import clock
from common.db import delete_some
from common.operations import OperationRow
from sqlalchemy import any_, delete, func, literal, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notify.webhooks.models import WebhookDeliveryRow, WebhookRow

_open = col(WebhookDeliveryRow.dead_at).is_(None)
WAITING = select(func.count(), func.min(col(WebhookDeliveryRow.due_at))).where(_open)


async def count(session: AsyncSession, *, kind: str) -> int:
    """How many webhooks there are, with those that operations of this kind are about to make."""
    made = select(func.count()).select_from(WebhookRow).scalar_subquery()
    coming = select(func.count()).select_from(OperationRow).filter_by(kind=kind, state="INTENT").scalar_subquery()
    return await session.scalar(select(made + coming)) or 0


async def list_webhooks(
    session: AsyncSession, *, since: datetime, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[tuple[WebhookRow, int]]:
    """Webhooks with the number of facts that were given up since a time, oldest first, from a position on."""
    position = (col(WebhookRow.created_at), col(WebhookRow.id))
    dead = (col(WebhookDeliveryRow.webhook_id) == col(WebhookRow.id), col(WebhookDeliveryRow.dead_at) > since)
    undelivered = select(func.count()).select_from(WebhookDeliveryRow).where(*dead).scalar_subquery()
    query = select(WebhookRow, undelivered).order_by(*position).limit(limit)
    if after is not None:
        query = query.where(tuple_(*position) > after)
    return [(webhook, number) for webhook, number in (await session.execute(query)).all()]


async def remove(session: AsyncSession, *, webhook_id: UUID) -> bool:
    """Delete a webhook with all that it has yet to take; False when there is none."""
    statement = delete(WebhookRow).where(col(WebhookRow.id) == webhook_id).returning(col(WebhookRow.id))
    return await session.scalar(statement) is not None


async def lock(session: AsyncSession, *, webhook_id: UUID, ending: bool) -> WebhookRow | None:
    """A webhook with its lock, which lets facts be added unless it may be ending."""
    query = select(WebhookRow).filter_by(id=webhook_id).with_for_update(key_share=not ending)
    return (await session.scalars(query)).one_or_none()


async def subscribers(session: AsyncSession, *, name: str, at: datetime) -> Sequence[UUID]:
    """The webhooks that get a fact of this name: those there when it happened. None ends before it is added."""
    wanted = select(col(WebhookRow.id)).where(literal(name) == any_(col(WebhookRow.events)))
    there = wanted.where(col(WebhookRow.disabled_at).is_(None), col(WebhookRow.created_at) <= at)
    return (await session.scalars(there.with_for_update(read=True, key_share=True))).all()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one webhook is to be sent now by whoever took it."""

    webhook: WebhookRow
    deliveries: Sequence[WebhookDeliveryRow]


async def take_due(session: AsyncSession, *, busy: Collection[UUID], size: int, lease: timedelta) -> list[Batch]:
    """Take a few deliveries of each webhook that is not busy, for as long as `lease`; other replicas skip them."""
    row, now = WebhookDeliveryRow, clock.now()
    key = (col(row.webhook_id), col(row.event_id))
    due = (col(row.webhook_id) == col(WebhookRow.id), col(row.dead_at).is_(None), col(row.due_at) <= now)
    oldest = select(*key).where(*due).order_by(col(row.due_at)).limit(size).with_for_update(skip_locked=True).lateral()
    free = (col(WebhookRow.disabled_at).is_(None), col(WebhookRow.id).not_in(busy))
    chosen = select(oldest.c.webhook_id, oldest.c.event_id).select_from(WebhookRow).join(oldest, true()).where(*free)
    take = update(row).where(tuple_(*key).in_(chosen)).values(takes=col(row.takes) + 1, due_at=now + lease)
    taken = sorted((await session.scalars(take.returning(row))).all(), key=lambda one: one.webhook_id)
    if not taken:
        return []
    webhooks = await session.scalars(
        select(WebhookRow).where(col(WebhookRow.id).in_({one.webhook_id for one in taken}))
    )
    by_id = {webhook.id: webhook for webhook in webhooks}
    return [Batch(by_id[webhook_id], list(rows)) for webhook_id, rows in groupby(taken, lambda one: one.webhook_id)]


async def find_mine(session: AsyncSession, taken: WebhookDeliveryRow) -> WebhookDeliveryRow | None:
    """A delivery that was taken, locked, unless another sender has it by now."""
    mine = {"webhook_id": taken.webhook_id, "event_id": taken.event_id, "takes": taken.takes, "dead_at": None}
    return (await session.scalars(select(WebhookDeliveryRow).filter_by(**mine).with_for_update())).one_or_none()


async def bury_open(session: AsyncSession, *, webhook_id: UUID) -> Sequence[UUID]:
    """Give up all that a webhook has yet to take; the events that these are."""
    bury = update(WebhookDeliveryRow).filter_by(webhook_id=webhook_id, dead_at=None).values(dead_at=clock.now())
    return (await session.scalars(bury.returning(col(WebhookDeliveryRow.event_id)))).all()


async def forget_dead(session: AsyncSession, *, before: datetime) -> bool:
    """Forget what was given up before a time, a thousand at most; whether there was any."""
    row = WebhookDeliveryRow
    return await delete_some(session, row, col(row.event_id), col(row.dead_at) < before)
