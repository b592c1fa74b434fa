"""Request and answer shapes of notify."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from common.rest import Body, Id, Page
from pydantic import BaseModel, ConfigDict, Field, model_validator

from notify.models import State, Template


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
    """A registered device, without its push endpoint and keys."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    created_at: datetime
    user_agent: str


class PushCreate(Body):
    """The recipient (a user or a patient) and a text from a fixed list. Free text would appear on lock screens."""

    user_id: Id | None = None
    patient_id: Id | None = None
    template: Template

    @model_validator(mode="after")
    def _check_recipient(self) -> Self:
        if (self.user_id is None) == (self.patient_id is None):
            raise ValueError("exactly one of user_id and patient_id")
        return self


class PushAccepted(BaseModel):
    """The notification that was created, even if nobody can receive it."""

    notification_id: UUID


class PublicKey(BaseModel):
    """What `pushManager.subscribe` takes as `applicationServerKey`."""

    public_key: str


class NotificationPublic(BaseModel):
    """An entry of the inbox; `url` is a path of the app."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    template: Template
    title: str
    url: str
    created_at: datetime
    read_at: datetime | None
    state: State


class Inbox(Page[NotificationPublic]):
    """A page of the inbox; `unread_count` counts all of it."""

    unread_count: int
