"""The tables of notify, and of the mechanisms it shares with the other services."""

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import common.work  # noqa: F401 - brings the tables of the inbox, the outbox and operations
from common import clock
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

NOW = clock.now

type Template = Literal["new_letter", "amended_letter", "please_call", "appointment_reminder", "test"]
type State = Literal["pending", "attempted", "no_device", "failed", "read"]

# Constant texts: they show on lock screens, so they say that something is there and never what.
TITLES: dict[Template, str] = {
    "new_letter": "You have a new letter",
    "amended_letter": "One of your letters has changed",
    "please_call": "Please call us",
    "appointment_reminder": "A reminder about your appointment",
    "test": "This is a test notification",
}


class DeviceRow(SQLModel, table=True):
    """A browser that takes pushes for a user. Its endpoint and keys are sealed; the endpoint is found by its HMAC."""

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("endpoint_hash", name="devices_endpoint"),
        Index("devices_user", "user_id"),
        Index("devices_session", "session_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: UUID
    session_id: UUID
    endpoint_hash: str
    sealed: bytes
    user_agent: str = ""
    created_at: datetime = Field(default_factory=NOW, sa_column=Column(DateTime(timezone=True), nullable=False))


class LinkRow(SQLModel, table=True):
    """Which user a patient's notifications belong to, as far as auth has told; its row is the lock of all of them."""

    __tablename__ = "links"

    patient_id: UUID = Field(primary_key=True)
    user_id: UUID | None = None
    changed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class NotificationRow(SQLModel, table=True):
    """An entry of an inbox. Without a user it waits for its patient to be linked.

    carried_by: the notification whose push also stands for this one; itself, unless several waited for the link.
    letter_version: of which it tells; None in those of before there was this column.
    outdated: a later version closed it, for whoever is linked.
    remind_at: when it is pushed once more, should it be unread by then.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'attempted', 'no_device', 'failed', 'read')", name="notifications_state"),
        CheckConstraint("user_id IS NOT NULL OR patient_id IS NOT NULL", name="notifications_recipient"),
        UniqueConstraint("cause_event_id", "patient_id", name="notifications_cause"),
        Index("notifications_user", "user_id", "created_at", "id"),
        Index("notifications_unread", "user_id", postgresql_where=text("read_at IS NULL")),
        Index("notifications_patient", "patient_id"),
        Index("notifications_carried", "carried_by"),
        Index("notifications_remind", "remind_at", postgresql_where=text("remind_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    template: Template = Field(sa_column=Column(String, nullable=False))
    user_id: UUID | None = None
    patient_id: UUID | None = None
    letter_uid: UUID | None = None
    letter_version: int | None = None
    outdated: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    cause_event_id: UUID | None = None
    carried_by: UUID = Field(default=None, nullable=False)
    state: State = Field(default="pending", sa_column=Column(String, nullable=False))
    created_at: datetime = Field(default_factory=NOW, sa_column=Column(DateTime(timezone=True), nullable=False))
    read_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    remind_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))

    @property
    def title(self) -> str:
        """The text that its push and the inbox show."""
        return TITLES[self.template]

    @property
    def url(self) -> str:
        """Where the app shows what it is about; for the signed-in user only, never in a push."""
        return f"/letters/{self.letter_uid}" if self.letter_uid else "/notifications"


class ReadingRow(SQLModel, table=True):
    """When somebody first read a letter, as letters told: what they are told of it from before then is no news."""

    __tablename__ = "readings"

    letter_uid: UUID = Field(primary_key=True)
    user_id: UUID
    read_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class DeliveryRow(SQLModel, table=True):
    """A push that has yet to be accepted by one device's push service; settled ones are gone.

    due_at: when it may be sent (next); a sender that takes it moves this on, so that it alone works on it.
    takes: how often it was taken; a sender whose count is outdated has lost it to another.
    tries: how often that led to something which could be stored.
    urgent: it is about a letter, and waits for no other kind.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("deliveries_order", text("urgent DESC"), "due_at"),
        Index("deliveries_device", "device_id"),
    )

    notification_id: UUID = Field(sa_column=Column(ForeignKey("notifications.id"), primary_key=True))
    device_id: UUID = Field(sa_column=Column(ForeignKey("devices.id"), primary_key=True))
    tries: int = 0
    takes: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    urgent: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    due_at: datetime = Field(default_factory=NOW, sa_column=Column(DateTime(timezone=True), nullable=False))
