"""One error family with status, slug and retryability, and the one place that renders it (RFC 9457)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import takewhile
from typing import Any, ClassVar, Self

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"
ERRORS_TOLD = 20
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")


class QuillError(Exception):
    """A fact that ends a use case. Retryable ones may go better later; permanent ones never will."""

    slug: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    retry_after: ClassVar[int | None] = None
    loc: ClassVar[tuple[str, ...]] = ("body",)

    def __init__(self, detail: str | None = None, *, members: Mapping[str, Any] | None = None, **headers: str) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.members = dict(members or {})
        if self.status == 422:  # the contract: every 422 says where and why
            row = {"loc": list(self.loc), "type": self.slug.replace("-", "_"), "msg": self.detail}
            self.members.setdefault("errors", [row])
        self.headers = {name.replace("_", "-").title(): value for name, value in headers.items()}
        if self.retry_after is not None:
            self.headers.setdefault("Retry-After", str(self.retry_after))

    @property
    def retryable(self) -> bool:
        """Whether the same attempt may succeed later (the backend or we are at fault, not the caller)."""
        return self.status >= 500 or self.status == 429

    @property
    def problem(self) -> dict[str, Any]:
        """The problem+json members (RFC 9457 §3.1)."""
        return {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }


class ReplayedError(QuillError):
    """A refusal that was stored with an operation and is given again."""

    @classmethod
    def of(cls, problem: Mapping[str, Any]) -> Self:
        """Rebuild the error from its stored problem members."""
        shape = {
            "slug": problem["type"].removeprefix("/problems/"),
            "status": problem["status"],
            "title": problem["title"],
        }
        members = {name: value for name, value in problem.items() if name not in {"type", "title", "status", "detail"}}
        replayed = type("ReplayedError", (cls,), shape)
        return replayed(problem["detail"], members=members, idempotency_replayed="true")  # type: ignore[no-any-return]


class Unauthenticated(QuillError):
    """There was no access token, or it is no longer valid. Refresh the session or sign in, then repeat the request with
    the new token."""

    slug, status, title = "unauthenticated", 401, "Sign in first"

    def __init__(self, detail: str | None = None, **kwargs: Any) -> None:
        super().__init__(detail, **kwargs)
        self.headers.setdefault("WWW-Authenticate", "Bearer")


class Forbidden(QuillError):
    """Your account's role does not allow this call. Nothing was done; the API's documentation names the role that is
    needed."""

    slug, status, title = "forbidden", 403, "Your role does not allow this"


class TotpEnrolmentRequired(QuillError):
    """Your role must sign in with a second factor, and this session did not. Enrol one at /api/auth/totp/enrol, confirm
    it and refresh the session, or sign in again with its code."""

    slug, status, title = "totp-enrolment-required", 403, "Your role needs a second factor"


class CsrfRefused(QuillError):
    """The request would change something, and comes from another site or without the session's X-CSRF-Token. Send it
    from our own origin with the `csrf_token` from the sign-in or the last refresh."""

    slug, status, title = "csrf", 403, "The request did not prove that it comes from our own pages"


class NotFound(QuillError):
    """It does not exist, or you may not see it; the answer is the same on purpose. Check the address, and which record
    the account is linked to."""

    slug, status, title = "not-found", 404, "There is nothing here for you"


class MethodNotAllowed(QuillError):
    """The address exists, but not for this method. Use one of the methods in the Allow header."""

    slug, status, title = "method-not-allowed", 405, "This address does not take that method"


class Conflict(QuillError):
    """The request contradicts what is already stored. Read the current state before you try again."""

    slug, status, title = "conflict", 409, "This conflicts with what is stored"


class BeingWorkedOn(QuillError):
    """The first request with this Idempotency-Key is still in progress. Repeat it after the time in Retry-After."""

    slug, status, title, retry_after = "being-worked-on", 409, "The first request with this key is still running", 1


class VersionStale(QuillError):
    """If-Match names an older version: somebody has changed it since you read it. Read it again, merge your change, and
    send the new ETag."""

    slug, status, title = "version-stale", 412, "Somebody changed it since you read it"


class VersionMissing(QuillError):
    """The update does not say which version it changes. Send the ETag that you read as If-Match."""

    slug, status, title = "version-missing", 428, "Send the version you read in If-Match"


class BodyTooLarge(QuillError):
    """The body is larger than this call accepts: 1.5 MiB for a letter, 256 KiB elsewhere. Send less; pictures and scans
    do not belong in the text of a letter."""

    slug, status, title = "too-large", 413, "The body is too large"


class MediaTypeRefused(QuillError):
    """This call accepts only JSON. Send Content-Type: application/json (or application/fhir+json under /api/fhir)."""

    slug, status, title = "media-type", 415, "This media type is not accepted here"


class Invalid(QuillError):
    """Something in the request is missing, of the wrong type or out of range. The member `errors` says where (`loc`)
    and why (`msg`): correct it and send the request again."""

    slug, status, title = "invalid", 422, "The request is not valid"

    @classmethod
    def at(cls, *loc: str | int, type: str, msg: str) -> Self:
        """One error at one place of the request, for example `at("body", "nhs_number", type=…, msg=…)`."""
        return cls(members={"errors": [{"loc": _place(loc), "type": type, "msg": msg}]})

    @classmethod
    def cursor(cls) -> Self:
        """A cursor that the list that is asked for did not make."""
        return cls.at("query", "cursor", type="cursor", msg="Not a cursor of this list")


class KeyReused(QuillError):
    """This Idempotency-Key was already used for another request: one key stands for one method, path and body. Use a
    new key for a new request, and the old one only to repeat the same request."""

    slug, status, title = "idempotency-key-reused", 422, "This Idempotency-Key belongs to another request"
    loc = ("header", "Idempotency-Key")


class TooManyRequests(QuillError):
    """There were too many attempts. Wait for the time in Retry-After; until then even the right password is refused.
    Operators: if many people share one address, raise QUILL_LOGIN_FAILURES_PER_MINUTE and
    QUILL_REGISTRATIONS_PER_HOUR."""

    slug, status, title, retry_after = "too-many-requests", 429, "Too many attempts", 30


class BackendUnavailable(QuillError):
    """A system that this service depends on does not answer. Repeat the request after the time in Retry-After, with the
    same Idempotency-Key if it had one. Operators: /api/health names the system; `quill doctor` gives details."""

    slug, status, title, retry_after = "backend-unavailable", 503, "A system behind this service is not available", 5


class OutcomeUnknown(QuillError):
    """The request was accepted, but no answer arrived in time to say whether it was completed. Repeat it with the same
    Idempotency-Key to learn its outcome; without a key, first check whether it was stored. Operators: `quill operations
    ls` lists what is waiting; it is completed automatically once the backend is back."""

    slug, status, title, retry_after = "outcome-unknown", 503, "Accepted, but not yet known to be stored", 2


BY_STATUS: dict[int, type[QuillError]] = {
    cls.status: cls
    for cls in (Unauthenticated, Forbidden, NotFound, MethodNotAllowed, BodyTooLarge, MediaTypeRefused, QuillError)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorForm:
    """What errors look like on the wire.

    name, schema: how the documentation of the API calls and describes them.
    """

    name: str
    media_type: str
    schema: Mapping[str, Any]
    render: Callable[[QuillError], Response]


def _render_problem(error: QuillError) -> Response:
    return JSONResponse(error.problem, status_code=error.status, headers=error.headers, media_type=PROBLEM_JSON)


PROBLEM = ErrorForm(
    name="Problem",
    media_type=PROBLEM_JSON,
    schema=json.loads(resources.files("common").joinpath("data/problem.schema.json").read_text()),
    render=_render_problem,
)


def form_of(path: str, forms: Mapping[str, ErrorForm]) -> ErrorForm:
    """The form of errors at a path; a service may have its own below some prefix (FHIR does)."""
    return next((form for prefix, form in forms.items() if path.startswith(prefix)), PROBLEM)


def problem_response(request: Request, error: QuillError) -> Response:
    """Render an error as the request's path wants it."""
    return form_of(request.url.path, request.app.state.error_forms).render(error)


def from_validation(error: RequestValidationError) -> Invalid:
    """Say where and why, never what was sent (FastAPI's own handler echoes the input)."""
    first = error.errors()[:ERRORS_TOLD]
    rows = [{"loc": _place(row["loc"]), "type": row["type"], "msg": _message(row)} for row in first]
    return Invalid(members={"errors": rows})


def _place(loc: Iterable[str | int]) -> list[str | int]:
    """Where in the request, as far as names of members are names: those of unknown members are the sender's words."""
    return list(takewhile(lambda step: isinstance(step, int) or NAME.fullmatch(step), loc))


def _message(row: Mapping[str, Any]) -> str:
    # The parser's own words quote the offending character.
    return "Input should be a valid UUID" if row["type"].startswith("uuid") else str(row["msg"])


def from_http(request: Request, error: HTTPException) -> QuillError:
    """Starlette's routing errors, in our form."""
    refused = BY_STATUS.get(error.status_code, Invalid)()
    if isinstance(refused, MethodNotAllowed):
        refused.headers["Allow"] = ", ".join(sorted(allowed_methods(request)))
    return refused


def allowed_methods(request: Request) -> set[str]:
    """Every method of this path; Starlette names those of one route only (RFC 9110 §15.5.6)."""
    here = (route.methods for route in request.app.state.routes if route.path_regex.match(request.url.path))
    methods: set[str] = set().union(*here)
    return methods | ({"HEAD"} if "GET" in methods else set())


def install(app: FastAPI) -> None:
    """Make every way out of the app a problem document."""
    app.add_exception_handler(QuillError, lambda request, error: problem_response(request, error))
    app.add_exception_handler(
        HTTPException, lambda request, error: problem_response(request, from_http(request, error))
    )
    app.add_exception_handler(
        RequestValidationError,
        lambda request, error: problem_response(request, from_validation(error)),
    )
    app.add_exception_handler(Exception, lambda request, _error: problem_response(request, QuillError()))
