"""The command as an operator types it: killed, started again, and every command of its page."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from common.work import Work
from fleet import ROOT
from import_house import MARK, bundle, synthea
from patients.fhir import FhirServer
from patients_house import NUMBERS, StandInFhir, patient
from stand_in import ORIGIN

BIN = Path(sys.executable).parent
PAGE = (ROOT / "docs/import.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SOURCE = ["--source", "https://pas.example.org/fhir"]


@pytest.fixture
def environment(database_url: str, fhir: StandInFhir, work: Work[FhirServer], tmp_path: Path) -> Mapping[str, str]:
    """That of the service, before empty tables."""
    urls = {f"QUILL_{name}_URL": ORIGIN for name in ("AUTH", "PATIENTS", "LETTERS", "NOTIFY")}
    return {
        **{"PATH": f"{BIN}:{os.environ['PATH']}", "QUILL_HOME": str(tmp_path / "nothing runs here")},
        **{"QUILL_MODE": "demo", "QUILL_PUBLIC_ORIGIN": ORIGIN, "QUILL_PSEUDONYM_KEY": "p" * 32, **urls},
        **{"QUILL_NATS_URL": "nats://127.0.0.1:1", "QUILL_NATS_USER": "patients", "QUILL_NATS_PASSWORD": "unasked"},
        **{"QUILL_DATABASE_URL": database_url, "QUILL_FHIR_URL": f"{fhir.url}/fhir"},
    }


def start(environment: Mapping[str, str], *arguments: object) -> subprocess.Popen[str]:
    command = [BIN / "quill", "import", "patients", *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=dict(environment), text=True, **pipes)  # type: ignore[call-overload, no-any-return]


def run(environment: Mapping[str, str], *arguments: object, given: str = "") -> tuple[int, str, str]:
    process = start(environment, *arguments)
    out, err = process.communicate(given, timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def test_import_killed_again_and_again_ends_with_each_patient_once(
    environment: Mapping[str, str], database_url: str, fhir: StandInFhir, tmp_path: Path
) -> None:
    file, kills = tmp_path / "patients.ndjson", 3
    people = [patient(f"Given{place}", id=str(place), nhs_number=NUMBERS.new()) for place in range(200)]
    file.write_text("\n".join(map(json.dumps, people)))
    for kill in range(1, kills + 1):
        process = start(environment, *SOURCE, "--at-once", 2, "--rate", 40, file)
        before, began = len(fhir.versions), time.monotonic()
        while len(fhir.versions) < before + 5 * kill and process.poll() is None and time.monotonic() < began + 60:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert 0 < len(fhir.versions) < 200
    code, out, err = run(environment, *SOURCE, file)
    assert (code, out.splitlines()[-1].partition("refused ")[2]) == (0, "0"), err
    with psycopg.connect(database_url) as connection:
        told = connection.execute(
            "SELECT body->>'patient_id' FROM outbox WHERE subject LIKE '%.patient.created'"
        ).fetchall()
        left = connection.execute("SELECT count(*) FROM operations WHERE state <> 'DONE'").fetchone()
        audited = connection.execute("SELECT count(*) FROM outbox WHERE subject LIKE 'quill.audit.%'").fetchone()
    assert sorted(UUID(one) for (one,) in told) == sorted(map(UUID, fhir.versions))
    assert (len(told), left, audited) == (200, (0,), (200,))
    assert all(len(versions) == 1 for versions in fhir.versions.values())


def test_report_of_synthea_holds_what_was_left_out_and_nothing_of_anybody(
    environment: Mapping[str, str], fhir: StandInFhir, tmp_path: Path
) -> None:
    folder = tmp_path / "fhir"
    folder.mkdir()
    other = {"resourceType": "Observation", "id": "o"}
    wrong = [synthea(id="2", gender=MARK), synthea(id="3", **{MARK: MARK}), synthea(id=f"{MARK} 4")]
    more = synthea(contained=[{"resourceType": "Organization", "name": MARK}], photo=[{"data": MARK}])
    (folder / f"{MARK}_1.json").write_text(json.dumps(bundle(more, other, other)))
    (folder / f"{MARK}_2.json").write_text(json.dumps(bundle(other, *wrong)))
    code, out, err = run(environment, *SOURCE, folder)
    assert code == 1
    assert MARK not in out + err
    assert out.replace(str(folder), "fhir").splitlines() == [
        "fhir#2:2\tPatient.gender\tInput should be 'male', 'female', 'other' or 'unknown'",
        "fhir#2:3\tPatient\thas an element that Quill does not know",
        "fhir#2:4\tPatient.id\tmust be there: the patient's id in Quill follows from it",
        "imported 1, there already 0, refused 3",
        "resources of other types, skipped: 3",
        "left out of patients: Patient.contained 1",
        "left out of patients: Patient.photo 1",
    ]
    assert len(fhir.versions) == 1


def test_lines_come_from_standard_input(environment: Mapping[str, str], fhir: StandInFhir) -> None:
    code, out, _ = run(environment, *SOURCE, "-", given=json.dumps(patient(id="1")))
    assert (code, out) == (0, "imported 1, there already 0, refused 0\n")


def test_import_that_cannot_go_on_says_so_and_has_a_code_of_its_own(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "patients.ndjson"
    file.write_text(json.dumps(patient(id="1")))
    away = {**environment, "QUILL_DATABASE_URL": "postgresql://patients:x@127.0.0.1:1/patients"}
    code, out, err = run(away, *SOURCE, "--patience", 0.1, file)
    assert (code, out) == (3, "imported 0, there already 0, refused 0\n")
    assert "stopped" in err


def test_log_does_not_get_into_the_report(environment: Mapping[str, str], fhir: StandInFhir) -> None:
    fhir.mood = "stuck"
    code, out, err = run(environment, *SOURCE, "--patience", 0.1, "-", given=json.dumps(patient(id="1")))
    assert (code, out) == (3, "imported 0, there already 0, refused 0\n")
    assert "held back" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "hospital", "-"], "URI"),
        (["-"], "--source"),
        (["--source", "urn:x", "/absent.json"], "absent"),
        (["--source", "urn:x", "--rate", "0", "-"], "rate"),
    ],
)
def test_wrong_call_is_told(environment: Mapping[str, str], arguments: list[str], said: str) -> None:
    code, _, err = run(environment, *arguments)
    assert (code, said in err) == (2, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_the_page_does_what_it_says(
    environment: Mapping[str, str], fhir: StandInFhir, tmp_path: Path, command: str
) -> None:
    (tmp_path / "patients.ndjson").write_text(json.dumps(patient(id="1")))
    (tmp_path / "output/fhir").mkdir(parents=True)
    (tmp_path / "output/fhir/one.json").write_text(json.dumps(bundle(synthea())))
    (tmp_path / "bench").symlink_to(ROOT / "bench")
    shell = ["bash", "-euo", "pipefail", "-c", command]
    done = subprocess.run(shell, cwd=tmp_path, env=dict(environment), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert len(fhir.versions) == (0 if "--dry-run" in command else 20 if "made_up" in command else 1)


def test_page_has_its_commands() -> None:
    assert len(COMMANDS) == 4
