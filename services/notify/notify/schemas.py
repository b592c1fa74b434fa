"""Request and answer shapes of notify."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from common.rest import Body, Id, Page
from pydantic import BaseModel, Field

from notify.models import DeviceRow, NotificationRow, State, Template
from notify.policy import TITLES, app_path


class SubscriptionKeys(Body):
    """The keys of a push subscription, base64url."""

    p256dh: Annotated[str, Field(max_length=128)]
    auth: Annotated[str, Field(max_length=64)]


class DeviceCreate(Body):
    """What a browser's `PushSubscription.toJSON()` gives."""

    endpoint: Annotated[str, Field(max_length=4096)]
    keys: SubscriptionKeys
    expirationTime: float | None = None


class DevicePublic(BaseModel):
    """A registered device, without what it takes to push to it."""

    id: UUID
    created_at: datetime
    user_agent: str | None

    @classmethod
    def of(cls, row: DeviceRow) -> "DevicePublic":
        """The public part of a device."""
        return cls(id=row.id, created_at=row.created_at, user_agent=row.user_agent)


class PushCreate(Body):
    """Whom to tell what; no free text, for it would show on a lock screen."""

    user_id: Id | None = None
    patient_id: Id | None = None
    template: Template


class PushAccepted(BaseModel):
    """The notification that was created, whether or not anybody is there to get it."""

    notification_id: UUID


class PublicKey(BaseModel):
    """What `pushManager.subscribe` takes as `applicationServerKey`."""

    public_key: str


class NotificationPublic(BaseModel):
    """An entry of the inbox; `url` is a path of the app."""

    id: UUID
    template: Template
    title: str
    url: str
    created_at: datetime
    read_at: datetime | None
    state: State

    @classmethod
    def of(cls, row: NotificationRow) -> "NotificationPublic":
        """An entry as its user sees it."""
        return cls(
            id=row.id,
            template=row.template,
            title=TITLES[row.template],
            url=app_path(row.template, row.letter_uid),
            created_at=row.created_at,
            read_at=row.read_at,
            state=row.state,
        )


class Inbox(Page[NotificationPublic]):
    """A page of the inbox; `unread_count` counts all of it."""

    unread_count: int
