"""Errors as FHIR clients expect them: an OperationOutcome of our own words (FHIR R4, OperationOutcome)."""

from collections.abc import Sequence
from typing import Any

from common.errors import QuillError
from fastapi.responses import JSONResponse, Response

# FHIR R4 value set issue-type.
_CODES = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    428: "required",
    429: "throttled",
    503: "transient",
}


def operation_outcome(error: QuillError) -> Response:
    """Render an error; its status and headers are those of the problem it would be elsewhere."""
    rows = error.members.get("errors") or [None]
    body = {"resourceType": "OperationOutcome", "issue": [_issue(error, row) for row in rows]}
    return JSONResponse(body, status_code=error.status, headers=error.headers, media_type="application/fhir+json")


def _issue(error: QuillError, row: dict[str, Any] | None) -> dict[str, Any]:
    issue: dict[str, Any] = {
        "severity": "error",
        "code": _CODES.get(error.status, "exception" if error.status >= 500 else "invalid"),
        "details": {"text": error.title},
        "diagnostics": error.detail if row is None else row["msg"],
    }
    if row is not None and (expression := _path(row["loc"])):
        issue["expression"] = [expression]
    return issue


def _path(loc: Sequence[str | int]) -> str | None:
    """The FHIRPath of an element of the Patient that was sent; None for a header or a query."""
    where, *steps = loc
    if where != "body":
        return None
    return "Patient" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
