"""What the endpoints share: reading a JSON body, honouring Accept and Prefer, the usual headers."""

import json
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from openehr_server.errors import BadRequest, NotAcceptable, NotFound
from openehr_server.identifiers import uuid_or_none
from openehr_server.settings import BASE_PATH

_JSON = ("application/json", "*/*", "application/*")


def _ehr_id(ehr_id: str) -> UUID:
    uuid = uuid_or_none(ehr_id)
    if uuid is None:
        raise NotFound("EHR not found, in fact, only UUID-type IDs are supported")
    return uuid


EhrId = Annotated[UUID, Depends(_ehr_id)]


async def read_json(request: Request, *, optional: bool = False) -> Any:
    """The request's JSON; None where there is no body and that is allowed. Raises BadRequest; 415 for other types."""
    body = await request.body()
    if not body and optional:
        return None
    if request.headers.get("content-type", "application/json").split(";")[0].strip() != "application/json":
        raise HTTPException(415)
    if not body:
        raise BadRequest("Required request body is missing")
    text = body.decode("utf-8", "replace")
    try:
        return _without_surrogates(json.loads(text, parse_constant=_refuse_constant), text)
    except json.JSONDecodeError as error:
        ended = error.pos >= len(text.rstrip())
        reason = "Unexpected end-of-input within/between Object entries" if ended else f"Unexpected character: {error}"
        raise BadRequest(f"JSON parse error: {reason}") from None
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"JSON parse error: {error}") from None


def _without_surrogates(value: Any, text: str) -> Any:
    """Half of a surrogate pair, which JSON can escape but no text can hold, becomes `?`, as it does in EHRbase."""
    if "\\ud" not in text.lower():
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"Non-standard token '{name}'")


def require_json_accepted(request: Request) -> None:
    """Raises NotAcceptable where the caller does not take JSON: this server writes nothing else."""
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept", "*/*").split(",")]
    if not any(part in _JSON for part in accepted):
        raise NotAcceptable("No acceptable representation")


def wants_representation(request: Request) -> bool:
    """Prefer: return=representation; anything else means minimal."""
    return request.headers.get("prefer", "").replace(" ", "") == "return=representation"


def location(request: Request, path: str) -> str:
    """An absolute URL below the API's base path, on the host that the caller used."""
    return f"{str(request.base_url).rstrip('/')}{BASE_PATH}{path}"


def headers(request: Request, *, path: str, etag: str, modified: datetime) -> dict[str, str]:
    """Location, ETag (quoted) and Last-Modified."""
    return {
        "Location": location(request, path),
        "ETag": f'"{etag}"',
        "Last-Modified": format_datetime(modified, usegmt=True),
    }


def created(request: Request, body: dict[str, Any], headers: dict[str, str], *, status: tuple[int, int]) -> Response:
    """`status` is that of a full answer and that of a minimal one."""
    full, minimal = status
    if wants_representation(request):
        return JSONResponse(body, full, headers)
    return Response(status_code=minimal, headers=headers)
