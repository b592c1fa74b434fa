"""/ehr and /ehr/{ehr_id}/ehr_status"""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from openehr_server import ehrs
from openehr_server.api.exchange import EhrId, created, headers, read_json
from openehr_server.errors import BadRequest, NotFound
from openehr_server.identifiers import uuid_or_none
from openehr_server.server import Here

router = APIRouter()


@router.post("/ehr")
async def post_ehr(request: Request, here: Here) -> Response:
    """A new EHR; the server chooses the id."""
    return await _create(request, here, None)


@router.put("/ehr/{ehr_id}")
async def put_ehr(request: Request, here: Here, ehr_id: str) -> Response:
    """A new EHR under the caller's id; never an update."""
    uuid = uuid_or_none(ehr_id)
    if uuid is None:
        raise BadRequest("EHR ID format not a UUID")
    return await _create(request, here, uuid)


async def _create(request: Request, here: Here, ehr_id: UUID | None) -> Response:
    status = ehrs.read_status(await read_json(request, optional=True))
    async with here.transaction() as connection:
        ehr = await ehrs.create_ehr(connection, ehr_id=ehr_id, status=status, system_id=here.system_id)
    return created(request, ehr.as_json(here.system_id), _headers(request, ehr), status=(201, 201))


@router.get("/ehr")
async def get_ehr_by_subject(request: Request, here: Here) -> Response:
    """The EHR of a subject."""
    subject_id, namespace = (request.query_params.get(name) for name in ("subject_id", "subject_namespace"))
    if not subject_id or not namespace:
        given = ", ".join(f"{name}={{{value}}}" for name, value in request.query_params.items())
        conditions = 'Parameter conditions "subject_id, subject_namespace" not met for actual request parameters'
        raise BadRequest(f"{conditions}: {given}")
    async with here.transaction() as connection:
        ehr = await ehrs.find_ehr_by_subject(connection, namespace=namespace, subject_id=subject_id)
    return JSONResponse(ehr.as_json(here.system_id), headers=_headers(request, ehr))


@router.get("/ehr/{ehr_id}")
async def get_ehr(request: Request, here: Here, ehr_id: EhrId) -> Response:
    """An EHR by its id."""
    async with here.transaction() as connection:
        ehr = await ehrs.find_ehr(connection, ehr_id)
    return JSONResponse(ehr.as_json(here.system_id), headers=_headers(request, ehr))


@router.get("/ehr/{ehr_id}/ehr_status")
@router.get("/ehr/{ehr_id}/ehr_status/{version_uid}")
async def get_ehr_status(request: Request, here: Here, ehr_id: EhrId, version_uid: str | None = None) -> Response:
    """The EHR_STATUS; there is only ever its first version here."""
    async with here.transaction() as connection:
        ehr = await ehrs.find_ehr(connection, ehr_id)
    uid = ehr.status["uid"]["value"]
    if version_uid not in (None, uid):
        raise NotFound(f"No EHR_STATUS with given id: {version_uid}")
    path = f"/ehr/{ehr_id}/ehr_status/{uid}"
    return JSONResponse(ehr.status, headers=headers(request, path=path, etag=uid, modified=ehr.created))


def _headers(request: Request, ehr: ehrs.Ehr) -> dict[str, str]:
    return headers(request, path=f"/ehr/{ehr.ehr_id}", etag=str(ehr.ehr_id), modified=ehr.created)
