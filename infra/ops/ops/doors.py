"""Checks of what is asked over HTTP (services, Caddy, the clinical servers) and of this machine."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from common import clock
from sqlalchemy import text

from ops import house
from ops.findings import Finding, clock_problems, fail, ok, open_client, warn
from ops.house import Settings

PYTHON = (3, 13)
OLD_KEY = timedelta(days=365)
CURRENT_KEY = text(
    "SELECT kid, active_from FROM signing_keys WHERE active_from <= now() ORDER BY active_from DESC LIMIT 1"
)


async def check_replica(name: str, url: str) -> AsyncIterator[Finding]:
    """Whether a replica takes requests."""
    async with open_client() as client:
        answer = await client.get(f"{url}/readyz")
    if answer.status_code == 200:
        yield ok(name, "ready")
    else:
        yield fail(name, "is not ready", "see whether its database answers, then its log")


async def check_health(settings: Settings) -> AsyncIterator[Finding]:
    """What the services say of the servers behind them."""
    url = f"{settings.replicas('auth')['auth']}/api/health"
    async with open_client() as client:
        away = _away((await client.get(url)).json())
        if away:  # it gives a server half a second: a hiccup looks the same, once
            await asyncio.sleep(1)
            away = _away((await client.get(url)).json())
    if away:
        yield fail("health", ", ".join(away), "start what is away; accepted writes are completed by themselves")
    else:
        yield ok("health", "every service reaches what it needs")


def _away(health: Mapping[str, Any]) -> list[str]:
    parts: Mapping[str, Any] = health["services"]
    down = [f"{service} is down" for service, part in parts.items() if part["status"] == "down"]
    cut_off = [
        f"{service} does not reach {backend}"
        for service, part in parts.items()
        for backend, state in part["backends"].items()
        if state["status"] != "ok"
    ]
    return down + cut_off


async def check_keys(settings: Settings) -> AsyncIterator[Finding]:
    """Whether tokens can be signed and checked."""
    async with open_client() as client:
        told = (
            await client.get(f"{settings.replicas('auth')['auth']}/api/auth/.well-known/jwks.json")
        ).raise_for_status()
    published = {one["kid"] for one in told.json()["keys"]}
    async with settings.database("auth") as database, database.transaction() as session:
        current = (await session.execute(CURRENT_KEY)).one_or_none()
    if current is None or current.kid not in published:
        yield fail("keys", "the key in use is not published", "see auth's log; `quill keys rotate` makes a new one")
    elif clock.now() - current.active_from > OLD_KEY:
        yield warn("keys", f"the key in use is {house.age(current.active_from)} old", "run `quill keys rotate`")
    else:
        yield ok("keys", f"{len(published)} published, the one in use is {house.age(current.active_from)} old")


async def check_caddy(settings: Settings) -> AsyncIterator[Finding]:
    """The door, asked under its public name."""
    asked = datetime.now(UTC)
    async with open_client() as client:
        answer = await client.get(settings.caddy_url, headers={"Host": urlsplit(settings.public_origin).netloc})
    if answer.is_server_error:
        yield fail("caddy", f"answers {answer.status_code}", "see its log")
        return
    # The header has whole seconds: half of one is the best guess for the rest.
    at = parsedate_to_datetime(answer.headers["Date"]) + timedelta(seconds=0.5)
    for one in clock_problems("caddy", at, asked=asked) or [ok("caddy", f"answers as {settings.public_origin}")]:
        yield one


async def check_fhir(settings: Settings) -> AsyncIterator[Finding]:
    """Which FHIR server it is."""
    async with open_client() as client:
        answer = await client.get(f"{settings.fhir_url}/metadata", headers={"Accept": "application/fhir+json"})
    told = answer.raise_for_status().json()
    yield ok("fhir", f"{told['software']['name']} {told['software'].get('version', '')}, FHIR {told['fhirVersion']}")


async def check_openehr(settings: Settings) -> AsyncIterator[Finding]:
    """Which openEHR server it is."""
    password = settings.ehrbase_password.get_secret_value()
    async with open_client(auth=(settings.ehrbase_user, password)) as client:
        answer = await client.get(urljoin(f"{settings.ehrbase_url}/", "../../status"))
    told = answer.raise_for_status().json()
    yield ok("openehr", told.get("product") or f"EHRbase {told['ehrbase_version']}")


async def check_machine(settings: Settings) -> AsyncIterator[Finding]:
    """This machine: Python, and who can read the files with secrets."""
    version = sys.version.split()[0]
    wanted = ".".join(map(str, PYTHON))
    yield ok("python", version) if sys.version_info[:2] == PYTHON else fail("python", version, f"install {wanted}")
    named = [value for name, value in os.environ.items() if name.startswith("QUILL_") and name.endswith("_FILE")]
    files = [path for path in map(Path, [*settings.secret_files.split(), *named]) if path.exists()]
    for path in files:
        if mode := stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield fail("secrets", f"{path} is open to others ({mode:03o})", f"chmod 600 {path}")
            return
    if files:
        yield ok("secrets", f"{len(files)} files, open to their owner only")
