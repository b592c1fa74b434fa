"""Writes what is generated from the code: API and event documents, problems, settings, who may call what. CI diffs it.

Run as `python docs/generate.py`; with `--check` it writes nothing and fails when something is out of date. At a
release, `--release` keeps its schemas of events and its commit for the tests of later ones (ADR 21).
"""

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import event_pages
import problem_pages
import settings_page
from common.auth import Caller
from common.errors import QuillError
from common.openapi import create_document
from common.policy import Policy, PolicyRoute
from event_pages import made_id
from fastapi import FastAPI
from pydantic import SecretStr

ROOT = Path(__file__).parent.parent
DATA = ROOT / "libs/common/common/data"
SERVICES = ("auth", "patients", "letters", "notify")
CALLERS = (("patient", False), ("patient", True), ("clinician", False), ("admin", False))


def create_app(service: str) -> FastAPI:
    """The service's app, which is never started."""
    settings = importlib.import_module(f"{service}.settings").Settings.model_construct(pseudonym_key=SecretStr(""))
    app: FastAPI = importlib.import_module(f"{service}.main").create_app(settings)
    return app


def public_routes(apps: Iterable[FastAPI]) -> dict[tuple[str, str], PolicyRoute]:
    """Every route behind the public door, by path and method."""
    routes = [route for app in apps for route in app.state.routes]
    found = {(route.path_format, method): route for route in routes for method in route.methods}
    return {key: found[key] for key in sorted(found) if key[0].startswith(("/api", "/problems"))}


def access_page(apps: Iterable[FastAPI]) -> str:
    """docs/access.md: what each route's policy answers to each kind of caller."""
    lines = [
        "# Who may call what",
        "",
        "Generated from the policy that each route declares (`@allow`); a service with an undeclared route does not",
        "start. Every cell is tested through Caddy (`tests/e2e/test_access.py`).",
        "",
        "*yes*: allowed. *own*: allowed for the caller's own resources; anything else is 404, as if it did not exist.",
        "A number: refused with this status. *Patient*: an account without a linked record. *vital*: refused (503)",
        "while it is not known whether the session is still valid; other calls continue. *enrolling*: also allowed",
        "for an account whose role needs a second factor that it has not enrolled yet (`QUILL_REQUIRE_TOTP_ROLES`);",
        "it gets 403 everywhere else. *audited as*: calls and their refusals are in the audit trail under this name.",
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
    answers = [
        _decide(policy, role, linked=linked, patient_id=asked) for asked in (made_id("mine"), made_id("foreign"))
    ]
    return "own" if policy.own or answers[0] != answers[1] else answers[0]


def _decide(policy: Policy, role: str, *, linked: bool, patient_id: UUID) -> str:
    unused: dict[str, Any] = dict.fromkeys(("session_id", "csrf_hash", "token"), "")
    unused |= dict.fromkeys(("token_version", "expires_at"), 0)
    caller = Caller(
        user_id=made_id("user"),
        roles=frozenset({role}),
        patient_id=made_id("mine") if linked else None,
        amr=(),
        **unused,
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
        "One page for each decision that shapes the code: context, decision, consequences, alternatives. Number new",
        "ones consecutively; change an old one only if it is no longer true. Generated from `docs/adr`.",
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


def keep_release() -> None:
    """What tests hold later versions to: today's schemas of events, and the commit whose services run beside theirs."""
    released = ROOT / "docs/events/released"
    for schema in (ROOT / "docs/events").glob("*.json"):
        shutil.copy(schema, released)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=True)  # noqa: S607
    (released / "commit").write_bytes(head.stdout)


def main() -> int:
    """Write or check every generated file; the number of files out of date when checking."""
    apps = {service: create_app(service) for service in SERVICES}
    wanted = {
        **event_pages.documents(ROOT / "docs", DATA),
        DATA / "problems.json": json.dumps(problem_pages.problems(), indent=1, ensure_ascii=False) + "\n",
        ROOT / "docs/decisions.md": decisions_page(),
        ROOT / "docs/problems.md": problem_pages.page(),
        ROOT / "docs/access.md": access_page(apps.values()),
        ROOT / "docs/settings.md": settings_page.page(),
        ROOT / ".env.example": settings_page.example(),
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
    if "--release" in sys.argv:
        keep_release()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
