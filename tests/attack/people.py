"""The people of the attack suite, and what a token of theirs opens."""

import time
from dataclasses import dataclass, field

import httpx
from e2e.client import Person, assert_problem
from fleet import Fleet

SERVICES = ("auth", "patients", "letters", "notify")
ALIVE, DEAD = dict.fromkeys(SERVICES, 200), dict.fromkeys(SERVICES, 401)


@dataclass
class Cast:
    """The demo's people. Everybody is signed in once, and again when the clock has moved; nobody signs them out."""

    fleet: Fleet
    known: dict[tuple[str, int], tuple[object, Person]] = field(default_factory=dict)

    @property
    def clinician(self) -> Person:
        return self._of("clinician")

    @property
    def admin(self) -> Person:
        return self._of("admin")

    @property
    def patient(self) -> Person:
        """Linked to a record with letters."""
        return self._of("patient")

    @property
    def other_patient(self) -> Person:
        """Linked to another record with letters."""
        return self._of("patient", number=2)

    def sign_in(self, role: str, *, number: int = 1) -> Person:
        """A session of its own, to end or to break."""
        account = self.fleet.account(role, number=number)
        return Person(self.fleet.url).sign_in(account["username"], account["password"])

    def close(self) -> None:
        for _, person in self.known.values():
            person.http.close()

    def _of(self, role: str, *, number: int = 1) -> Person:
        period = (self.fleet.ahead, time.monotonic() // 600)
        since, person = self.known.get((role, number), (None, None))
        if person is None or since != period:
            person = self.sign_in(role, number=number)
            self.known[role, number] = (period, person)
        return person


def reads(fleet: Fleet) -> dict[str, str]:
    """One read of each service that any clinician may do, and for which it asks no other service who they are."""
    patient_id = fleet.account("patient")["patient_id"]
    return {
        "auth": "/api/auth/me",
        "patients": "/api/patients?limit=1",
        "letters": f"/api/patients/{patient_id}/letters?limit=1",
        "notify": "/api/notifications?limit=1",
    }


def read_everywhere(fleet: Fleet, token: str) -> dict[str, int]:
    """The status that each service answers a token with; a refusal has one form and never quotes the token."""
    found: dict[str, int] = {}
    with Person(fleet.url) as person:
        for service, path in reads(fleet).items():
            answer = person.get(path, headers={"Authorization": f"Bearer {token}"})
            found[service] = answer.status_code
            if answer.status_code == 401:
                assert_problem(answer, 401, "unauthenticated")
                assert token not in answer.text
    return found


def ask_every_replica(fleet: Fleet, token: str) -> None:
    """Have each process meet a token, whatever it thinks of it; Caddy would choose one of a service's."""
    for service, path in reads(fleet).items():
        for name in fleet.replicas(service):
            inside = f"http://127.0.0.1:{fleet.processes[name]['port']}"
            httpx.get(inside + path, headers={"Authorization": f"Bearer {token}"}, timeout=15, trust_env=False)
