"""What happens when the openEHR server does not know an EHR (any more) that letters does, as after a restore."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from common import http
from letters.composition import ehr_status_of
from letters.ehrbase import PROBE, EHRbase
from letters.errors import LetterRefused
from letters.letter import Author, StoredLetter
from letters_house import OPENEHR_PATH, SECRET, SYSTEM_ID, House, Person, openehr_server, wait_for
from native.bare import PostgresServer

SENT = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
CREATED, AMENDED = "quill.letters.v1.letter.created", "quill.letters.v1.letter.amended"


def ehr_on_the_server(house: House, patient_id: UUID) -> UUID:
    subject = {"subject_id": str(patient_id), "subject_namespace": "quill"}
    return UUID(house.openehr.get("ehr", params=subject).json()["ehr_id"]["value"])


ASKS: dict[str, Callable[[House, str, Person], httpx.Response]] = {
    "read": lambda house, path, who: house.read(path, who),
    "print": lambda house, path, who: house.read(f"{path}.pdf", who),
    "versions": lambda house, path, who: house.read(f"{path}/versions", who),
    "list": lambda house, path, who: house.read(path[:-37], who),
    "amend": lambda house, path, who: house.amend(path, who),
    "withdraw": lambda house, path, who: house.withdraw(path, who),
    "write": lambda house, path, who: house.write(UUID(path.split("/")[3]), who),
}


@pytest.mark.parametrize("name", ASKS)
def test_patient_whose_ehr_has_another_id_by_now_is_served_from_it(
    house: House, patient_id: UUID, clinician: Person, name: str
) -> None:
    path = house.write(patient_id, clinician).headers["Location"]
    house.mistake_ehr(patient_id)
    answer = ASKS[name](house, path, clinician)
    assert answer.is_success, answer.text
    assert house.ehr_of(patient_id) == ehr_on_the_server(house, patient_id)
    items = house.letters(patient_id, clinician).json()["items"]
    assert path[-36:] in {one["uid"] for one in items}
    if name == "list":
        assert answer.json()["items"] == items


def test_patient_whose_ehr_is_lost_gets_one_even_when_several_write(house: House, clinician: Person) -> None:
    patient_id = house.patient()
    house.rows("INSERT INTO patient_ehrs VALUES (%s, %s) RETURNING ehr_id", patient_id, uuid4())
    assert house.read(f"/api/patients/{patient_id}/letters/{uuid4()}", clinician).status_code == 404
    house.mistake_ehr(patient_id)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: house.write(patient_id, clinician), range(6)))
    assert [one.status_code for one in answers] == [201] * 6
    assert house.ehr_of(patient_id) == ehr_on_the_server(house, patient_id)
    uids = {one["uid"] for one in house.letters(patient_id, clinician).json()["items"]}
    assert uids == {one.json()["uid"] for one in answers}


def test_letter_that_waits_for_a_lost_ehr_is_completed_once(house: House, patient_id: UUID, clinician: Person) -> None:
    house.letters(patient_id, clinician)
    house.mistake_ehr(patient_id)
    house.door.mood = "closed"
    assert house.write(patient_id, clinician).json()["type"] == "/problems/outcome-unknown"
    house.door.mood = "open"
    wait_for(lambda: house.events(CREATED, patient_id) != [])
    assert house.ehr_of(patient_id) == ehr_on_the_server(house, patient_id)
    assert len(house.letters(patient_id, clinician).json()["items"]) == 1


def test_letter_for_an_ehr_that_takes_no_changes_is_refused_for_good(house: House, clinician: Person) -> None:
    patient_id = house.patient()
    closed = ehr_status_of(patient_id) | {"is_modifiable": False}
    assert house.openehr.post("ehr", json=closed).status_code == 201
    for replayed in (None, "true"):
        answer = house.write(patient_id, clinician, key="closed")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
        assert answer.headers.get("Idempotency-Replayed") == replayed
    assert house.events(CREATED, patient_id) == []


@pytest.mark.parametrize("lost", ["EHR", "letter"])
def test_change_that_waits_for_what_is_lost_is_completed_or_given_up(
    house: House, patient_id: UUID, clinician: Person, lost: str
) -> None:
    path = house.write(patient_id, clinician).headers["Location"]
    house.door.mood = "half"
    assert house.amend(path, clinician).json()["type"] == "/problems/outcome-unknown"
    wrong = json.dumps({member: str(uuid4()) for member in {"EHR": ["ehr_id"], "letter": ["ehr_id", "uid"]}[lost]})
    changed = "UPDATE operations SET payload = payload || %s::jsonb WHERE kind = %s AND caller_id = %s RETURNING state"
    assert house.rows(changed, wrong, "letter.change", clinician.user_id) == [("INTENT",)]
    house.door.mood = "open"
    state = "SELECT state FROM operations WHERE kind = 'letter.change' AND caller_id = %s"
    wait_for(lambda: house.rows(state, clinician.user_id) != [("INTENT",)])
    ended = (house.rows(state, clinician.user_id)[0][0], len(house.events(AMENDED, patient_id)))
    assert ended == {"EHR": ("DONE", 1), "letter": ("FAILED", 0)}[lost]
    assert house.read(path, clinician).json()["version"] == {"EHR": 2, "letter": 1}[lost]


def test_server_that_lost_its_template_is_given_it_again_and_no_letter_is_refused_for_it(
    house: House,
    patient_id: UUID,
    clinician: Person,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert house.write(patient_id, clinician).status_code == 201
    with openehr_server(postgres_server, tmp_path) as restored:
        monkeypatch.setattr(house.door, "port", restored)
        house.door.passed.clear()
        first, second = (house.write(patient_id, clinician) for _ in range(2))
        assert [first.status_code, second.status_code] == [201, 201]
        assert len(house.letters(patient_id, clinician).json()["items"]) == 2
        uploads = [path for method, path in house.door.passed if (method, path[-7:]) == ("POST", "/adl1.4")]
        assert len(uploads) == 1


def test_letter_that_the_server_refuses_is_refused_at_once_and_its_template_stays(
    house: House, patient_id: UUID
) -> None:
    author = Author(id=uuid4(), name="Dr Ines Varga")
    blank = StoredLetter(
        uid=uuid4(), version=1, title=" ", letter_type="clinic", author=author, sent_at=SENT, body="Dear Dr Hale"
    )

    async def commit() -> None:
        url, auth = house.door.url + OPENEHR_PATH, ("quill", SECRET)
        async with http.create_client(url, "openehr", timeout=60, auth=auth, probe=PROBE) as client:
            record = EHRbase(client, system_id=SYSTEM_ID)
            ehr_id = await record.ensure_ehr(patient_id)
            with pytest.raises(LetterRefused):
                await record.commit_letter(ehr_id, blank, committer=author, reason="Letter sent")

    house.door.passed.clear()
    asyncio.run(commit())
    asked = [(method, path.rpartition("/")[2]) for method, path in house.door.passed]
    template, contribution = ("GET", "quill-clinic-letter.v2"), ("POST", "contribution")
    assert [one for one in asked if one in (template, contribution)] == [template, contribution, template]
    assert ("POST", "adl1.4") not in asked
