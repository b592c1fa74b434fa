"""The demo's data, and that it is put in once."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fleet import Fleet
from native.api import Visitor
from native.demo import read_data, seed
from native.errors import LaunchError
from native.home import Home
from native.secrets import DEMO_ACCOUNTS
from native.services import Backends, Context
from native.settings import Settings
from nhs_number.validate import is_valid


def test_patients_are_invented_people_with_numbers_of_the_test_range() -> None:
    patients = read_data()["patients"]
    numbers = [patient["resource"]["identifier"][0]["value"] for patient in patients]
    assert len(set(numbers)) == len({patient["key"] for patient in patients}) == 12
    assert all(number.startswith("999") and is_valid(number) for number in numbers)


def test_letters_of_one_patient_have_different_titles() -> None:
    for patient in read_data()["patients"]:
        titles = [letter["title"] for letter in patient["letters"]]
        assert len(set(titles)) == len(titles)


def test_accounts_have_a_secret_each_and_belong_to_patients_of_the_demo() -> None:
    data = read_data()
    assert {account["name"] for account in data["accounts"]} == set(DEMO_ACCOUNTS)
    linked = {account["patient"] for account in data["accounts"] if "patient" in account}
    assert linked < {patient["key"] for patient in data["patients"]}
    assert len(linked) == 2


def test_write_whose_answer_was_lost_is_asked_for_until_its_first_request_has_ended() -> None:
    answers = [
        httpx.Response(503, json={"type": "/problems/outcome-unknown"}),
        httpx.Response(409, json={"type": "/problems/being-worked-on"}),
        httpx.Response(201, json={"id": "1"}),
    ]

    async def write() -> Any:
        async with Visitor("http://localhost") as visitor:
            visitor._client = httpx.AsyncClient(
                base_url="http://localhost", transport=httpx.MockTransport(lambda _request: answers.pop(0))
            )
            return await visitor.call("POST", "/api/fhir/patients", json={}, key="k")

    assert asyncio.run(write()) == {"id": "1"}


@pytest.fixture
def context(fleet: Fleet, tmp_path: Path) -> Context:
    """The running fleet from a home that knows of no demo data yet."""
    return Context(
        home=Home(tmp_path),
        settings=Settings(home=tmp_path, cache=tmp_path, port=fleet.port),
        ports={name: entry["port"] for name, entry in fleet.processes.items()},
        secrets=fleet.secrets,
        backends=Backends("", "", "", "", ""),
    )


def test_seed_by_a_clinician_who_needs_a_second_factor_says_how_to_start(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUILL_REQUIRE_TOTP_ROLES", "clinician,admin")
    with pytest.raises(LaunchError, match="start once without QUILL_REQUIRE_TOTP_ROLES"):
        asyncio.run(seed(context))


def test_seed_that_is_repeated_without_its_mark_makes_nothing_twice(fleet: Fleet, context: Context) -> None:
    async def contents() -> list[Any]:
        account = fleet.account("clinician")
        async with Visitor(fleet.url) as clinician:
            await clinician.sign_in(account["username"], account["password"])
            letters = f"/api/patients/{fleet.account('patient')['patient_id']}/letters"
            found = await clinician.call("GET", "/api/patients?nhs_number=9990012075")
            return [found["items"], (await clinician.call("GET", letters))["items"]]

    before = asyncio.run(contents())
    assert [len(part) for part in before] == [1, 3]
    assert asyncio.run(seed(context)) == fleet.accounts
    assert asyncio.run(contents()) == before
