"""Reading letters: lists, single letters, versions, receipts."""

import asyncio
import base64
import json
from typing import Any
from uuid import UUID, uuid4

import nats
import pytest
from letters_house import SYSTEM_ID, House, Person, wait_for

AUDIT = "quill.audit.v1.access.recorded.letters"
READ = "quill.letters.v1.letter.read"
CREATED = "quill.patients.v1.patient.created"


def delete(house: House, patient_id: UUID, letter: dict[str, Any]) -> None:
    """Delete a letter, past the service."""
    path = f"ehr/{house.ehr_of(patient_id)}/composition/{letter['uid']}::{SYSTEM_ID}::1"
    assert house.openehr.delete(path).status_code == 204


def test_list_is_newest_first_paged_and_without_text(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    written = [house.write(patient_id, clinician, title=f"Letter {n}").json() for n in range(5)]
    pages = [house.letters(patient_id, clinician, limit=2).json()]
    while pages[-1]["next_cursor"] and len(pages) < 4:
        pages.append(house.letters(patient_id, clinician, limit=2, cursor=pages[-1]["next_cursor"]).json())
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    seen = [one for page in pages for one in page["items"]]
    assert seen == [{k: v for k, v in one.items() if k != "body"} for one in reversed(written)]


def test_list_pages_stay_in_place_when_a_letter_is_added(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    for n in range(4):
        house.write(patient_id, clinician, title=f"Letter {n}")
    first = house.letters(patient_id, clinician, limit=2).json()
    house.write(patient_id, clinician, title="Newer")
    second = house.letters(patient_id, clinician, limit=2, cursor=first["next_cursor"]).json()
    assert [one["title"] for one in first["items"] + second["items"]] == [f"Letter {n}" for n in (3, 2, 1, 0)]
    assert second["next_cursor"] is None


def test_list_of_a_patient_without_letters_is_empty(house: House) -> None:
    patient_id = house.patient()
    answer = house.letters(patient_id, house.person("clinician"))
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})


def cursor(*position: object) -> str:
    """What a forger may send."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


SENT = "2026-05-14T09:30:00.000000Z"
UID = "6f1c3c3e-8a53-4a9e-9a55-3b1c7f0d2a11"


@pytest.mark.parametrize(
    "query",
    [
        *({"limit": limit} for limit in (0, 101, -1, "many", "")),
        *({"cursor": text} for text in ("", "?", "AAAA", "x" * 513, cursor(1, 2), cursor("a"), cursor("a", "b"))),
        {"cursor": cursor(SENT + "\ud800", f"{UID}::{SYSTEM_ID}::1")},
    ],
)
def test_list_with_a_bad_query_is_422(house: House, query: dict[str, str | int]) -> None:
    assert house.letters(house.patient(), house.person("clinician"), **query).status_code == 422


@pytest.mark.parametrize(
    "sent",
    [
        "2026-99-01T09:30:00.000000Z",
        "2026-02-30T09:30:00.000000Z",
        "2026-05-14T25:30:00.000000Z",
        "2026-05-14T09:30:00.000000",
        "2026-05-14T09:30:00.000000+99:00",
        "2026-05-14.09:30:00.000000Z",
        "0001-01-01T00:00:00+23:59",
        "20260514T093000Z",
        "2026-05-14",
        "----------",
    ],
)
def test_list_after_a_time_that_never_was_is_422(house: House, sent: str) -> None:
    forged = cursor(sent, f"{UID}::{SYSTEM_ID}::1")
    assert house.letters(house.patient(), house.person("clinician"), cursor=forged).status_code == 422


@pytest.mark.parametrize(
    "version_uid",
    [
        "a" * 60,
        "' OR 1=1 --" + "-" * 40,
        f"{UID}::x::1",
        f"{UID}::{SYSTEM_ID}",
        f"{UID}::{SYSTEM_ID}::0",
        f"{UID}::{SYSTEM_ID}::1x",
        f"{UID}::{SYSTEM_ID}::{10**12}",
        f"{UID}::{SYSTEM_ID}::1::1",
        f"{UID.upper()}::{SYSTEM_ID}::1",
        f"{UID}::{SYSTEM_ID.replace('.', '-')}::1",
    ],
)
def test_list_after_a_letter_that_cannot_be_is_422_and_not_asked_for(house: House, version_uid: str) -> None:
    logged = house.log.read_text().count("openEHR answers unexpectedly")
    answer = house.letters(house.patient(), house.person("clinician"), cursor=cursor(SENT, version_uid))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["query", "cursor"]
    assert house.log.read_text().count("openEHR answers unexpectedly") == logged


def test_patient_reads_their_own_record_and_no_other(house: House) -> None:
    patient_id, other = house.patient(), house.patient()
    clinician, patient = house.person("clinician"), house.person("patient", patient_id=patient_id)
    mine = house.write(patient_id, clinician).headers["Location"]
    foreign = house.write(other, clinician).headers["Location"]
    assert house.letters(patient_id, patient).status_code == 200
    assert house.read(mine, patient).status_code == 200
    refused = [house.letters(other, patient), house.read(foreign, patient), house.letters(uuid4(), patient)]
    assert [one.status_code for one in refused] == [404, 404, 404]
    assert len({json.dumps(one.json()) for one in refused}) == 1


def test_admin_reads_no_letters(house: House) -> None:
    patient_id, admin = house.patient(), house.person("admin")
    path = house.write(patient_id, house.person("clinician")).headers["Location"]
    assert house.letters(patient_id, admin).status_code == 403
    assert house.read(path, admin).status_code == 403


def test_letters_of_an_unknown_patient_are_404(house: House) -> None:
    clinician, unknown = house.person("clinician"), uuid4()
    assert house.letters(unknown, clinician).status_code == 404
    assert house.read(f"/api/patients/{unknown}/letters/{uuid4()}", clinician).status_code == 404


def test_letter_through_another_patients_record_is_404(house: House) -> None:
    patient_id, other, clinician = house.patient(), house.patient(), house.person("clinician")
    uid = house.write(patient_id, clinician).json()["uid"]
    house.write(other, clinician)
    foreign = house.read(f"/api/patients/{other}/letters/{uid}", clinician)
    absent = house.read(f"/api/patients/{other}/letters/{uuid4()}", clinician)
    assert (foreign.status_code, foreign.json()) == (404, absent.json())


@pytest.mark.parametrize("uid", ["x", "00000000-0000-0000-0000-00000000000G", "%2e%2e", "a" * 500])
def test_letter_with_a_malformed_uid_is_a_clear_refusal(house: House, uid: str) -> None:
    assert house.read(f"/api/patients/{house.patient()}/letters/{uid}", house.person("clinician")).status_code in {
        404,
        422,
    }


def test_amended_letter_shows_when_and_keeps_its_versions(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    first = house.write(patient_id, clinician, title="Before", body="First").json()
    path = f"/api/patients/{patient_id}/letters/{first['uid']}"
    house.amend_past_the_service(patient_id, first, title="After")
    newest = house.read(path, clinician)
    letter = newest.json()
    assert newest.headers["ETag"] == '"2"'
    assert (letter["title"], letter["version"], letter["status"]) == ("After", 2, "amended")
    assert letter["amended_at"] > letter["created_at"] == first["created_at"]
    assert house.read(path, clinician, version=1).json() == first
    assert house.read(path, clinician, version=2).json() == letter
    assert house.read(path, clinician, version=3).status_code == 404
    (item,) = house.letters(patient_id, clinician).json()["items"]
    assert item == {name: value for name, value in letter.items() if name != "body"}


@pytest.mark.parametrize(("version", "status"), [(0, 422), (-1, 422), ("one", 422), (10**30, 404), (2, 404)])
def test_letter_with_a_version_it_has_not_is_refused(house: House, version: str | int, status: int) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    path = house.write(patient_id, clinician).headers["Location"]
    assert house.read(path, clinician, version=version).status_code == status


def test_deleted_letter_is_404_and_in_no_list(house: House) -> None:
    patient_id, clinician = house.patient(), house.person("clinician")
    answer = house.write(patient_id, clinician)
    delete(house, patient_id, answer.json())
    assert house.read(answer.headers["Location"], clinician).status_code == 404
    assert house.read(answer.headers["Location"], clinician, version=1).status_code == 404
    assert house.letters(patient_id, clinician).json()["items"] == []


def test_first_reading_by_the_patient_leaves_one_receipt_that_all_see(house: House) -> None:
    patient_id = house.patient()
    clinician, patient = house.person("clinician"), house.person("patient", patient_id=patient_id)
    path = house.write(patient_id, clinician).headers["Location"]
    assert house.read(path, clinician).json()["read_at"] is None
    assert house.letters(patient_id, patient).json()["items"][0]["read_at"] is None
    assert house.events(READ, patient_id) == []
    read_at = house.read(path, patient).json()["read_at"]
    assert read_at is not None
    for reader in (clinician, patient, patient):
        assert house.read(path, reader).json()["read_at"] == read_at
        assert house.letters(patient_id, reader).json()["items"][0]["read_at"] == read_at
    (event,) = house.events(READ, patient_id)
    assert event == {"letter_uid": path[-36:], "patient_id": str(patient_id), "user_id": str(patient.user_id)}


def audited(house: House, patient_id: UUID, who: Person) -> list[tuple[str, str | None]]:
    """What the audit trail says that they did."""
    entries = [one for one in house.events(AUDIT, patient_id) if one["actor_id"] == str(who.user_id)]
    return [(one["action"], one["resource_id"]) for one in entries]


def test_reading_and_listing_are_audited(house: House) -> None:
    patient_id, reader = house.patient(), house.person("clinician")
    letter = house.write(patient_id, house.person("clinician")).json()
    house.letters(patient_id, reader)
    house.read(f"/api/patients/{patient_id}/letters/{letter['uid']}", reader)
    assert audited(house, patient_id, reader) == [("R", None), ("R", letter["uid"])]


def test_new_patient_gets_an_ehr_from_the_event(house: House) -> None:
    patient_id = uuid4()

    async def announce() -> None:
        client = await nats.connect(house.nats_url)
        body = json.dumps({"patient_id": str(patient_id), "version": 1}).encode()
        for _ in range(2):  # delivered again, it changes nothing
            headers = {"ce-id": str(uuid4()), "ce-type": CREATED, "Nats-Msg-Id": str(uuid4())}
            await client.jetstream().publish(CREATED, body, headers=headers)
        await client.close()

    asyncio.run(announce())
    wait_for(lambda: house.rows("SELECT 1 FROM patient_ehrs WHERE patient_id = %s", patient_id) != [])
    subject = {"subject_id": str(patient_id), "subject_namespace": "quill"}
    assert house.openehr.get("ehr", params=subject).json()["ehr_id"]["value"] == str(house.ehr_of(patient_id))
