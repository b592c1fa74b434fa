"""The shapes of the audit trail in requests and answers."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from common.rest import Id
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from auth.audit.models import AuditEntryRow

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
UNKNOWN = "Unknown account"


def _moment(value: object) -> datetime:
    if isinstance(value, str) and RFC3339.fullmatch(value):
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    raise ValueError("must be a time with its offset, as RFC 3339 writes it")


Moment = Annotated[datetime, BeforeValidator(_moment)]


class AuditQuery(BaseModel):
    """What the trail can be narrowed to; what is not named here is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    patient_id: Id | None = None
    user_id: Id | None = Field(default=None, description="Who acted")
    action: Literal["C", "R", "U", "D", "E"] | None = None
    since: Moment | None = Field(default=None, description="From this time on")
    until: Moment | None = Field(default=None, description="Before this time")
    limit: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=512)


class AuditActor(BaseModel):
    """Who acted, with their current name and their roles at the time."""

    id: UUID
    name: str
    roles: list[str]


class OwnAuditEntry(BaseModel):
    """What somebody did with the reader's own record."""

    id: UUID
    at: datetime
    actor: AuditActor | None
    action: Literal["C", "R", "U", "D", "E"]
    resource: str
    resource_id: str | None
    patient_id: UUID | None
    outcome: Literal["ok", "denied", "failed"]
    request_id: str | None

    @classmethod
    def of(cls, row: AuditEntryRow, name: str | None) -> Self:
        """An entry, with the name of its actor if there is such an account."""
        actor = None if row.actor_id is None else {"id": row.actor_id, "name": name or UNKNOWN, "roles": row.roles}
        return cls.model_validate({**row.model_dump(), "actor": actor})


class AuditEntry(OwnAuditEntry):
    """What somebody did, after IHE BALP: C create, R read, U update, D delete, E execute."""

    address: str | None
