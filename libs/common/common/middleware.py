"""Around every request: its id and trace, one deadline, one log line without data, the headers every answer has."""

import asyncio
import time

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import metrics
from common.errors import OutcomeUnknown, problem_response
from common.logging import begin_trace, get_logger, pseudonym

log = get_logger(__name__)

DEADLINE_SECONDS = 9.0
FAILURES = (500, 503)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")  # whatever else callers say is counted as one
# Not counted: one service that is down would have the others' answers about health counted as failures of theirs.
ASKED_ALL_THE_TIME = ("/livez", "/readyz", "/metrics", "/api/health")
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


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
                _complete(message, own_id, ending=not scope["app"].state.ready)
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
        except Exception:
            status = status or 500  # nobody foresaw it: Starlette answers, outside of here
            raise
        finally:
            _note(inner, status, time.perf_counter() - started)


def _complete(start: Message, own_id: str, *, ending: bool) -> None:
    """Give an answer the headers that all have; those of security only where it has none of its own."""
    own: list[tuple[bytes, bytes]] = list(start["headers"])
    named = {name for name, _ in own}
    own += [header for header in SECURITY_HEADERS if header[0] not in named]
    own.append((b"x-request-id", own_id.encode()))
    if ending:
        own.append((b"connection", b"close"))  # callers are to turn elsewhere
    start["headers"] = own


def _with_get_for_head(scope: Scope) -> Scope:
    """HEAD is GET without the body, which the server leaves out (RFC 9110 §9.3.2); `head` in the scope tells of it."""
    return {**scope, "method": "GET", "head": True} if scope["method"] == "HEAD" else scope


def _note(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    path = getattr(scope.get("route"), "path", "unmatched")
    if path.startswith(ASKED_ALL_THE_TIME):
        return
    metrics.begin(metrics.requests, method, path, outcomes=FAILURES)
    metrics.requests.labels(method, path, status).inc()
    metrics.request_seconds.labels(method, path).observe(seconds)
    caller = scope.get("state", {}).get("caller")
    who = {"user": str(caller.user_id), "patient": pseudonym(caller.patient_id)} if caller else {}
    log.info("request", method=method, route=path, status=status, ms=round(seconds * 1000, 1), **who)
