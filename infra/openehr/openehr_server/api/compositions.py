"""/ehr/{ehr_id}/composition"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from openehr_server import ehrs, reference_model, versions
from openehr_server.api.exchange import EhrId, created, headers, read_json, require_json_accepted
from openehr_server.audits import CREATION, DELETED, MODIFICATION, service_audit
from openehr_server.errors import BadRequest, NotFound, NotImplementedHere, PreconditionFailed, Unprocessable
from openehr_server.identifiers import is_version_uid, object_id_of, parse_uuid, parse_version_uid
from openehr_server.server import Here
from openehr_server.validation import check_composition, template_id_of

router = APIRouter(prefix="/ehr/{ehr_id}/composition")
_NOT_SUPPORTED = "The current operation is not supported by this server. Please contact your administrator."


@router.post("")
async def post_composition(request: Request, here: Here, ehr_id: EhrId) -> Response:
    """A first version, under the caller's uid where the composition brings one."""
    composition = read_composition(await read_json(request))
    async with here.transaction() as connection:
        await ehrs.check_modifiable(connection, ehr_id)
        template_id = await check(here, connection, composition)
        change = versions.Change(service_audit(CREATION, here.settings.user), composition, template_id)
        version = await _commit(here, connection, ehr_id, change)
    return _answer(request, version, full=201)


@router.put("/{object_id}")
async def put_composition(request: Request, here: Here, ehr_id: EhrId, object_id: str) -> Response:
    """A next version of what If-Match names: like EHRbase, even if the path names something else."""
    preceding = request.headers.get("if-match")
    if preceding is None:
        raise BadRequest("Required request header 'If-Match' for method parameter type String is not present")
    composition = read_composition(await read_json(request))
    _check_same_object(composition, parse_uuid(object_id))
    if not is_version_uid(preceding):
        parse_uuid(preceding)
    async with here.transaction() as connection:
        await ehrs.check_modifiable(connection, ehr_id)
        template_id = await check(here, connection, composition)
        audit = service_audit(MODIFICATION, here.settings.user)
        change = versions.Change(audit, composition, template_id, parse_version_uid(preceding))
        version = await _commit(here, connection, ehr_id, change)
    return _answer(request, version, full=200)


@router.get("/{uid}")
async def get_composition(request: Request, here: Here, ehr_id: EhrId, uid: str) -> Response:
    """The latest version, one version, or the one of a time; 204 for a deleted one."""
    require_json_accepted(request)
    object_id = object_id_of(uid)
    async with here.transaction() as connection:
        if is_version_uid(uid):
            version = await versions.find_version(connection, ehr_id, parse_version_uid(uid))
        else:
            at = read_time(request.query_params.get("version_at_time"))
            version = await versions.find_latest(connection, ehr_id, object_id, at=at)
    if version is None:
        raise NotFound("No COMPOSITION with given ID found" if is_version_uid(uid) else _not_found(object_id))
    if version.data is None:
        return Response(status_code=204)
    path = f"/ehr/{ehr_id}/composition/{uid}"
    about = headers(request, path=path, etag=version.uid, modified=version.committed)
    return JSONResponse(version.data, headers=about)


@router.delete("/{preceding_version_uid}")
async def delete_composition(request: Request, here: Here, ehr_id: EhrId, preceding_version_uid: str) -> Response:
    """A deletion is a version too; the older ones stay readable."""
    async with here.transaction() as connection:
        await ehrs.check_modifiable(connection, ehr_id)
        if not is_version_uid(preceding_version_uid):
            raise NotImplementedHere(_NOT_SUPPORTED)
        preceding = parse_version_uid(preceding_version_uid)
        change = versions.Change(service_audit(DELETED, here.settings.user), None, preceding=preceding)
        version = await _commit(here, connection, ehr_id, change)
    path = f"/ehr/{ehr_id}/composition/{preceding}"
    return Response(
        status_code=204, headers=headers(request, path=path, etag=str(preceding), modified=version.committed)
    )


def read_composition(body: Any) -> dict[str, Any]:
    """Raises BadRequest."""
    return reference_model.read(body, "COMPOSITION")


async def check(here: Here, connection: asyncpg.Connection, composition: dict[str, Any]) -> str:
    """Holds a composition to its template and answers the template's id. Raises BadRequest or Unprocessable."""
    template_id = template_id_of(composition)
    try:
        template = await here.templates.get(connection, template_id)
    except NotFound as error:
        raise Unprocessable(error.message) from None
    check_composition(composition, template)
    return template_id


def read_time(text: str | None) -> datetime | None:
    """A version_at_time; without zone it is UTC. Raises BadRequest."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise BadRequest(f"Value '{text}' is not valid for RFC 3339 / ISO 8601 date-time") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


async def _commit(
    here: Here, connection: asyncpg.Connection, ehr_id: UUID, change: versions.Change
) -> versions.Version:
    contribution = versions.Contribution(change.audit, [change])
    _, (version,) = await versions.commit(connection, ehr_id, contribution, system_id=here.system_id)
    return version


def _answer(request: Request, version: versions.Version, *, full: int) -> Response:
    path = f"/ehr/{version.ehr_id}/composition/{version.object_id}"
    about = headers(request, path=path, etag=version.uid, modified=version.committed)
    return created(request, version.data or {}, about, status=(full, 204))


def _check_same_object(composition: dict[str, Any], object_id: UUID) -> None:
    uid = composition.get("uid")
    if uid is not None and object_id_of(uid["value"]) != object_id:
        raise PreconditionFailed("UUID from input must match given versioned_object_uid in request URL")


def _not_found(object_id: UUID) -> str:
    return f"No COMPOSITION with given id: {object_id}"
