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
    """An https URL of a public server, and the events to post to it."""

    url: Annotated[str, Field(max_length=MAX_URL_LENGTH)]
    events: Annotated[list[EventName], Field(min_length=1, max_length=len(NAMES))]


class WebhookCreated(BaseModel):
    """A new webhook and the secret that signs its deliveries, which is shown only once."""

    id: UUID
    secret: str


class WebhookPublic(BaseModel):
    """A webhook, without its secret.

    `url`: null when its encryption key is gone. `failing_since`: since when nothing was delivered.
    `undelivered`: events of the last 30 days that were given up.
    """

    id: UUID
    url: str | None
    events: list[EventName]
    created_at: datetime
    state: WebhookState
    failing_since: datetime | None
    undelivered: int
