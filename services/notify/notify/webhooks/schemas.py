"""Request and answer shapes of webhooks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from common.rest import Body
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from notify.webhooks.models import WebhookState
from notify.webhooks.policy import MAX_URL_LENGTH, NAMES


def _check_name(name: str) -> str:
    if name not in NAMES.values():
        raise ValueError(f"must be one of {', '.join(NAMES.values())}")
    return name


EventName = Annotated[
    str, AfterValidator(_check_name), WithJsonSchema({"type": "string", "enum": list(NAMES.values())})
]


class WebhookCreate(Body):
    """Where to post which facts: an https URL of a public server."""

    url: Annotated[str, Field(max_length=MAX_URL_LENGTH)]
    events: Annotated[list[EventName], Field(min_length=1, max_length=len(NAMES))]


class WebhookCreated(BaseModel):
    """A new webhook with the secret that its deliveries are signed with, which is not told again."""

    id: UUID
    secret: str


class WebhookPublic(BaseModel):
    """A webhook, without its secret.

    `url`: null when the key that it was sealed under is gone. `failing_since`: since when nothing got through.
    `undelivered`: facts of the last 30 days that were given up.
    """

    id: UUID
    url: str | None
    events: list[EventName]
    created_at: datetime
    state: WebhookState
    failing_since: datetime | None
    undelivered: int
