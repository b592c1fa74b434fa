"""`quill export` on the running fleet: a record leaves it whole, for those who may read it, in a file of their own."""

import json
import os
import shlex
import stat
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from documentation import commands
from e2e.authenticator import protect
from e2e.client import PASSWORD, Person, demo_person, eventually, new_linked_patient, new_patient, new_staff
from fleet import Fleet
from quill_command import QUILL, Output, quill


@dataclass(frozen=True)
class Desk:
    """Somebody with a shell in an empty folder."""

    fleet: Fleet
    folder: Path
    person: Person

    def export(self, patient_id: str, *options: str, typed: str = PASSWORD + "\n", username: str = "") -> Output:
        called = ["export", "patient", patient_id, "--username", username or self.person.user["username"], *options]
        return quill(self.fleet, *called, typed=typed, folder=self.folder)

    @property
    def files(self) -> list[str]:
        return sorted(os.listdir(self.folder))


@pytest.fixture
def desk(fleet: Fleet, tmp_path: Path) -> Iterator[Desk]:
    with new_staff(fleet, "clinician") as clinician:
        yield Desk(fleet, tmp_path, clinician)


def test_record_is_written_into_a_file_of_its_reader_only_and_the_session_ends(fleet: Fleet, desk: Desk) -> None:
    patient_id, sessions = new_patient(desk.person), len(desk.person.get("/api/auth/sessions").json()["items"])
    letters = f"/api/patients/{patient_id}/letters"
    uid = desk.person.post(letters, {"title": "Review", "body": "Dear Ada"}).json()["uid"]
    done = desk.export(patient_id, "--json")
    assert (done.code, desk.files) == (0, [f"record-{patient_id}.zip"]), done.errors
    file = desk.folder / desk.files[0]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (done.json["file"], done.json["missing"]) == (file.name, [])
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        assert json.loads(archive.read("fhir/patient.json"))["id"] == patient_id
    assert [one["path"] for one in done.json["files"]] == names[:-1]
    assert f"openehr/{uid}-v1.json" in names
    assert len(desk.person.get("/api/auth/sessions").json()["items"]) == sessions
    told = desk.export(patient_id, "--to", "again.zip")
    assert told.text.startswith("again.zip: whole, 3 files, made ")


def test_patients_may_have_their_own_record_and_nobody_elses(fleet: Fleet, desk: Desk) -> None:
    patient, own = new_linked_patient(fleet, desk.person)
    with patient:
        name = patient.user["username"]
        assert desk.export(own, "--to", "own.zip", username=name).code == 0
        for other in (new_patient(desk.person), str(uuid4())):
            refused = desk.export(other, username=name)
            assert (refused.code, refused.errors) == (1, "quill: Quill refuses: There is nothing here for you (404)\n")
    with new_staff(fleet, "admin") as admin:
        refused = desk.export(own, username=admin.user["username"])
        assert (refused.code, "(403)" in refused.errors) == (1, True)
    assert desk.files == ["own.zip"]


def test_export_is_in_the_audit_trail_under_the_name_of_who_signed_in(fleet: Fleet, desk: Desk) -> None:
    patient_id = new_patient(desk.person)
    assert desk.export(patient_id).code == 0
    with demo_person(fleet, "admin") as admin:
        trail = eventually(
            lambda: [
                (one["actor"]["id"], one["action"], one["outcome"])
                for one in admin.every("/api/auth/audit", patient_id=patient_id)
                if one["resource"] == "export"
            ]
        )
    assert trail == [(desk.person.id, "R", "ok")]


def test_nothing_is_written_without_the_right_password(desk: Desk) -> None:
    patient_id = new_patient(desk.person)
    refused = desk.export(patient_id, typed="another phrase of some length\n")
    assert (refused.code, refused.text) == (1, "")
    assert refused.errors == "quill: Quill refuses: User name or password is wrong (401)\n"
    silent = desk.export(patient_id, typed="")
    assert (silent.code, silent.errors) == (1, "quill: standard input has no line for: Password\n")
    assert desk.files == []


def test_second_factor_is_asked_for(fleet: Fleet, desk: Desk) -> None:
    patient_id, phone = new_patient(desk.person), protect(fleet, desk.person)
    refused = desk.export(patient_id, typed=f"{PASSWORD}\n{phone.wrong}\n")
    assert (refused.code, refused.errors) == (1, "quill: Quill refuses: This code does not finish the sign-in (401)\n")
    assert "second factor" in desk.export(patient_id).errors
    assert desk.files == []
    assert desk.export(patient_id, typed=f"{PASSWORD}\n{phone.paper[0]}\n").code == 0


def test_password_is_typed_unseen_at_a_terminal(fleet: Fleet, desk: Desk) -> None:
    patient_id = new_patient(desk.person)
    ours, theirs = os.openpty()
    called = [QUILL, "export", "patient", patient_id, "--username", desk.person.user["username"], "--url", fleet.url]
    with closing(os.fdopen(ours, "r+b", buffering=0)) as keyboard:
        command = subprocess.Popen(
            called, stdin=theirs, stdout=theirs, stderr=theirs, cwd=desk.folder, start_new_session=True
        )
        shown = b""
        while not shown.endswith(b"Password: "):
            shown += keyboard.read(1)
        keyboard.write(PASSWORD.encode() + b"\n")
        assert command.wait(60) == 0
        os.set_blocking(ours, False)
        shown += keyboard.read(10_000)
        os.close(theirs)
    assert (PASSWORD.encode() in shown, b"whole" in shown) == (False, True)
    assert desk.files == [f"record-{patient_id}.zip"]


def test_file_that_is_there_stays_and_nothing_is_sent_to_a_door_without_tls(desk: Desk) -> None:
    (desk.folder / "record.zip").write_text("ours")
    patient_id = new_patient(desk.person)
    refused = desk.export(patient_id, "--to", "record.zip")
    assert (refused.code, refused.errors) == (1, "quill: record.zip is there already\n")
    assert (desk.folder / "record.zip").read_text() == "ours"
    refused = desk.export(patient_id, "--url", "http://quill.example.org")
    assert (refused.code, refused.errors) == (1, "quill: a password is sent to https:// only, or to this machine\n")
    assert desk.files == ["record.zip"]


def test_command_of_the_page_writes_a_record(fleet: Fleet, desk: Desk) -> None:
    (line,) = [one.line for one in commands() if one.page.name == "export.md"]
    _, *words = shlex.split(line)
    words[2], words[words.index("--username") + 1] = new_patient(desk.person), desk.person.user["username"]
    assert quill(fleet, *words, typed=PASSWORD + "\n", folder=desk.folder).code == 0
    assert desk.files == ["record.zip"]
