"""The endpoints of webhooks."""

from common.policy import PolicyRouter, allow, refuses
from common.rest import CurrentCaller, CurrentWork, Cursor, IdempotencyKey, Limit, Page, PathId

from notify.errors import TooManyWebhooks, UrlRefused
from notify.webhooks import policy, service
from notify.webhooks.schemas import WebhookCreate, WebhookCreated, WebhookPublic

router = PolicyRouter("/webhooks")


@router.post("", status_code=201)
@allow(policy.MANAGE_WEBHOOKS, audits="webhook")
@refuses(TooManyWebhooks, UrlRefused)
async def create_webhook(
    wanted: WebhookCreate, caller: CurrentCaller, work: CurrentWork, key: IdempotencyKey
) -> WebhookCreated:
    """Register a webhook: events are posted to it, signed (Standard Webhooks). The secret is shown only here."""
    return await service.create_webhook(work, caller, wanted=wanted, key=key)


@router.get("")
@allow(policy.MANAGE_WEBHOOKS, audits="webhook")
async def list_webhooks(
    caller: CurrentCaller, work: CurrentWork, limit: Limit = 20, cursor: Cursor = None
) -> Page[WebhookPublic]:
    """The registered webhooks and their state."""
    return await service.list_webhooks(work, caller, cursor=cursor, limit=limit)


@router.delete("/{webhook_id}", status_code=204)
@allow(policy.MANAGE_WEBHOOKS, audits="webhook")
async def remove_webhook(webhook_id: PathId, caller: CurrentCaller, work: CurrentWork) -> None:
    """Remove a webhook."""
    await service.remove_webhook(work, caller, webhook_id=webhook_id)
