"""/ehr/{ehr_id}/versioned_composition: the versions of one composition and who made them."""

from typing import Any

from fastapi import APIRouter, Request

from openehr_server import versions
from openehr_server.api.compositions import read_time
from openehr_server.api.exchange import EhrId
from openehr_server.audits import format_time, object_ref
from openehr_server.errors import NotFound
from openehr_server.identifiers import parse_uuid, parse_version_uid
from openehr_server.server import Here

router = APIRouter(prefix="/ehr/{ehr_id}/versioned_composition/{object_id}")


@router.get("")
async def get_versioned_composition(here: Here, ehr_id: EhrId, object_id: str) -> dict[str, Any]:
    """The versioned object itself."""
    first = (await _versions(here, ehr_id, object_id))[0]
    return {
        "_type": "VERSIONED_COMPOSITION",
        "uid": {"_type": "HIER_OBJECT_ID", "value": str(first.object_id)},
        "owner_id": object_ref("ehr", str(ehr_id), namespace="local"),
        "time_created": format_time(first.committed),
    }


@router.get("/revision_history")
async def get_revision_history(here: Here, ehr_id: EhrId, object_id: str) -> dict[str, Any]:
    """One audit per version, deletions included."""
    items = [
        {
            "_type": "REVISION_HISTORY_ITEM",
            "version_id": {"_type": "OBJECT_VERSION_ID", "value": version.uid},
            "audits": [version.audit],
        }
        for version in await _versions(here, ehr_id, object_id)
    ]
    return {"_type": "REVISION_HISTORY", "items": items}


@router.get("/version")
async def get_latest_version(request: Request, here: Here, ehr_id: EhrId, object_id: str) -> dict[str, Any]:
    """The latest version, or the one of a time."""
    uuid = parse_uuid(object_id)
    at = read_time(request.query_params.get("version_at_time"))
    async with here.transaction() as connection:
        version = await versions.find_latest(connection, ehr_id, uuid, at=at)
    if version is None:
        raise NotFound(f"No VERSIONED_COMPOSITION with given id: {uuid}")
    return version.as_json(here.system_id)


@router.get("/version/{version_uid}")
async def get_version(here: Here, ehr_id: EhrId, object_id: str, version_uid: str) -> dict[str, Any]:
    """One version with its audit."""
    uid = parse_version_uid(version_uid)
    async with here.transaction() as connection:
        version = await versions.find_version(connection, ehr_id, uid)
    if version is None or uid.object_id != parse_uuid(object_id):
        raise NotFound(f"No VERSIONED_COMPOSITION with given id: {object_id} and version: {uid.version}")
    return version.as_json(here.system_id)


async def _versions(here: Here, ehr_id: EhrId, object_id: str) -> list[versions.Version]:
    uuid = parse_uuid(object_id)
    async with here.transaction() as connection:
        found = await versions.list_versions(connection, ehr_id, uuid)
    if not found:
        raise NotFound("No EHR with this ID can be found")  # EHRbase's words for an unknown composition, too
    return found
