"""Errors as FHIR clients expect them: an OperationOutcome in our own words (FHIR R4, OperationOutcome)."""

from collections.abc import Sequence
from typing import Any

from fastapi.responses import JSONResponse

from common.errors import ErrorForm, QuillError

FHIR_JSON = "application/fhir+json"
PROBLEMS = "urn:quill:problems"  # the code system of our problem types: absolute, and the same at every site
# FHIR R4 value set issue-type.
_CODES = {401: "login", 403: "forbidden", 404: "not-found", 409: "conflict", 412: "conflict", 413: "too-long"}
_CODES |= {405: "not-supported", 415: "not-supported", 428: "required", 429: "throttled", 503: "transient"}


def bare_id(reference: str) -> str:
    """The id in a reference to a patient; a search may name them by either (FHIR R4, parameters of type reference)."""
    return reference.removeprefix("Patient/")


class FhirResponse(JSONResponse):
    media_type = FHIR_JSON


def operation_outcome(error: QuillError) -> FhirResponse:
    """Render an error; its status and headers are those of the problem it would be elsewhere."""
    rows = error.members.get("errors") or [{"msg": error.detail, "loc": ["request"]}]
    body = {"resourceType": "OperationOutcome", "issue": [_issue(error, row) for row in rows]}
    return FhirResponse(body, status_code=error.status, headers=error.headers)


def _issue(error: QuillError, row: dict[str, Any]) -> dict[str, Any]:
    code = _CODES.get(error.status, "exception" if error.status == 500 else "invalid")
    details = {"coding": [{"system": PROBLEMS, "code": error.slug}], "text": error.title}
    issue = {"severity": "error", "code": code, "details": details, "diagnostics": row["msg"]}
    return issue | {"expression": [fhir_path(row["loc"][1:])]} if row["loc"][0] == "body" else issue


def fhir_path(steps: Sequence[str | int]) -> str:
    """The FHIRPath of an element of a Patient, by the steps that lead there."""
    return "Patient" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


_CODING = {"type": "object", "properties": {"system": {"const": PROBLEMS}, "code": {"type": "string"}}}
_DETAILS = {"coding": {"type": "array", "items": _CODING}, "text": {"type": "string"}}
_ISSUE = {
    "type": "object",
    "required": ["severity", "code", "details", "diagnostics"],
    "properties": {
        "severity": {"const": "error"},
        "code": {"type": "string"},
        "details": {"type": "object", "required": [*_DETAILS], "properties": _DETAILS},
        "diagnostics": {"type": "string"},
        "expression": {"type": "array", "items": {"type": "string"}},
    },
}
OPERATION_OUTCOME = ErrorForm(
    name="OperationOutcome",
    media_type=FHIR_JSON,
    schema={
        "type": "object",
        "required": ["resourceType", "issue"],
        "properties": {
            "resourceType": {"const": "OperationOutcome"},
            "issue": {"type": "array", "minItems": 1, "items": _ISSUE},
        },
    },
    render=operation_outcome,
)
