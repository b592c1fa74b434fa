"""Around every request: its id and trace, one deadline, one log line without data, the headers every answer has."""

import asyncio
import re
import time
from uuid import UUID, uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import OutcomeUnknown, problem_response
from common.logging import get_logger, new_traceparent, pseudonym, request_id, traceparent

log = get_logger(__name__)

DEADLINE_SECONDS = 9.0
TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class RequestContext:
    """ASGI middleware; it gives every request an id and an end."""

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        own_id = _valid_id(headers.get("X-Request-Id"))
        request_id.set(own_id)
        traceparent.set(_valid_trace(headers.get("traceparent", "")))
        scope.setdefault("state", {})["request_id"] = own_id
        inner = _with_get_for_head(scope)
        started, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(MutableHeaders(scope=message), own_id, ending=not scope["app"].state.ready)
            await send(message)
            if message.get("more_body"):  # an archive that goes on may take longer, a standstill may not
                deadline.reschedule(asyncio.get_running_loop().time() + DEADLINE_SECONDS)

        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as deadline:
                await self._app(inner, receive, send_with_headers)
        except TimeoutError:
            if not status:
                late = problem_response(Request(inner), OutcomeUnknown("This took too long"))
                await late(inner, receive, send_with_headers)
        finally:
            _log(inner, status, (time.perf_counter() - started) * 1000)


def _valid_id(sent: str | None) -> str:
    try:
        return str(UUID(sent)) if sent and len(sent) == 36 else str(uuid4())
    except ValueError:
        return str(uuid4())


def _complete(headers: MutableHeaders, own_id: str, *, ending: bool) -> None:
    headers["X-Request-Id"] = own_id
    if ending:
        headers["Connection"] = "close"  # callers are to turn elsewhere
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


def _with_get_for_head(scope: Scope) -> Scope:
    """HEAD is GET without the body, which the server leaves out (RFC 9110 §9.3.2)."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _valid_trace(sent: str) -> str:
    return sent if TRACEPARENT.fullmatch(sent) else new_traceparent()


def _log(scope: Scope, status: int, milliseconds: float) -> None:
    route = scope.get("route")
    path = getattr(route, "path", "unmatched")
    if path in {"/livez", "/readyz"}:
        return
    caller = scope.get("state", {}).get("caller")
    who = {"user": str(caller.user_id), "patient": pseudonym(caller.patient_id)} if caller else {}
    log.info("request", method=scope["method"], route=path, status=status, ms=round(milliseconds, 1), **who)
