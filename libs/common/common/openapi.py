"""A service's OpenAPI document: FastAPI tells the shapes, and what each route declares tells the rest."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

from fastapi.openapi.utils import get_openapi

from common import errors
from common.errors import ErrorForm, QuillError
from common.policy import SAFE_METHODS, PolicyRoute

BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
COOKIE = {"type": "apiKey", "in": "cookie", "name": "quill_refresh", "description": "`__Host-quill_refresh` over https"}
CSRF = {"name": "X-CSRF-Token", "in": "header", "required": True, "schema": {"type": "string"}}
ABOUT = (
    "Text may not contain control characters except tab, line feed and carriage return, and JSON may not repeat a "
    "member. Besides the statuses listed here, Caddy, in front of all services, may answer 400, 405, 408, 413 and 421."
)
REFUSAL_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def with_headers(*names: str) -> dict[str, Any]:
    """A part of a response's description: the headers that it always has."""
    return {"headers": {name: {"required": True, "schema": {"type": "string"}} for name in names}}


def create_document(routes: Sequence[PolicyRoute], forms: Mapping[str, ErrorForm], *, name: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service.

    Args:
        routes: its routes; some are not to be shown.
        forms: by path prefix, another form of errors than problem+json.
        name: the service's.
    """
    document: dict[str, Any] = get_openapi(title=f"Quill: {name}", version="1", description=ABOUT, routes=routes)
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"token": BEARER, "session": COOKIE}
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route in (one for one in routes if one.include_in_schema):
        form = errors.form_of(route.path, forms)
        schemas[form.name] = form.schema
        for method in route.methods or ():
            _describe(document["paths"][route.path_format][method.lower()], route, form=form, method=method)
    return document


def _describe(operation: dict[str, Any], route: PolicyRoute, *, form: ErrorForm, method: str) -> None:
    policy, changes = route.declaration.policy, method not in SAFE_METHODS
    parameters = [_as_sent(one) for one in operation.get("parameters", []) if one["name"] != CSRF["name"]]
    names = {one["name"].lower() for one in parameters}
    operation["parameters"] = parameters + [CSRF] * (changes and not policy.anyone)
    operation["security"] = [] if policy.anyone else [{"session" if policy.by_cookie else "token": []}]
    operation["x-policy"] = policy.name
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        content.update(dict.fromkeys(route.declaration.media_types, content["application/json"]))
    operation["responses"].pop("422", None)
    refusals = [*_follows(route, changes=changes, parameters=names), *route.refusals]
    operation["responses"] = _responses(refusals, form) | operation["responses"]


def _follows(route: PolicyRoute, *, changes: bool, parameters: Collection[str]) -> list[type[QuillError]]:
    """The refusals that follow from a route's policy, parameters and body."""
    policy, keyed, versioned = route.declaration.policy, "idempotency-key" in parameters, "if-match" in parameters
    conditions: dict[type[QuillError], bool] = {
        errors.Unauthenticated: not policy.anyone,
        errors.Forbidden: bool(policy.roles),
        errors.TotpEnrolmentRequired: policy.needs_token and not policy.enrolling,
        errors.CsrfRefused: changes,
        errors.NotFound: policy.linked_patient or "{" in route.path,
        errors.BeingWorkedOn: keyed,
        errors.VersionStale: versioned,
        errors.BodyTooLarge: changes,
        errors.MediaTypeRefused: changes,
        errors.Invalid: changes or bool(parameters),
        errors.KeyReused: keyed,
        errors.VersionMissing: versioned,
        errors.BackendUnavailable: True,
        errors.OutcomeUnknown: keyed,
    }
    return [error for error, happens in conditions.items() if happens]


def _as_sent(parameter: dict[str, Any]) -> dict[str, Any]:
    """What can be left out is described as JSON's null, which no URL and no header has."""
    *kinds, _null = parameter["schema"].pop("anyOf", [None])
    if len(kinds) == 1:
        parameter["schema"] |= kinds[0]
    parameter["required"] = parameter.get("required", False) or parameter["name"].lower() == "if-match"
    return parameter


def _responses(refusals: Sequence[type[QuillError]], form: ErrorForm) -> dict[str, Any]:
    content = {form.media_type: {"schema": {"$ref": f"#/components/schemas/{form.name}"}}}
    responses = {}
    for status, alike in groupby(sorted(refusals, key=_status), key=_status):
        meaning = "; ".join(f"{error.title} (`/problems/{error.slug}`)" for error in alike)
        responses[str(status)] = {"description": meaning, "content": content}
        if header := REFUSAL_HEADERS.get(status):
            responses[str(status)] |= with_headers(header)
    return responses


def _status(error: type[QuillError]) -> int:
    return error.status
