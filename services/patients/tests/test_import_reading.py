"""Which patients are found in which files, and where a report says they are."""

import io
import json
import sys
from pathlib import Path

import pytest
from import_house import bundle
from patients.importing.sources import LONGEST_LINE, STANDARD_INPUT, Json, Refused, Row, Sources
from patients_house import patient

NURSE: Json = {"resourceType": "Practitioner", "id": "n"}


def rows_of(*paths: Path) -> tuple[list[Row], Sources]:
    sources = Sources(paths)
    return list(sources.rows()), sources


def reasons(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row.place, row.resource.problems[0][1]) for row in rows if isinstance(row.resource, Refused)]


def write(path: Path, *lines: Json | str) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


@pytest.mark.parametrize("kind", ["transaction", "collection", "searchset", "batch"])
def test_bundle_gives_its_patients_with_the_numbers_of_their_entries(tmp_path: Path, kind: str) -> None:
    ada, bem = patient("Ada", id="a"), patient("Bem", id="b")
    file = write(tmp_path / "bundle.json", bundle(NURSE, ada, NURSE, bem, kind=kind))
    rows, sources = rows_of(file)
    assert rows == [Row(f"{file}:2", ada, "a"), Row(f"{file}:4", bem, "b")]
    assert sources.others == 2
    assert sources.expected == pytest.approx(2)


@pytest.mark.parametrize("kind", ["history", "message", "document", "transaction-response", None])
def test_bundle_that_does_not_say_which_patients_there_are_is_refused(tmp_path: Path, kind: str | None) -> None:
    rows, sources = rows_of(write(tmp_path / "bundle.json", {**bundle(patient()), "type": kind}))
    assert [place for place, _ in reasons(rows)] == [str(tmp_path / "bundle.json")]
    assert sources.read == sources.size


def test_entries_without_a_resource_are_not_patients(tmp_path: Path) -> None:
    entries = [{"request": {"method": "DELETE", "url": "Patient/1"}}, {"resource": None}, 1]
    file = write(tmp_path / "b.json", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    rows, sources = rows_of(file)
    assert (rows, sources.others) == ([], 3)


def test_single_resource_is_read(tmp_path: Path) -> None:
    ada = patient("Ada", id="a")
    assert rows_of(write(tmp_path / "one.json", ada))[0] == [Row(str(tmp_path / "one.json"), ada)]
    assert rows_of(write(tmp_path / "two.json", NURSE))[1].others == 1


def test_lines_are_read_with_their_numbers_and_empty_ones_counted(tmp_path: Path) -> None:
    ada, bem = patient("Ada", id="a"), patient("Bem", id="b")
    file = write(tmp_path / "some.ndjson", ada, "", NURSE, bem)
    rows, sources = rows_of(file)
    assert rows == [Row(f"{file}:1", ada), Row(f"{file}:4", bem)]
    assert (sources.others, sources.expected) == (1, 2)


def test_number_of_patients_is_foreseen_from_what_was_read(tmp_path: Path) -> None:
    sources = Sources([write(tmp_path / "some.ndjson", *(patient(id=f"{place:03d}") for place in range(100)))])
    rows = sources.rows()
    for _ in range(10):
        next(rows)
    assert sources.expected == pytest.approx(100, rel=0.01)


def test_standard_input_is_read_as_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = patient("Ada", id="a")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(ada).encode())))
    rows, sources = rows_of(STANDARD_INPUT)
    assert rows == [Row("-:1", ada)]
    assert sources.expected is None


def test_files_of_a_folder_are_told_by_number_since_their_names_can_tell_who_it_is(tmp_path: Path) -> None:
    write(tmp_path / "Zoe.json", bundle(patient(id="z")))
    write(tmp_path / "Ada.ndjson", patient(id="a"))
    write(tmp_path / "notes.txt", "nothing")
    rows, _ = rows_of(tmp_path)
    assert [row.place for row in rows] == [f"{tmp_path}#1:1", f"{tmp_path}#2:1"]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "1", '"Okafor"', '{"resourceType": "Patient", "id": "1", "id": "2"}', '{"a": NaN}', '{"a": "\\u0000"}'],
)
def test_line_that_is_no_resource_is_refused_and_the_next_is_read(tmp_path: Path, line: str) -> None:
    rows, _ = rows_of(write(tmp_path / "some.ndjson", line, patient(id="a")))
    assert [place for place, _ in reasons(rows)] == [f"{tmp_path}/some.ndjson:1"]
    assert [row.place for row in rows] == [f"{tmp_path}/some.ndjson:1", f"{tmp_path}/some.ndjson:2"]


def test_line_that_never_ends_is_refused_without_keeping_it_whole(tmp_path: Path) -> None:
    long = json.dumps(patient("A" * 3 * LONGEST_LINE, id="a"))
    rows, _ = rows_of(write(tmp_path / "some.ndjson", long, patient(id="b")))
    assert len(reasons(rows)) == 1
    assert [row.place for row in rows] == [f"{tmp_path}/some.ndjson:1", f"{tmp_path}/some.ndjson:2"]


def test_text_that_json_allows_and_we_do_not_is_found_in_bundles_too(tmp_path: Path) -> None:
    rows, _ = rows_of(write(tmp_path / "b.json", bundle(patient(id="a"), patient("A\0da", id="b"))))
    assert [place for place, _ in reasons(rows)] == [f"{tmp_path}/b.json:2"]


def test_bundle_that_says_one_thing_twice_is_refused(tmp_path: Path) -> None:
    text = json.dumps(bundle(patient(id="a"))).replace('"gender"', '"gender": "male", "gender"')
    assert [place for place, _ in reasons(rows_of(write(tmp_path / "b.json", text))[0])] == [f"{tmp_path}/b.json"]


def test_file_that_cannot_be_read_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    rows, _ = rows_of(Path("/proc/self/mem"), write(tmp_path / "one.json", patient(id="a")))
    assert reasons(rows) == [("/proc/self/mem", "cannot be read")]
    assert len(rows) == 2


def test_file_of_lines_with_another_name_is_refused_with_the_cure(tmp_path: Path) -> None:
    rows, _ = rows_of(write(tmp_path / "some.json", patient(id="a"), patient(id="b")))
    assert ".ndjson" in reasons(rows)[0][1]
