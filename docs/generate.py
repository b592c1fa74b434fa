"""Writes what is generated from the code: API and event documents, problem types, who may call what. CI diffs them.

Run as `python docs/generate.py`; with `--check` it writes nothing and fails when something is out of date.
"""

import importlib
import json
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import problem_pages
from common.auth import Caller
from common.errors import QuillError
from common.events import DURABLES, FACTS, SPEC_VERSION, STREAMS, Event
from common.openapi import create_document
from common.policy import Policy, PolicyRoute
from fastapi import FastAPI
from pydantic import SecretStr

ROOT = Path(__file__).parent.parent
DATA = ROOT / "libs/common/common/data"
SERVICES = ("auth", "patients", "letters", "notify")
CALLERS = (("patient", False), ("patient", True), ("clinician", False), ("admin", False))
EXAMPLE_TIME = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)


def example_of(fact: type[Event]) -> dict[str, Any]:
    """A golden example: the same ids for the same members in every event."""
    values = {name: _example_value(name, field.annotation) for name, field in fact.model_fields.items()}
    return fact.model_validate(values).model_dump(mode="json")


def _example_value(name: str, annotation: Any) -> Any:
    chosen = {"roles": ["clinician"], "resource": "letter", "address": "203.0.113.7", "request_id": str(_id("request"))}
    if name in chosen:
        return chosen[name]
    kinds = get_args(annotation) or (annotation,)
    by_kind = {UUID: _id(name), datetime: EXAMPLE_TIME, int: 1, bool: False, str: str(_id(name))}
    return next((by_kind[kind] for kind in kinds if kind in by_kind), kinds[0])


def _id(name: str) -> UUID:
    return UUID(bytes=name.encode().ljust(16, b".")[:16], version=4)


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of the catalogue."""
    messages = {
        fact.subject: {
            "name": fact.__name__,
            "contentType": "application/json",
            "summary": _summary(fact),
            "headers": _headers(fact),
            "payload": fact.model_json_schema(),
            "examples": [{"payload": example_of(fact)}],
        }
        for fact in FACTS
    }
    channels = {
        subject: {"address": subject, "messages": {subject: {"$ref": f"#/components/messages/{subject}"}}}
        for subject in messages
    }
    operations = {
        f"announce-{subject}": {"action": "send", "channel": {"$ref": f"#/channels/{subject}"}} for subject in messages
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Quill events", "version": "1", "license": {"name": "Apache-2.0"}},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _summary(fact: type[Event]) -> str:
    if fact.__doc__ and "__doc__" in vars(fact):
        return fact.__doc__.splitlines()[0]
    words = fact.subject.split(".")
    return f"A {words[-2]} was {words[-1]}."


def _headers(fact: type[Event]) -> dict[str, Any]:
    fixed = {
        "ce-specversion": SPEC_VERSION,
        "ce-type": fact.subject,
        "ce-dataschema": fact.schema_path(),
    }
    free = ("ce-id", "ce-source", "ce-subject", "ce-time", "Nats-Msg-Id", "traceparent")
    return {
        "type": "object",
        "properties": {name: {"type": "string", "const": value} for name, value in fixed.items()}
        | {name: {"type": "string"} for name in free},
    }


def events_page() -> str:
    """docs/events.md."""
    lines = [
        "# Events",
        "",
        "Generated from `libs/common/common/events.py`. CloudEvents 1.0 in binary mode over NATS JetStream; bodies",
        "carry ids, versions, states and times, never names, letter text, contact data or NHS numbers.",
        "",
        "| Subject | Stream | Members | Durable consumers |",
        "|---|---|---|---|",
    ]
    for fact in FACTS:
        members = ", ".join(f"`{name}`" for name in fact.model_fields)
        durables = ", ".join(f"`{one.name}`" for one in DURABLES if one.event is fact) or "–"
        lines.append(f"| `{fact.subject}` | {fact.stream()} | {members} | {durables} |")
    lines += ["", "| Stream | Subjects | Kept for |", "|---|---|---|"]
    lines += [
        f"| {one.name} | {', '.join(f'`{s}`' for s in one.subjects)} | {one.max_age.days} days |" for one in STREAMS
    ]
    return "\n".join(lines) + "\n"


def create_app(service: str) -> FastAPI:
    """The service's app, which is never started."""
    settings = importlib.import_module(f"{service}.settings").Settings.model_construct(pseudonym_key=SecretStr(""))
    app: FastAPI = importlib.import_module(f"{service}.main").create_app(settings)
    return app


def public_routes(apps: Iterable[FastAPI]) -> dict[tuple[str, str], PolicyRoute]:
    """Every route behind the public door, by path and method."""
    found = {(route.path, method): route for app in apps for route in app.state.routes for method in route.methods}
    return {key: found[key] for key in sorted(found) if key[0].startswith(("/api", "/problems"))}


def access_page(apps: Iterable[FastAPI]) -> str:
    """docs/access.md: what each route's policy answers to each kind of caller."""
    lines = [
        "# Who may call what",
        "",
        "Generated from the policy that each route declares (`@allow`); a route without one stops the start-up. Every",
        "cell is tested through Caddy (`tests/e2e/test_access.py`).",
        "",
        "*yes*: let in. *own*: let in for what is theirs; anything else is 404, like what is absent. A status:",
        "refused with it. *Patient*: an account without a linked record. *vital*: refused (503) while nobody can",
        "say whether the session still lives; the other calls go on. *enrolling*: open, too, to an account whose role",
        "needs a second factor and has none yet (`QUILL_REQUIRE_TOTP_ROLES`); it gets 403 everywhere else.",
        "*audited as*: refusals, too, are in the audit trail, under that name.",
        "",
        "| Method | Path | Anonymous | Patient | Linked patient | Clinician | Admin | Rule |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (path, method), route in public_routes(apps).items():
        policy = route.declaration.policy
        cells = [_anonymous(policy), *(_cell(policy, role, linked=linked) for role, linked in CALLERS)]
        rule = policy.name + ", vital" * policy.vital + ", enrolling" * policy.enrolling
        rule += f", audited as {route.declaration.audits}" if route.declaration.audits else ""
        lines.append(f"| {method} | `{path}` | {' | '.join(cells)} | {rule} |")
    return "\n".join(lines) + "\n"


def _anonymous(policy: Policy) -> str:
    return "yes" if policy.anyone else "401"


def _cell(policy: Policy, role: str, *, linked: bool) -> str:
    if not policy.needs_token:
        return "yes"
    answers = [_decide(policy, role, linked=linked, patient_id=asked) for asked in (_id("mine"), _id("foreign"))]
    return "own" if policy.own or answers[0] != answers[1] else answers[0]


def _decide(policy: Policy, role: str, *, linked: bool, patient_id: UUID) -> str:
    unused: dict[str, Any] = dict.fromkeys(("session_id", "csrf_hash", "token"), "")
    unused |= dict.fromkeys(("token_version", "auth_time", "issued_at", "expires_at"), 0)
    caller = Caller(
        user_id=_id("user"), roles=frozenset({role}), patient_id=_id("mine") if linked else None, amr=(), **unused
    )
    try:
        policy.check(caller, str(patient_id))
    except QuillError as refusal:
        return str(refusal.status)
    return "yes"


def decisions_page() -> str:
    """docs/decisions.md: each ADR by its title and the first two sentences of its context."""
    lines = [
        "# Decisions",
        "",
        "One page for each decision that shapes the code: context, decision, consequences, alternatives. Add the next",
        "number; change an old one only where it has become untrue. Generated from `docs/adr`.",
        "",
        "| | Decision | Because |",
        "|---|---|---|",
    ]
    for file in sorted((ROOT / "docs/adr").glob("*.md")):
        number, title = file.read_text().splitlines()[0].removeprefix("# ").split(". ", 1)
        context = " ".join(file.read_text().partition("## Context")[2].partition("## ")[0].split())
        because = " ".join(re.split(r"(?<=\.) ", context)[:2])
        lines.append(f"| {number} | [{title}](adr/{file.name}) | {because} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or check every generated file; the number of files out of date when checking."""
    apps = {service: create_app(service) for service in SERVICES}
    wanted = {
        DATA / "asyncapi.json": json.dumps(asyncapi(), indent=1, sort_keys=True) + "\n",
        DATA / "problems.json": json.dumps(problem_pages.problems(), indent=1, ensure_ascii=False) + "\n",
        ROOT / "docs/events.md": events_page(),
        ROOT / "docs/decisions.md": decisions_page(),
        ROOT / "docs/problems.md": problem_pages.page(),
        ROOT / "docs/access.md": access_page(apps.values()),
    }
    for service, app in apps.items():
        document = create_document(app.state.routes, app.state.error_forms, name=service)
        wanted[ROOT / f"docs/openapi/{service}.json"] = json.dumps(document, indent=1, sort_keys=True) + "\n"
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        sys.stderr.writelines(
            f"{path.relative_to(ROOT)} is out of date: run python docs/generate.py\n" for path in stale
        )
        return len(stale)
    for path in stale:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
