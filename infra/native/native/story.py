"""The main job, played through the public door: a letter is written, the patient is told and reads it, that is seen."""

import asyncio
import json
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from nhs_number.validate import calculate_checksum, is_valid

from native.api import Visitor
from native.demo import link
from native.errors import LaunchError
from native.home import Home, read_json
from native.push_receiver import Device, PushReceiver, receiving

_BIRTH_DATE = "1970-01-31"
_LETTER = {"title": "Your clinic visit", "body": "Dear patient,\n\nBP <90/60 today, **better** than last time.\n"}
_PATIENCE = 10.0  # seconds for what happens behind the scenes


class Story:
    """One round of the story; `times` has the milliseconds of each step."""

    def __init__(self, origin: str, *, tell: Callable[[str], None]) -> None:
        self._origin, self._tell = origin, tell
        self.times: dict[str, float] = {}

    async def play(self, account: dict[str, str], device: Device) -> None:
        """Play all steps; the first that fails raises LaunchError."""
        async with Visitor(self._origin) as clinician, Visitor(self._origin) as patient:
            await self._step("clinician signs in", clinician.sign_in(account["username"], account["password"]))
            patient_id = await self._step("clinician registers a patient", _register_patient(clinician))
            await self._step("patient opens an account", _open_account(patient))
            joined = link(clinician, patient, patient_id=patient_id, birth_date=_BIRTH_DATE)
            await self._step("account and record are linked", joined)
            await self._step("patient gets a token with the record", patient.refresh())
            registered = patient.call("POST", "/api/push/register", json=device.subscription)
            await self._step("patient's device is registered", registered)
            path = f"/api/patients/{patient_id}/letters"
            written = await self._step("clinician writes a letter", clinician.call("POST", path, json=_LETTER))
            await self._step("push message arrives", _receive(device))
            await self._step("patient reads the letter", _read(patient, f"{path}/{written['uid']}"))
            await self._step("clinician sees that it was read", _see_read(clinician, f"{path}/{written['uid']}"))

    async def _step(self, name: str, work: Awaitable[Any]) -> Any:
        began = time.monotonic()
        try:
            result = await work
        except LaunchError as error:
            raise LaunchError(f"{name}: {error}") from error
        self.times[name] = (time.monotonic() - began) * 1000
        self._tell(f"  {self.times[name]:8.1f} ms  {name}")
        return result


async def play(home: Home, *, times: int, tell: Callable[[str], None]) -> None:
    """Play the story against the running fleet; raises LaunchError at the first step that fails."""
    accounts = read_json(home.accounts) or []
    clinician = next((account for account in accounts if account["role"] == "clinician"), None)
    if clinician is None:
        raise LaunchError(f"No fleet with demo data runs in {home.root}; start it with `make run`.")
    caddy = next(entry for entry in read_json(home.fleet)["processes"] if entry["name"] == "caddy")
    with receiving(home.push_origin.read_text().strip()) as receiver:
        rounds = [await _round(f"http://localhost:{caddy['port']}", clinician, receiver, tell) for _ in range(times)]
    if times > 1:
        tell(f"median of {times}:")
        for name in rounds[0]:
            tell(f"  {statistics.median(each[name] for each in rounds):8.1f} ms  {name}")


async def _round(
    origin: str, clinician: dict[str, str], receiver: PushReceiver, tell: Callable[[str], None]
) -> dict[str, float]:
    story = Story(origin, tell=tell)
    await story.play(clinician, receiver.new_device())
    tell(f"  {sum(story.times.values()):8.1f} ms  the whole story")
    return story.times


async def _register_patient(clinician: Visitor) -> str:
    resource = {
        "resourceType": "Patient",
        "active": True,
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": _test_number()}],
        "name": [{"use": "official", "given": ["Story"], "family": f"Teller{secrets.token_hex(3)}"}],
        "gender": "unknown",
        "birthDate": _BIRTH_DATE,
    }
    created = await clinician.call("POST", "/api/fhir/patients", json=resource, key=secrets.token_hex(16))
    return str(created["id"])


def _test_number() -> str:
    """An NHS number of the range 999, which is never given to anybody."""
    while True:
        nine = f"999{secrets.randbelow(1_000_000):06d}"
        if is_valid(number := f"{nine}{calculate_checksum(nine)}"):
            return number


async def _open_account(patient: Visitor) -> None:
    username, password = f"story-{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    account = {"username": username, "email": f"{username}@letters.example", "password": password}
    await patient.call("POST", "/api/auth/register", json=account)
    await patient.sign_in(username, password)


async def _receive(device: Device) -> None:
    message = await asyncio.to_thread(device.next_message, seconds=_PATIENCE)
    if _LETTER["title"].encode() in message or not json.loads(message):
        raise LaunchError("the push message is not what a lock screen may show")


async def _read(patient: Visitor, path: str) -> None:
    letter = await patient.call("GET", path)
    if letter["body"] != _LETTER["body"]:
        raise LaunchError("the letter is not what was written")


async def _see_read(clinician: Visitor, path: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (await clinician.call("GET", path))["read_at"] is None:
        if time.monotonic() > deadline:
            raise LaunchError(f"read_at is still empty after {_PATIENCE:.0f} s")
        await asyncio.sleep(0.02)
