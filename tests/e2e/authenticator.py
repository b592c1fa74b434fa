"""An authenticator app on the clock of the fleet, and people who sign in with one."""

import time
from dataclasses import dataclass

import httpx
import pyotp
from e2e.client import Person, assert_problem, eventually
from fleet import Fleet


@dataclass(frozen=True)
class Phone:
    """An authenticator on the clock of the fleet, and the recovery codes on a piece of paper."""

    fleet: Fleet
    secret: str
    paper: list[str]

    @property
    def now(self) -> int:
        """Seconds since 1970 by the fleet's clock."""
        return int(time.time() + self.fleet.ahead)

    def code(self, *, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self.now, counter_offset=steps)

    @property
    def wrong(self) -> str:
        near = {self.code(steps=steps) for steps in range(-2, 3)}
        return next(code for code in map("{:06}".format, range(6)) if code not in near)


def protect(fleet: Fleet, person: Person) -> Phone:
    """Switch the second factor on with the code that was shown before, so that the one shown now is still good."""
    enrolled = person.post("/api/auth/totp/enrol", {"password": person.password})
    assert enrolled.status_code == 201, enrolled.text
    phone = Phone(fleet, enrolled.json()["secret"], [])

    def confirm() -> bool:
        answer = person.post("/api/auth/totp/confirm", {"code": phone.code(steps=-1)})
        phone.paper.extend(answer.json().get("recovery_codes", []))
        return answer.status_code == 200

    eventually(confirm)  # again when a step ended on the way
    return phone


def log_in(person: Person, **members: str) -> httpx.Response:
    credentials = {"username": person.user["username"], "password": person.password, **members}
    return person.post("/api/auth/login", credentials, headers={"Authorization": None, "X-CSRF-Token": None})


def challenge_of(person: Person) -> str:
    return str(assert_problem(log_in(person), 401, "totp-required")["challenge"])


def finish(person: Person, challenge: str, code: str) -> httpx.Response:
    return person.post("/api/auth/login/totp", {"challenge": challenge, "code": code})
