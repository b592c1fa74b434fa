"""The errors of the API and how EHRbase words and shapes each of them."""

from datetime import UTC, datetime
from http import HTTPStatus
from xml.sax.saxutils import escape

from fastapi import Request
from fastapi.responses import JSONResponse, Response

INTERNAL = "An internal error has occurred. Please contact your administrator."


class OpenEhrError(Exception):
    """An answer other than success; `message` may quote what the caller sent, as EHRbase does."""

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequest(OpenEhrError):
    status = 400


class NotFound(OpenEhrError):
    status = 404


class NotAcceptable(OpenEhrError):
    status = 406


class Conflict(OpenEhrError):
    status = 409


class PreconditionFailed(OpenEhrError):
    status = 412


class Unprocessable(OpenEhrError):
    status = 422


class NotImplementedHere(OpenEhrError):
    status = 501


class InternalError(OpenEhrError):
    """EHRbase fails with 500 here, and so do we: a caller must cope with it."""

    def __init__(self) -> None:
        super().__init__(INTERNAL)


def phrase(status: int) -> str:
    """The reason phrase as EHRbase knows it (RFC 4918 names 422 "Unprocessable Entity")."""
    return "Unprocessable Entity" if status == 422 else HTTPStatus(status).phrase


def render(request: Request, status: int, message: str) -> Response:
    """`{"error", "message"}`, or the same as XML for a caller who accepts XML only."""
    if request.headers.get("accept", "").startswith("application/xml"):
        body = f"<error>{phrase(status)}</error><message>{escape(message)}</message>"
        document = f"<?xml version='1.0' encoding='UTF-8'?><HashMap>{body}</HashMap>"
        return Response(document, status, media_type="application/xml;charset=UTF-8")
    return JSONResponse({"error": phrase(status), "message": message}, status)


def render_container_error(request: Request, status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    """The shape of errors that arise before EHRbase's controllers: 401, 403, 415."""
    body = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "status": status,
        "error": phrase(status),
        "path": request.url.path,
    }
    return JSONResponse(body, status, headers)
