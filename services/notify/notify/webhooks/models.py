"""The tables of webhooks."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from notify.models import NOW

type WebhookState = Literal["active", "failing", "disabled"]


def _moment(*, nullable: bool) -> Any:
    return Column(DateTime(timezone=True), nullable=nullable)


class WebhookRow(SQLModel, table=True):
    """A receiver of facts. Its URL, which may hold a password, and its secret are sealed.

    failing_since: since when nothing got through, if nothing did.
    disabled_at: when it was given up.
    """

    __tablename__ = "webhooks"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    sealed: bytes
    events: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    created_at: datetime = Field(default_factory=NOW, sa_column=_moment(nullable=False))
    failing_since: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    disabled_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))

    @property
    def state(self) -> WebhookState:
        """How it stands with it."""
        if self.disabled_at is not None:
            return "disabled"
        return "active" if self.failing_since is None else "failing"


class WebhookDeliveryRow(SQLModel, table=True):
    """A fact that a webhook has yet to take; those it took are gone.

    due_at: when it may be sent (next); a sender that takes it moves this on, so that it alone works on it.
    takes: how often it was taken; a sender whose count is outdated has lost it to another.
    tries: how often that led to something which could be stored.
    dead_at: when it was given up; it is kept for a while, to be looked at.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("webhook_deliveries_due", "webhook_id", "due_at", postgresql_where=text("dead_at IS NULL")),
    )

    webhook_id: UUID = Field(sa_column=Column(ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True))
    event_id: UUID = Field(primary_key=True)
    name: str
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    happened_at: datetime = Field(sa_column=_moment(nullable=False))
    tries: int = 0
    takes: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    due_at: datetime = Field(default_factory=NOW, sa_column=_moment(nullable=False))
    dead_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
