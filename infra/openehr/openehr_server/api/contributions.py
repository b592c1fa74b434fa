"""/ehr/{ehr_id}/contribution: changes that carry their author's name, all committed or none."""

from typing import Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from openehr_server import ehrs, reference_model, versions
from openehr_server.api.compositions import check
from openehr_server.api.exchange import EhrId, headers, location, read_json, wants_representation
from openehr_server.audits import CHANGE_TYPES, CREATION, DELETED
from openehr_server.errors import BadRequest, Unprocessable
from openehr_server.identifiers import parse_uuid, parse_version_uid
from openehr_server.server import Here

router = APIRouter(prefix="/ehr/{ehr_id}/contribution")


@router.post("")
async def post_contribution(request: Request, here: Here, ehr_id: EhrId) -> Response:
    """Creations, modifications, amendments and deletions of compositions."""
    body = read_contribution(await read_json(request))
    async with here.transaction() as connection:
        await ehrs.check_modifiable(connection, ehr_id)
        changes = [await _read_change(here, connection, version) for version in body["versions"]]
        chosen = parse_uuid(body["uid"]["value"]) if "uid" in body else None
        contribution = versions.Contribution(body["audit"], changes, chosen)
        uid, _ = await versions.commit(connection, ehr_id, contribution, system_id=here.system_id)
        answer = await versions.find_contribution(connection, ehr_id, uid)
    about = {"Location": location(request, _path(ehr_id, uid)), "ETag": f'"{uid}"'}
    if wants_representation(request):
        return JSONResponse(answer, 201, about)
    return Response(status_code=204, headers=about)


@router.get("/{contribution_id}")
async def get_contribution(request: Request, here: Here, ehr_id: EhrId, contribution_id: str) -> Response:
    """A contribution and references to what it changed."""
    uid = parse_uuid(contribution_id)
    async with here.transaction() as connection:
        found = await versions.find_contribution(connection, ehr_id, uid)
        committed = await connection.fetchval("SELECT max(committed) FROM version WHERE contribution_id = $1", uid)
    return JSONResponse(found, headers=headers(request, path=_path(ehr_id, uid), etag=str(uid), modified=committed))


def read_contribution(body: Any) -> dict[str, Any]:
    """The CONTRIBUTION with its audits complete, but without the times that only the server may set.

    Raises BadRequest naming every violation.
    """
    contribution = reference_model.read(body, "CONTRIBUTION")
    if "audit" not in contribution:
        raise BadRequest("Missing attribute CONTRIBUTION/audit")
    problems = []
    if "time_committed" in contribution["audit"]:
        problems.append(_problem("/audit/time_committed", "Attribute time_committed must not be set"))
    problems += _missing(contribution["audit"], "AUDIT_DETAILS")
    if not contribution.get("versions"):
        problems.append(_problem("/versions", "Versions must not be empty"))
    for version in contribution.get("versions", []):
        bare = {name: value for name, value in version.items() if name != "data"}
        problems += _missing(bare, "ORIGINAL_VERSION")
    if problems:
        raise BadRequest("\n".join(problems))
    return contribution


def _missing(instance: dict[str, Any], rm_class: str) -> list[str]:
    return [
        f"Message at /{name} ({path}):  Attribute {name} of class {owner} does not match existence 1..1"
        for path, name, owner in reference_model.missing_attributes(instance, rm_class)
    ]


def _problem(path: str, text: str) -> str:
    return f"Message at {path} ({path}):  {text}"


async def _read_change(here: Here, connection: asyncpg.Connection, version: dict[str, Any]) -> versions.Change:
    """Unlike a plain POST, an invalid composition in a contribution is a bad request."""
    audit, data = version["commit_audit"], version.get("data")
    code = audit["change_type"]["defining_code"]["code_string"]
    preceding = version.get("preceding_version_uid")
    if code not in CHANGE_TYPES or (data is None and code != DELETED):
        raise BadRequest(f"ChangeType[{audit['change_type'].get('value', code).upper()}] not Supported.")
    if (preceding is None) != (code == CREATION):
        kind = CHANGE_TYPES[code].upper()
        raise BadRequest(f'Invalid version. Change type {kind}, but also set "preceding_version_uid" attribute')
    uid = parse_version_uid(preceding["value"]) if preceding else None
    if data is None or code == DELETED:
        return versions.Change(audit, None, preceding=uid)
    if data["_type"] != "COMPOSITION":
        raise BadRequest(f"Invalid version object in contribution: {data['_type']} not supported.")
    try:
        return versions.Change(audit, data, await check(here, connection, data), uid)
    except Unprocessable as error:
        raise BadRequest(error.message) from None


def _path(ehr_id: UUID, contribution_id: UUID) -> str:
    return f"/ehr/{ehr_id}/contribution/{contribution_id}"
