"""Everything that a fleet tells of what it keeps, through its public door, so that two fleets can be compared."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from e2e.client import Person
from fleet import Fleet


@dataclass
class Cast:
    """Who is asked, and about whom: accounts as (username, password), records by their ids."""

    clinician: tuple[str, str]
    admin: tuple[str, str]
    readers: list[tuple[str, str]] = field(default_factory=list)
    records: list[str] = field(default_factory=list)

    @classmethod
    def of_demo(cls, fleet: Fleet) -> "Cast":
        """The demo's people and their records."""
        accounts = {role: fleet.account(role) for role in ("clinician", "admin")}
        patients = [one for one in fleet.accounts if one["role"] == "patient"]
        seeded: Mapping[str, str] = json.loads((fleet.home / "demo-seeded.json").read_text())
        staff = {role: (one["username"], one["password"]) for role, one in accounts.items()}
        return cls(
            **staff, readers=[(one["username"], one["password"]) for one in patients], records=[*seeded.values()]
        )


def picture(origin: str, cast: Cast) -> dict[str, str]:
    """A hash of each thing, by what it is called; `counts` tells how many there are of each kind."""
    told = dict(_everything(origin, cast))
    kinds = [name.split(":")[0] for name in told]
    counts = {kind: kinds.count(kind) for kind in kinds}
    hashes = {name: sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16] for name, value in told.items()}
    return hashes | {"counts": json.dumps(counts)}


def _everything(origin: str, cast: Cast) -> Iterator[tuple[str, Any]]:
    with Person(origin).sign_in(*cast.clinician) as clinician:
        yield "keys: of tokens", _got(clinician, "/api/auth/.well-known/jwks.json")
        yield "keys: of pushes", _got(clinician, "/api/push/public-key")
        for record in cast.records:
            yield from _record(clinician, record)
    with Person(origin).sign_in(*cast.admin) as admin:
        for user in admin.every("/api/auth/users"):
            yield f"user: {user['id']}", user
        for webhook in admin.every("/api/webhooks"):
            yield f"webhook: {webhook['id']}", [webhook[name] for name in ("url", "events", "created_at")]
    for account in cast.readers:
        with Person(origin).sign_in(*account) as reader:
            for kind in ("notifications", "push/registrations"):
                for one in reader.every(f"/api/{kind}"):
                    yield f"{kind}: {one['id']}", one


def _record(clinician: Person, record: str) -> Iterator[tuple[str, Any]]:
    resource, _ = _got(clinician, f"/api/fhir/patients/{record}")
    yield f"patient: {record}", [resource, _got(clinician, f"/api/patients/{record}/demographics")]
    family = resource["name"][0]["family"]
    yield f"found: {record}", [one for one in clinician.every("/api/patients", q=family) if one["patient_id"] == record]
    for letter in clinician.every(f"/api/patients/{record}/letters"):
        path = f"/api/patients/{record}/letters/{letter['uid']}"
        yield f"letter: {letter['uid']}", [letter, _got(clinician, path), list(clinician.every(f"{path}/versions"))]
        for version in range(1, letter["version"] + 1):
            yield f"version: {letter['uid']} {version}", _got(clinician, f"{path}?version={version}")


def _got(person: Person, path: str) -> Any:
    answer = person.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return [answer.json(), answer.headers.get("ETag")] if "ETag" in answer.headers else answer.json()
