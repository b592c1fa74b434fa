"""Linking accounts to patients, on PostgreSQL and a patients service on loopback."""

import asyncio
from uuid import UUID, uuid4

import pytest
from auth.accounts.models import UserRow
from auth.codes import hash_code
from auth.errors import LinkRefused
from auth.links import service as links
from auth.links.schemas import LinkCreate, LinkRedeem
from auth.sessions import service as sessions
from auth_stage import Patients, Stage
from common.auth import Caller
from common.errors import BackendUnavailable, Invalid, NotFound, TooManyRequests, Unauthenticated
from sqlalchemy import text

pytestmark = pytest.mark.anyio
BIRTH_DATE = "1961-04-12"


@pytest.fixture
def patient_id(patients: Patients) -> UUID:
    known = uuid4()
    patients.answers[str(known)] = (200, {"birth_date": BIRTH_DATE})
    return known


@pytest.fixture
async def clinician(stage: Stage) -> Caller:
    return await stage.staff("doctor", "clinician")


@pytest.fixture
async def patient(stage: Stage) -> Caller:
    await stage.register("alice")
    return await stage.caller(await stage.log_in("alice"))


async def create(stage: Stage, caller: Caller, patient_id: UUID, birth_date: str = BIRTH_DATE) -> str:
    form = LinkCreate.model_validate({"patient_id": str(patient_id), "birth_date": birth_date})
    return (await links.create_code(stage.work, caller, form=form)).code


async def redeem(stage: Stage, caller: Caller, code: str, birth_date: str = BIRTH_DATE) -> UserRow:
    form = LinkRedeem.model_validate({"code": code, "birth_date": birth_date})
    return await links.redeem_code(stage.work, caller, form=form)


async def test_redeem_links_the_account_and_leaves_its_tokens_alive(
    stage: Stage, clinician: Caller, patient: Caller, patient_id: UUID, patients: Patients
) -> None:
    code = await create(stage, clinician, patient_id)
    assert patients.asked[0]["path"] == f"/internal/patients/{patient_id}"
    assert patients.asked[0]["authorization"] == f"Bearer {clinician.token}"
    user = await redeem(stage, patient, code.lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    assert user.patient_id == patient_id
    linked = {"user_id": str(patient.user_id), "patient_id": str(patient_id)}
    assert await stage.facts("user.linked") == [linked]
    assert await stage.facts("user.updated") == []
    assert await sessions.find_living(stage.work, patient) is not None
    assert (await stage.caller(await stage.log_in("alice"))).patient_id == patient_id
    assert await stage.audited("patient-link") == [("C", "ok"), ("U", "ok")]


async def test_create_stores_neither_code_nor_birth_date(stage: Stage, clinician: Caller, patient_id: UUID) -> None:
    code = await create(stage, clinician, patient_id)
    assert len(code.replace("-", "")) == 16
    async with stage.work.database.transaction() as session:
        stored = str((await session.execute(text("SELECT * FROM link_codes"))).all())
    stored += str(await stage.facts("quill"))
    assert str(patient_id) in stored
    for secret in (code, code.replace("-", ""), BIRTH_DATE, "1961, 4, 12"):
        assert secret not in stored


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {}, NotFound),
        (401, {}, Unauthenticated),
        (200, {"birth_date": "1961-04-13"}, Invalid),
        (200, {"birth_date": None}, Invalid),
        (403, {}, BackendUnavailable),
        (500, {}, BackendUnavailable),
        (200, {}, BackendUnavailable),
        (200, {"birth_date": 1961}, BackendUnavailable),
    ],
)
async def test_create_is_refused_as_patients_answers(
    stage: Stage, clinician: Caller, patients: Patients, status: int, body: dict[str, object], error: type[Exception]
) -> None:
    patient_id = uuid4()
    patients.answers[str(patient_id)] = (status, body)
    with pytest.raises(error):
        await create(stage, clinician, patient_id)


async def test_create_while_patients_is_away_is_unavailable(
    stage: Stage, clinician: Caller, patients: Patients, patient_id: UUID
) -> None:
    patients.shutdown()
    patients.server_close()
    with pytest.raises(BackendUnavailable) as away:
        await create(stage, clinician, patient_id)
    assert away.value.headers["Retry-After"]


async def test_redeem_every_failure_looks_the_same(
    stage: Stage, clinician: Caller, patient: Caller, patient_id: UUID
) -> None:
    problems = []
    code, spent, late = [await create(stage, clinician, patient_id) for _ in range(3)]
    await stage.execute("UPDATE link_codes SET used_at = now() WHERE code_hash = :h", h=hash_code(spent))
    await stage.execute("UPDATE link_codes SET expires_at = now() WHERE code_hash = :h", h=hash_code(late))
    for tried, birth_date in (("NONE", BIRTH_DATE), (code, "1961-04-13"), (spent, BIRTH_DATE), (late, BIRTH_DATE)):
        with pytest.raises(LinkRefused) as refused:
            await redeem(stage, patient, tried, birth_date)
        problems.append((refused.value.problem, refused.value.headers))
    assert all(problem == problems[0] for problem in problems)
    assert await stage.facts("user.linked") == []


async def test_redeem_after_three_wrong_tries_the_code_is_dead(
    stage: Stage, clinician: Caller, patient: Caller, patient_id: UUID
) -> None:
    code = await create(stage, clinician, patient_id)
    for day in (1, 2, 3):
        with pytest.raises(LinkRefused):
            await redeem(stage, patient, code, f"1990-01-0{day}")
    with pytest.raises(LinkRefused):
        await redeem(stage, patient, code)


async def test_redeem_after_five_tries_the_account_waits(
    stage: Stage, clinician: Caller, patient: Caller, patient_id: UUID
) -> None:
    code = await create(stage, clinician, patient_id)
    for number in range(5):
        with pytest.raises(LinkRefused):
            await redeem(stage, patient, f"guess {number}")
    with pytest.raises(TooManyRequests):
        await redeem(stage, patient, code)


async def test_redeem_one_account_per_patient_and_one_patient_per_account(
    stage: Stage, clinician: Caller, patient: Caller, patients: Patients, patient_id: UUID
) -> None:
    other_patient = uuid4()
    patients.answers[str(other_patient)] = (200, {"birth_date": BIRTH_DATE})
    await redeem(stage, patient, await create(stage, clinician, patient_id))
    with pytest.raises(LinkRefused):
        await redeem(stage, patient, await create(stage, clinician, other_patient))
    await stage.register("bobby")
    second = await stage.caller(await stage.log_in("bobby"))
    with pytest.raises(LinkRefused):
        await redeem(stage, second, await create(stage, clinician, patient_id))
    assert (await redeem(stage, second, await create(stage, clinician, other_patient))).patient_id == other_patient


async def test_redeem_at_once_by_two_accounts_links_one(
    stage: Stage, clinician: Caller, patient: Caller, patient_id: UUID
) -> None:
    await stage.register("bobby")
    second = await stage.caller(await stage.log_in("bobby"))
    codes = [await create(stage, clinician, patient_id) for _ in range(2)]
    answers = await asyncio.gather(
        redeem(stage, patient, codes[0]), redeem(stage, second, codes[1]), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["LinkRefused", "UserRow"]


async def test_unlink_kills_tokens_and_frees_the_patient(
    stage: Stage, clinician: Caller, patient: Caller, patient_id: UUID
) -> None:
    admin = await stage.staff("boss", "admin")
    await redeem(stage, patient, await create(stage, clinician, patient_id))
    await links.unlink_patient(stage.work, admin, patient_id=patient_id)
    assert await stage.facts("user.unlinked") == [{"user_id": str(patient.user_id), "patient_id": str(patient_id)}]
    assert [fact["token_version"] for fact in await stage.facts("user.updated")] == [2]
    assert await sessions.find_living(stage.work, patient) is None
    with pytest.raises(NotFound):
        await links.unlink_patient(stage.work, admin, patient_id=patient_id)
    assert (await redeem(stage, patient, await create(stage, clinician, patient_id))).patient_id == patient_id


async def test_unlink_takes_back_the_codes_that_were_handed_out(
    stage: Stage, clinician: Caller, patient: Caller, patient_id: UUID
) -> None:
    admin = await stage.staff("boss", "admin")
    code, spare = [await create(stage, clinician, patient_id) for _ in range(2)]
    await redeem(stage, patient, code)
    await links.unlink_patient(stage.work, admin, patient_id=patient_id)
    with pytest.raises(LinkRefused):
        await redeem(stage, patient, spare)
