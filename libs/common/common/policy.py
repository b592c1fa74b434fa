"""Who may call a route: declared beside it, decided before its body is read or a backend is asked."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from common import refusals, strictjson
from common.audit import Access, AccessOutcome, Action
from common.auth import Caller, proves_csrf
from common.errors import (
    BodyTooLarge,
    CsrfRefused,
    Forbidden,
    Invalid,
    MediaTypeRefused,
    NotFound,
    QuillError,
    TooManyRequests,
    TotpEnrolmentRequired,
    Unauthenticated,
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_LIMIT = 256 * 1024
ACTIONS: dict[str, Action] = {"GET": "R", "POST": "C", "PUT": "U", "PATCH": "U", "DELETE": "D"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A rule about a person, as data.

    roles: any of them is enough.
    anyone: no sign-in needed.
    by_cookie: the session's cookie stands for the access token; the endpoint itself checks it and its CSRF token.
    signed_in: any role is enough.
    own: the endpoint knows the caller's own things only; those of others look like what is absent.
    enrolling: open, too, to an account that must have a second factor and has none yet.
    linked_patient: a patient is let in for their own record: `{patient_id}` of the path, or `patient` of a FHIR search.
    vital: refused (503) when revocations cannot be known at all; others go on.
    """

    name: str
    roles: frozenset[str] = frozenset()
    anyone: bool = False
    by_cookie: bool = False
    signed_in: bool = False
    own: bool = False
    enrolling: bool = False
    linked_patient: bool = False
    vital: bool = False

    @property
    def needs_token(self) -> bool:
        """Whether the caller is known by an access token."""
        return not (self.anyone or self.by_cookie)

    def check(self, caller: Caller, patient_id: str | None) -> None:
        """Let the caller through or say why not.

        Raises:
            Forbidden: the role is not enough.
            NotFound: a patient asks for somebody else's record; it looks like one that is absent.
        """
        if self.signed_in or caller.roles & self.roles:
            return
        if self.linked_patient and "patient" in caller.roles:
            if caller.patient_id is not None and str(caller.patient_id) == patient_id:
                return
            raise NotFound
        raise Forbidden


ANYONE = Policy(name="anyone", anyone=True)
SIGNED_IN = Policy(name="signed in", signed_in=True)
OWN = Policy(name="own", signed_in=True, own=True)
ENROLLING = replace(SIGNED_IN, enrolling=True)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a route says about itself: its policy, the bodies it takes, what the audit trail calls it."""

    policy: Policy
    media_types: tuple[str, ...] = ("application/json",)
    body_limit: int = BODY_LIMIT
    audits: str | None = None
    action: Action | None = None

    def access(self, method: str, outcome: AccessOutcome) -> Access:
        """What the audit trail says of a call."""
        return Access(action=self.action or ACTIONS[method], resource=self.audits or "", outcome=outcome)


def allow[F: Callable[..., Any]](
    policy: Policy,
    *,
    media_types: tuple[str, ...] = ("application/json",),
    body_limit: int = BODY_LIMIT,
    audits: str | None = None,
    action: Action | None = None,
) -> Callable[[F], F]:
    """Declare an endpoint's policy; a route without one stops the start-up.

    Args:
        audits: the resource under which refusals are recorded; what is done is recorded by the use case.
        action: what it does, where the method does not say so.
    """

    def declare(endpoint: F) -> F:
        declaration = Declaration(policy, media_types, body_limit, audits, action)
        endpoint.__declaration__ = declaration  # type: ignore[attr-defined]
        return endpoint

    return declare


def refuses[F: Callable[..., Any]](*errors: type[QuillError]) -> Callable[[F], F]:
    """Name the refusals of an endpoint's use case, beside those that follow from policy, parameters and body."""

    def name(endpoint: F) -> F:
        endpoint.__refusals__ = errors  # type: ignore[attr-defined]
        return endpoint

    return name


class PolicyRoute(APIRoute):
    """A route that asks, in this order: from our own pages? who? allowed? CSRF proof? a body we take?

    Without a declaration it cannot be made, so that a service with such a route does not start.
    """

    @property
    def declaration(self) -> Declaration:
        """What the endpoint declared.

        Raises:
            LookupError: nothing.
        """
        declared = getattr(self.endpoint, "__declaration__", None)
        if declared is None:
            raise LookupError(f"{self.path} declares no policy")
        return declared  # type: ignore[no-any-return]

    @property
    def refusals(self) -> tuple[type[QuillError], ...]:
        """What the endpoint named."""
        return getattr(self.endpoint, "__refusals__", ())

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        declared = self.declaration

        async def checked(request: Request) -> Response:
            outcome: AccessOutcome = "denied"
            try:
                check_origin(request)
                if declared.policy.needs_token:
                    await _authorise(request, declared.policy)
                outcome = "failed"
                await _take_body(request, declared)
                return await handle(request)
            except (QuillError, RequestValidationError) as error:
                if declared.audits is not None:
                    access = declared.access(request.method, outcome)
                    await refusals.record(request, error, access=access, token=_bearer(request))
                elif isinstance(error, TooManyRequests):
                    request.app.state.runtime.work.strangers.count(client_address(request))
                raise

        return checked


class PolicyRouter(APIRouter):
    """An APIRouter whose routes must declare a policy; under /api, where Caddy leads people."""

    def __init__(self, prefix: str = "", *, base: str = "/api") -> None:
        super().__init__(prefix=f"{base}{prefix}", route_class=PolicyRoute)


async def _authorise(request: Request, policy: Policy) -> None:
    if not (token := _bearer(request)):
        raise Unauthenticated
    admitted: Caller = await request.app.state.runtime.gate.admit(token, vital=policy.vital)
    request.state.caller = caller = replace(
        admitted, address=client_address(request), request_id=request.state.request_id, by_head="head" in request.scope
    )
    needed = caller.roles & request.app.state.runtime.settings.totp_roles
    if needed and not caller.proved_twice and not policy.enrolling:
        raise TotpEnrolmentRequired
    policy.check(caller, refusals.patient_asked_for(request))
    if request.method not in SAFE_METHODS and not proves_csrf(caller, request.headers.get("X-CSRF-Token")):
        raise CsrfRefused


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def check_origin(request: Request) -> None:
    """Refuse changes that a browser says come from elsewhere (Fetch Metadata first, then Origin).

    Raises:
        CsrfRefused: they do.
    """
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        raise CsrfRefused
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.app.state.runtime.settings.public_origin:
        raise CsrfRefused


def client_address(request: Request) -> str | None:
    """The client's address as Caddy states it."""
    return request.client.host if request.client else None


async def _take_body(request: Request, declared: Declaration) -> None:
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    body = request._body = await _read_body(request, limit=declared.body_limit)
    if not body and not media_type:
        return
    if request.method not in SAFE_METHODS and media_type not in declared.media_types:
        raise MediaTypeRefused
    if body:
        request._json = strictjson.parse(body)


async def _read_body(request: Request, *, limit: int) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise BodyTooLarge
    except ClientDisconnect as error:
        raise Invalid("The body did not arrive whole") from error
    return bytes(body)


async def caller_of(request: Request) -> Caller:
    """The caller that the route's policy let in."""
    caller: Caller = request.state.caller
    return caller
