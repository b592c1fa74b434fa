"""The restore drill in short: the running fleet is backed up and made anew in another home, which tells the same."""

from pathlib import Path

import pytest
from drill.picture import Cast, picture
from drill.restoring import Vault, restored
from e2e.client import PASSWORD, Person, demo_person, eventually, inbox, new_linked_patient, register, unique
from e2e.push_receiver import PushReceiver
from fleet import Fleet

pytestmark = pytest.mark.timeout(0)  # starts a second fleet, which has a time limit of its own


def test_fleet_that_is_restored_in_a_new_home_tells_the_same_and_works(
    fleet: Fleet, push_service: PushReceiver, server_folder: Path, tmp_path: Path
) -> None:
    cast, vault, device = Cast.of_demo(fleet), Vault(tmp_path), push_service.subscribe()
    with demo_person(fleet, "clinician") as clinician:
        patient, record = new_linked_patient(fleet, clinician)
        register(patient, device)
        letters = f"/api/patients/{record}/letters"
        uid = clinician.post(letters, {"title": "Of then", "body": "Dear reader"}, key=unique("k")).json()["uid"]
        amended = {"title": "Of then", "body": "Dear reader, again", "reason": "Spelling"}
        assert clinician.put(f"{letters}/{uid}", amended, version=1, key=unique("k")).status_code == 200
    device.wait(number=2, seconds=30)
    cast.readers.append((patient.user["username"], PASSWORD))
    cast.records.append(record)
    before = picture(fleet.url, cast)
    vault.note_trail(fleet)
    vault.make(fleet)
    with restored(vault, server_folder / "restored", QUILL_PUSH_ORIGINS=push_service.origin) as other:
        assert picture(other.url, cast) == before
        assert vault.trail_is_whole(other)
        with Person(other.url).sign_in(*cast.clinician) as clinician:
            assert clinician.post(letters, {"title": "Of now", "body": "Dear"}, key=unique("k")).status_code == 201
        device.wait(number=3, seconds=30)
        with Person(other.url).sign_in(*cast.readers[-1]) as reader:
            eventually(lambda: len(inbox(reader)["items"]) == 3)
