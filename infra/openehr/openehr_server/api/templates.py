"""/definition/template/adl1.4"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from openehr_server import templates
from openehr_server.api.exchange import headers, location
from openehr_server.errors import NotAcceptable
from openehr_server.server import Here

router = APIRouter(prefix="/definition/template/adl1.4")
_PATH = "/definition/template/adl1.4"


@router.post("")
async def post_template(request: Request, here: Here) -> Response:
    """Adds an operational template; a known one is never overwritten."""
    async with here.transaction() as connection:
        template_id = await templates.add_template(connection, await request.body())
        _, created = await templates.find_document(connection, template_id)
    about = headers(request, path=f"{_PATH}/{template_id}", etag=template_id, modified=created)
    return Response(status_code=201, headers=about, media_type="application/xml")


@router.get("")
async def get_templates(request: Request, here: Here) -> Response:
    """What templates there are."""
    async with here.transaction() as connection:
        found = await templates.list_templates(connection)
    return JSONResponse(found, headers={"Location": location(request, _PATH)})


@router.get("/{template_id}")
async def get_template(request: Request, here: Here, template_id: str) -> Response:
    """The template as XML; this server makes no web templates."""
    async with here.transaction() as connection:
        document, created = await templates.find_document(connection, template_id)
    accepted = request.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("xml", "*/*")):
        raise NotAcceptable("This development server gives templates as application/xml only")
    about = headers(request, path=f"{_PATH}/{template_id}", etag=template_id, modified=created)
    return Response(document, headers=about, media_type="application/xml")
