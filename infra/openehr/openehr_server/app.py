"""The application: routes, errors and access are put together here and nowhere else."""

import logging

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from openehr_server import PRODUCT, VERSION
from openehr_server.access import require_basic
from openehr_server.api import compositions, contributions, ehrs, queries, system, templates, versioned_compositions
from openehr_server.errors import INTERNAL, OpenEhrError, render, render_container_error
from openehr_server.server import Server
from openehr_server.settings import BASE_PATH, Settings

logger = logging.getLogger(__name__)
_RESOURCES = (templates, ehrs, compositions, versioned_compositions, contributions, queries)


def create_app(settings: Settings, pool: asyncpg.Pool) -> FastAPI:
    """The server on an open pool, which stays its caller's to close."""
    app = FastAPI(title=PRODUCT, version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.server = Server(settings, pool)
    app.router.redirect_slashes = False
    app.include_router(system.router)
    for resource in _RESOURCES:
        app.include_router(resource.router, prefix=BASE_PATH)
    require_basic(app, settings)
    app.exception_handler(OpenEhrError)(_on_openehr_error)
    app.exception_handler(HTTPException)(_on_http_error)
    app.exception_handler(RecursionError)(_on_deep_nesting)
    for failure in (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        app.exception_handler(failure)(_on_database_failure)
    return app


async def _on_openehr_error(request: Request, error: OpenEhrError) -> Response:
    if not error.message:
        return Response(status_code=error.status)
    return render(request, error.status, error.message)


async def _on_http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        return render(request, 404, f"No resource found at path: {request.url.path.removeprefix('/ehrbase/')}")
    if error.status_code == 405:
        return render(request, 405, f"Request method '{request.method}' is not supported")
    return render_container_error(request, error.status_code)


async def _on_deep_nesting(request: Request, _: RecursionError) -> Response:
    """Hundreds of levels of clusters in clusters: no document is like that."""
    return render(request, 400, "JSON parse error: Document nesting depth exceeds the maximum allowed")


async def _on_database_failure(request: Request, error: Exception) -> Response:
    """EHRbase answers 500 when its database is gone or refuses a value, never 503. OSError includes time-outs."""
    logger.warning("%s failed in the database: %s", request.method, type(error).__name__)
    return render(request, 500, INTERNAL)
