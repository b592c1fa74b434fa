"""Around every request: its id and trace, one deadline, one log line without data, the headers every answer has."""

import asyncio
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import metrics
from common.errors import OutcomeUnknown, problem_response
from common.logging import begin_trace, get_logger, pseudonym

log = get_logger(__name__)

DEADLINE_SECONDS = 9.0
ASKED_ALL_THE_TIME = {"/livez", "/readyz", "/metrics"}
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
        own_id = begin_trace(headers.get("traceparent"), request=headers.get("X-Request-Id"))
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
            _note(inner, status, time.perf_counter() - started)


def _complete(headers: MutableHeaders, own_id: str, *, ending: bool) -> None:
    headers["X-Request-Id"] = own_id
    if ending:
        headers["Connection"] = "close"  # callers are to turn elsewhere
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


def _with_get_for_head(scope: Scope) -> Scope:
    """HEAD is GET without the body, which the server leaves out (RFC 9110 §9.3.2)."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _note(scope: Scope, status: int, seconds: float) -> None:
    method, path = scope["method"], getattr(scope.get("route"), "path", "unmatched")
    if path in ASKED_ALL_THE_TIME:
        return
    metrics.requests.labels(method, path, status).inc()
    metrics.request_seconds.labels(method, path).observe(seconds)
    caller = scope.get("state", {}).get("caller")
    who = {"user": str(caller.user_id), "patient": pseudonym(caller.patient_id)} if caller else {}
    log.info("request", method=method, route=path, status=status, ms=round(seconds * 1000, 1), **who)
