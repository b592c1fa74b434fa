"""What letters asks auth and patients, over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import date
from uuid import UUID, uuid4

import pytest
import stand_in
from common import http
from common.auth import Caller
from common.errors import BackendUnavailable, Forbidden, NotFound, QuillError, Unauthenticated
from letters.clients import Patients, Users
from letters.letter import PatientIdentity
from letters_house import Neighbours


@pytest.fixture
def neighbours() -> Iterator[Neighbours]:
    """Auth and patients of this test alone."""
    with Neighbours() as running:
        yield running


def caller(neighbours: Neighbours) -> Caller:
    """A clinician with a token that auth understands."""
    user_id = uuid4()
    return stand_in.caller("clinician", user_id=user_id, token=neighbours.sign({"sub": str(user_id)}))


def with_users(neighbours: Neighbours, use: Callable[[Users], Awaitable[None]], *, fresh_seconds: float) -> None:
    """Run with a fresh client of auth."""

    async def run() -> None:
        async with http.create_client(neighbours.url) as client:
            await use(Users(client, fresh_seconds=fresh_seconds))

    asyncio.run(run())


def test_fresh_name_is_not_asked_for_again(neighbours: Neighbours) -> None:
    who = caller(neighbours)
    neighbours.names[str(who.user_id)] = "Dr Ines Varga"

    async def use(users: Users) -> None:
        for _ in range(3):
            assert (await users.author_of(who)).name == "Dr Ines Varga"
        assert neighbours.asked == ["/api/auth/me"]

    with_users(neighbours, use, fresh_seconds=60)


def test_stale_name_is_asked_for_again_and_used_while_auth_is_silent(neighbours: Neighbours) -> None:
    who = caller(neighbours)
    neighbours.names[str(who.user_id)] = "Dr Ines Varga"

    async def use(users: Users) -> None:
        await users.author_of(who)
        neighbours.names[str(who.user_id)] = "Dr Ines Varga-Lund"
        assert (await users.author_of(who)).name == "Dr Ines Varga-Lund"
        neighbours.auth_silent = True
        assert (await users.author_of(who)).name == "Dr Ines Varga-Lund"
        with pytest.raises(BackendUnavailable):
            await users.author_of(caller(neighbours))

    with_users(neighbours, use, fresh_seconds=0)


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (401, {}, Unauthenticated),
        (403, {}, Forbidden),
        (404, {}, NotFound),
        (500, {}, BackendUnavailable),
        (200, {}, BackendUnavailable),
        (200, {"active": "yes"}, BackendUnavailable),
        (200, ["active"], BackendUnavailable),
        (302, {"active": True}, BackendUnavailable),
    ],
)
def test_patients_answer_is_read_strictly(
    neighbours: Neighbours, status: int, body: object, refusal: type[QuillError]
) -> None:
    patient_id = UUID(int=7)
    neighbours.said[f"/internal/patients/{patient_id}"] = (status, body)

    async def run() -> None:
        async with http.create_client(neighbours.url) as client:
            with pytest.raises(refusal):
                await Patients(client).is_active(patient_id, caller=caller(neighbours))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("told", "identity"),
    [
        (
            {
                "name": {"prefix": ["Mrs"], "given": ["Rosa", "Ann"], "family": "Hartley"},
                "birth_date": "1951-02-03",
                "nhs_number": "9434765919",
            },
            PatientIdentity(name="Mrs Rosa Ann Hartley", birth_date=date(1951, 2, 3), nhs_number="9434765919"),
        ),
        (
            {"name": {"prefix": [], "given": [], "family": None}, "birth_date": None, "nhs_number": None},
            PatientIdentity(name="", birth_date=None, nhs_number=None),
        ),
        ({"name": {"prefix": [], "given": ["Rosa"]}, "birth_date": None, "nhs_number": None}, None),
        ({"name": "Rosa", "birth_date": None, "nhs_number": None}, None),
        ({"birth_date": None, "nhs_number": None}, None),
        ({"active": True}, None),
    ],
)
def test_patient_is_identified_by_what_patients_tells_or_not_at_all(
    neighbours: Neighbours, told: dict[str, object], identity: PatientIdentity | None
) -> None:
    patient_id = UUID(int=7)
    neighbours.said[f"/internal/patients/{patient_id}"] = (200, told)

    async def run() -> PatientIdentity | None:
        async with http.create_client(neighbours.url) as client:
            with suppress(BackendUnavailable):
                return await Patients(client).identify(patient_id, caller=caller(neighbours))
        return None

    assert asyncio.run(run()) == identity
