"""What the HTTP contract says once for all services: strict bodies, pages, versions, idempotency keys."""

import base64
import hashlib
import json
import re
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from common.auth import Caller
from common.errors import Invalid, VersionMissing, VersionStale
from common.operations import Idempotency
from common.policy import caller_of
from common.strictjson import FORBIDDEN
from common.work import Work

CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ETAG = re.compile(r'(?:W/)?"(0|[1-9][0-9]{0,8})"')
VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,128}")


class Body(BaseModel):
    """A request body: unknown members and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Page[T](BaseModel):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


def _canonical_uuid(value: object) -> UUID:
    if isinstance(value, UUID):
        return value
    if isinstance(value, str) and CANONICAL_UUID.fullmatch(value):
        return UUID(value)
    raise ValueError("must be a UUID in canonical lower-case form")


def _iso_date(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and ISO_DATE.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError("must be a date as YYYY-MM-DD")


Id = Annotated[
    UUID,
    BeforeValidator(_canonical_uuid),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": f"^{CANONICAL_UUID.pattern}$"}),
]
IsoDate = Annotated[date, BeforeValidator(_iso_date)]
PathId = Annotated[Id, Path()]
Limit = Annotated[int, Query(ge=1, le=100, description="Maximum number of items")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the previous page")]


def encode_cursor(*position: str | int) -> str:
    """An opaque cursor for the position after the last item of a page."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, *types: type[str] | type[int]) -> list[Any]:
    """The position that a cursor stands for.

    Raises:
        Invalid: we did not make this cursor.
    """
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fits = [type(item) for item in position] == list(types) and all(map(_is_storable, position))
    except (ValueError, TypeError) as error:
        raise Invalid.cursor() from error
    if not fits:
        raise Invalid.cursor()
    return list(position)


def decode_moment(cursor: str) -> tuple[datetime, UUID]:
    """The position, as time and id, that the cursor of a list by time stands for. Raises as `decode_cursor`."""
    at, row_id = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(at).astimezone(UTC), UUID(row_id)
    except (ValueError, OverflowError) as error:
        raise Invalid.cursor() from error


def _is_storable(item: str | int) -> bool:
    """Whether PostgreSQL can compare with it: a forged cursor may hold anything JSON has."""
    return not FORBIDDEN.search(item) if isinstance(item, str) else abs(item) < 2**63


def _shown(pattern: re.Pattern[str]) -> Any:
    """A header whose form is documented here and checked by hand, for an answer of its own."""
    return Header(json_schema_extra={"pattern": f"^{pattern.pattern}$"})


async def _expected_version(if_match: Annotated[str | None, _shown(ETAG)] = None) -> int:
    if if_match is None or if_match.strip() == "*":
        raise VersionMissing
    match = ETAG.fullmatch(if_match.strip())
    if match is None:
        raise VersionStale
    return int(match[1])


async def _idempotency(
    request: Request, idempotency_key: Annotated[str | None, _shown(VISIBLE_ASCII)] = None
) -> Idempotency | None:
    if idempotency_key is None:
        return None
    if not VISIBLE_ASCII.fullmatch(idempotency_key):
        raise Invalid.at("header", "Idempotency-Key", type="idempotency_key", msg="1 to 128 visible ASCII characters")
    request_hash = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), await request.body()):
        request_hash.update(len(part).to_bytes(8) + part)
    return Idempotency(idempotency_key, request_hash.hexdigest())


async def _work(request: Request, response: Response) -> Work[Any]:
    return request.app.state.runtime.new_work(response)  # type: ignore[no-any-return]


ExpectedVersion = Annotated[int, Depends(_expected_version)]
IdempotencyKey = Annotated[Idempotency | None, Depends(_idempotency)]
CurrentCaller = Annotated[Caller, Depends(caller_of)]
CurrentWork = Annotated[Work[Any], Depends(_work)]


def etag(version: int, *, weak: bool = False) -> str:
    """The ETag of a version; FHIR has weak ones (FHIR R4 §3.1.0.6)."""
    return f'W/"{version}"' if weak else f'"{version}"'
