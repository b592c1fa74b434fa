"""The catalogue of problems: what each `type` of problem+json means and what helps, from the error classes."""

import re
from typing import Any

from common.errors import QuillError, ReplayedError

# The convention of an error's docstring: one sentence for the cause, more for the cure, and perhaps some for operators.
PARTS = re.compile(r"(?P<cause>.+?\.) (?P<cure>.+?)(?: Operators: (?P<operators>.+))?")
HEADINGS = {"cause": "Cause", "cure": "Cure", "operators": "Operators"}
# Problems without a class: what only Caddy, the public door, can say, and what nobody expected.
OTHERS = {
    "request-timeout": (
        408,
        "The request took too long to arrive",
        "Headers must arrive within five seconds and the body within ten. Send the request again.",
    ),
    "wrong-host": (
        421,
        "This server does not answer for that host",
        "The Host header names another site. Use the address that you were given for this site. "
        "Operators: the only address is QUILL_PUBLIC_ORIGIN; with `make run`, localhost or 127.0.0.1 on QUILL_PORT.",
    ),
    "refused": (
        400,
        "The request was refused",
        "The request is not valid HTTP. Nothing was done: use an HTTP library to send it.",
    ),
    "internal": (
        500,
        QuillError.title,
        "An unexpected error occurred in the service. Repeat the request once, with the same Idempotency-Key if it had "
        "one; if it fails again, give the operators the X-Request-Id of the answer. Operators: the service's log has "
        "that id, the error's class and its place in the code; it is a bug in Quill, so please report it.",
    ),
}


def problems() -> dict[str, Any]:
    """Every problem type that a client can meet; without a cure where nobody wrote one."""
    classes = [error for error in _subclasses(QuillError) if error is not ReplayedError and "slug" in vars(error)]
    found = {error.slug: (error.status, error.title, " ".join((error.__doc__ or "").split())) for error in classes}
    return {slug: _about(*told) for slug, told in sorted((found | OTHERS).items())}


def _subclasses(base: type[QuillError]) -> list[type[QuillError]]:
    return [base, *(below for one in base.__subclasses__() for below in _subclasses(one))]


def _about(status: int, title: str, text: str) -> dict[str, Any]:
    parts = match.groupdict() if (match := PARTS.fullmatch(text)) else {"cause": text}
    return {"title": title, "status": status} | {name: part for name, part in parts.items() if part}


def page() -> str:
    """docs/problems.md."""
    lines = [
        "# Problems",
        "",
        "Every refusal is problem+json ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)); its `type` is the address",
        "of a page with the text below. Under `/api/fhir`, refusals are OperationOutcomes with the same statuses;",
        "the last part of the type is the `code` in their `details.coding`, under the system `urn:quill:problems`.",
        "Clients decide by `type`, never by the wording of `title` or `detail`. Generated from each `errors.py`.",
    ]
    for slug, problem in problems().items():
        lines += ["", f"## {slug}", f"{problem['status']}: {problem['title']}", ""]
        lines += [f"- {heading}: {problem[part]}" for part, heading in HEADINGS.items() if part in problem]
    return "\n".join(lines) + "\n"
