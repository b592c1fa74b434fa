"""The endpoints of notify: devices, pushes by staff, the inbox."""

from typing import Annotated

from common.policy import ANYONE, OWN, SIGNED_IN, PolicyRouter, allow, refuses
from common.rest import CurrentCaller, CurrentWork, Cursor, IdempotencyKey, Limit, Page, PathId
from fastapi import Header, Query

from notify import policy, service
from notify.errors import EndpointRefused, TooManyDevices
from notify.schemas import DeviceCreate, DevicePublic, Inbox, PublicKey, PushAccepted, PushCreate

push = PolicyRouter("/push")
notifications = PolicyRouter("/notifications")


@push.get("/public-key")
@allow(ANYONE)
async def get_public_key(work: CurrentWork) -> PublicKey:
    """The key for browsers' push subscriptions."""
    return PublicKey(public_key=work.backend.client.public_key)


@push.post("/register", status_code=201)
@allow(SIGNED_IN)
@refuses(TooManyDevices, EndpointRefused)
async def register_device(
    wanted: DeviceCreate, caller: CurrentCaller, work: CurrentWork, user_agent: Annotated[str, Header()] = ""
) -> DevicePublic:
    """Send pushes to this browser; an endpoint that is already registered is transferred to the caller."""
    device = await service.register_device(work, caller, wanted=wanted, user_agent=user_agent)
    return DevicePublic.model_validate(device)


@push.get("/registrations")
@allow(OWN)
async def list_devices(
    caller: CurrentCaller, work: CurrentWork, limit: Limit = 20, cursor: Cursor = None
) -> Page[DevicePublic]:
    """My devices, oldest first."""
    return await service.list_devices(work, caller, cursor=cursor, limit=limit)


@push.delete("/registrations/{device_id}", status_code=204)
@allow(OWN)
async def remove_device(device_id: PathId, caller: CurrentCaller, work: CurrentWork) -> None:
    """Stop sending pushes to a device."""
    await service.remove_device(work, caller, device_id=device_id)


@push.post("/send", status_code=202)
@allow(policy.SEND_PUSH, audits="notification", action="E")
async def send_push(wanted: PushCreate, caller: CurrentCaller, work: CurrentWork, key: IdempotencyKey) -> PushAccepted:
    """Send a user or a patient a notification from a fixed list."""
    return PushAccepted(notification_id=await service.send_push(work, caller, wanted=wanted, key=key))


@notifications.get("")
@allow(OWN)
async def list_notifications(
    caller: CurrentCaller,
    work: CurrentWork,
    unread: Annotated[bool, Query(description="Only unread notifications")] = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Inbox:
    """My inbox, newest first."""
    return await service.list_notifications(work, caller, unread=unread, cursor=cursor, limit=limit)


@notifications.post("/{notification_id}/read", status_code=204)
@allow(OWN)
async def read_notification(notification_id: PathId, caller: CurrentCaller, work: CurrentWork) -> None:
    """Mark a notification as read."""
    await service.read_notification(work, caller, notification_id=notification_id)
