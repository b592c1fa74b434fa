"""API and event documentation, and the pages that problem types resolve to (RFC 9457 §3.1.1). Switchable off."""

from typing import Any

from fastapi import Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from common.policy import ANYONE, PolicyRouter, allow
from common.settings import ServiceSettings


def router(name: str, settings: ServiceSettings) -> PolicyRouter:
    """The service's own OpenAPI document, and what every service can answer for the fleet."""
    routes = PolicyRouter()

    async def openapi(request: Request) -> JSONResponse:
        return JSONResponse(_document(request, name))

    if settings.docs_enabled:
        routes.add_api_route(f"/docs/{name}.json", allow(ANYONE)(openapi), include_in_schema=False)
    return routes


def _document(request: Request, name: str) -> dict[str, Any]:
    document: dict[str, Any] = get_openapi(title=f"Quill {name}", version="1", routes=request.app.routes)
    return document
