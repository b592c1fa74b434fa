"""What an import tells while it runs."""

import io
import json
import os
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from patients.importing.report import Report
from patients.importing.sources import Refused, Sources
from patients_house import patient


def half_read(tmp_path: Path) -> Sources:
    file = tmp_path / "patients.ndjson"
    file.write_text("\n".join(json.dumps(patient(id=f"{place:04d}")) for place in range(4000)))
    sources = Sources([file])
    list(islice(sources.rows(), 2000))
    return sources


def test_progress_is_a_plain_line_every_ten_seconds_where_nobody_watches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], move_clock: Callable[[float], None]
) -> None:
    report = Report(half_read(tmp_path), dry_run=False)
    report.imported, report.present = 1200, 300
    report.refuse("patients.ndjson:7", Refused(("Patient.gender", "why"), ("", "also")))
    report.progress()
    assert capsys.readouterr() == ("patients.ndjson:7\tPatient.gender\twhy\npatients.ndjson:7\t-\talso\n", "")
    move_clock(10)
    report.progress()
    report.progress()
    line = "imported 1,200, there already 300, refused 1, 150 rows/s, about 2,499 to go\n"
    assert capsys.readouterr() == ("", line)
    move_clock(20)
    report.progress(waiting_for="reasons")
    assert capsys.readouterr().err == f"{line.strip().replace('150 rows', '0 rows')}; waiting: reasons\n"


def test_name_of_a_file_that_is_no_utf_8_does_not_stop_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(Sources([tmp_path]), dry_run=False)
    report.refuse(os.fsdecode(b"Ren\xe9.ndjson:1"), Refused(("Patient.gender", "why")))
    assert capsys.readouterr().out == "Ren?.ndjson:1\tPatient.gender\twhy\n"


def test_progress_stays_on_one_line_of_a_terminal_and_leaves_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, move_clock: Callable[[float], None]
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    report = Report(half_read(tmp_path), dry_run=True)
    move_clock(1)
    report.progress()
    move_clock(2)
    report.progress()
    report.close()
    first, *others = terminal.getvalue().split("\r\x1b[K")
    assert (first, others[-1]) == ("", "")
    assert [line.startswith("would be imported 0") for line in others[:-1]] == [True, True]
    assert "\n" not in terminal.getvalue()
