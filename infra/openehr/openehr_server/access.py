"""HTTP Basic authentication: one user; the administration API is nobody's."""

import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import Response

from openehr_server.errors import render_container_error
from openehr_server.settings import Settings

_OPEN = "/ehrbase/management/health"
_ADMIN = "/ehrbase/rest/admin"


def require_basic(app: FastAPI, settings: Settings) -> None:
    """401 without the right credentials, whatever the path; 403 for the administration API; health is open."""

    @app.middleware("http")
    async def check(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path.startswith(_OPEN):
            return await call_next(request)
        if not _is_allowed(request.headers.get("authorization", ""), settings):
            return render_container_error(request, 401, {"WWW-Authenticate": 'Basic realm="Realm"'})
        if request.url.path.startswith(_ADMIN):
            return render_container_error(request, 403)
        return await call_next(request)


def _is_allowed(header: str, settings: Settings) -> bool:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return secrets.compare_digest(given, f"{settings.user}:{settings.password}".encode())
