"""Demo patients, letters and accounts, put in through the public door as people would, once for each home."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from native.api import Visitor
from native.errors import LaunchError
from native.home import read_json, write_json
from native.process import Command, run_to_end
from native.services import Context, environment

_DATA = Path(__file__).with_name("demo.json")
_NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


def read_data() -> dict[str, Any]:
    """The demo's accounts and patients, all invented; NHS numbers are of the range kept for tests."""
    data: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return data


async def seed(context: Context) -> list[dict[str, str]]:
    """Seed what is missing and return the accounts as demo-accounts.json has them.

    A seed that was interrupted goes on where it stopped: everything is looked up before it is made, and keys make
    a write whose answer was lost the same write.
    """
    data = read_data()
    patients: dict[str, str] | None = read_json(context.home.seeded)
    if patients is None:
        _check_clinician_can_work(context)
        await _seed_accounts(context, data["accounts"])
        async with Visitor(context.settings.origin) as clinician:
            await clinician.sign_in("clinician", context.secrets["demo_clinician"])
            keys = [entry["key"] for entry in data["patients"]]
            ids = await asyncio.gather(*(_seed_patient(clinician, entry) for entry in data["patients"]))
            patients = dict(zip(keys, ids, strict=True))
            for account in data["accounts"]:
                await _link(context, clinician, account, data, patients)
        write_json(context.home.seeded, patients)
    return [_described(context, account, patients) for account in data["accounts"]]


def _check_clinician_can_work(context: Context) -> None:
    if "clinician" in environment(context, "auth").get("QUILL_REQUIRE_TOTP_ROLES", ""):
        raise LaunchError(
            "The demo's data are put in by a clinician who has no second factor yet: start once without "
            "QUILL_REQUIRE_TOTP_ROLES, or with DEMO=0."
        )


async def _seed_accounts(context: Context, accounts: list[dict[str, str]]) -> None:
    wanted = [
        {
            "username": account["username"],
            "password": context.secrets[f"demo_{account['name']}"],
            "email": account["email"],
            "display_name": account["display_name"],
            "roles": [account["role"]],
        }
        for account in accounts
    ]
    command = Command(
        argv=(str(Path(sys.executable).with_name("quill")), "demo", "seed"),
        env=environment(context, "auth"),
        cwd=context.home.root,
    )
    log = context.home.log("seed-demo")
    await run_to_end(command, what="Making the demo accounts", log=log, seconds=60, stdin=json.dumps(wanted).encode())


async def _seed_patient(clinician: Visitor, entry: dict[str, Any]) -> str:
    (number,) = (each["value"] for each in entry["resource"]["identifier"] if each["system"] == _NHS_NUMBER)
    known = await clinician.call("POST", "/api/patients", json={"nhs_number": number}, harmless=True)
    patient_id: str | None = known["patient_id"]
    if patient_id is None:
        created = await clinician.call("POST", "/api/fhir/patients", json=entry["resource"], key=entry["key"])
        patient_id = str(created["id"])
    await _seed_letters(clinician, patient_id, entry)
    return patient_id


async def _seed_letters(clinician: Visitor, patient_id: str, entry: dict[str, Any]) -> None:
    path = f"/api/patients/{patient_id}/letters"
    if not entry["letters"]:
        return
    written = {letter["title"] for letter in (await clinician.call("GET", f"{path}?limit=100"))["items"]}
    for number, letter in enumerate(entry["letters"], start=1):
        if letter["title"] not in written:
            await clinician.call("POST", path, json=letter, key=f"{entry['key']}-letter-{number}")


async def _link(
    context: Context, clinician: Visitor, account: dict[str, str], data: dict[str, Any], patients: dict[str, str]
) -> None:
    """Hand a patient's account the one-time code of its record, as a clinician does at the desk."""
    if "patient" not in account:
        return
    birth_date = next(each["resource"]["birthDate"] for each in data["patients"] if each["key"] == account["patient"])
    async with Visitor(context.settings.origin) as person:
        user = await person.sign_in(account["username"], context.secrets[f"demo_{account['name']}"])
        if user["patient_id"] is None:
            await link(clinician, person, patient_id=patients[account["patient"]], birth_date=birth_date)


async def link(clinician: Visitor, person: Visitor, *, patient_id: str, birth_date: str) -> None:
    """Let a signed-in patient redeem the code that a clinician asks for."""
    asked = {"patient_id": patient_id, "birth_date": birth_date}
    code = (await clinician.call("POST", "/api/auth/patient-links", json=asked, harmless=True))["code"]
    await person.call("POST", "/api/auth/patient-links/redeem", json={"code": code, "birth_date": birth_date})


def _described(context: Context, account: dict[str, str], patients: dict[str, str]) -> dict[str, str]:
    described = {
        "role": account["role"],
        "username": account["username"],
        "password": context.secrets[f"demo_{account['name']}"],
    }
    if "patient" in account:
        described["patient_id"] = patients[account["patient"]]
    return described
