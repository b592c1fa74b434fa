"""What stands on a printed letter around its text, and what becomes of a print that does not end."""

import asyncio
import signal
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from common.middleware import DEADLINE_SECONDS
from letters import printer
from letters.errors import PrinterUnavailable
from letters.letter import Author, PatientIdentity, Status, StoredLetter
from letters.printer import Printer
from letters.settings import Settings
from pydantic import ValidationError

SENT = datetime(2026, 5, 14, 23, 30, tzinfo=UTC)  # half past midnight in London
AMENDED = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
ROSA = PatientIdentity(name="Mrs Rosa Ann Hartley", birth_date=date(1951, 2, 3), nhs_number="9434765919")
SECRET = "q-letters-tests-" + "s" * 32


def settings(**chosen: str) -> Settings:
    urls = {f"{name}_url": "http://127.0.0.1:1" for name in ("auth", "patients", "letters", "notify", "ehrbase")}
    texts: dict[str, Any] = {
        **{"mode": "demo", "public_origin": "https://letters.example", "database_url": "postgresql://x/y"},
        **{"nats_url": "nats://x", "nats_user": "letters", "nats_password": SECRET, "pseudonym_key": SECRET},
        **{"ehrbase_user": "quill", "ehrbase_password": SECRET, "ehrbase_system_id": "x"},
    }
    return Settings(**(texts | urls | chosen))


def letter(*, version: int = 1, body: str = "Dear Dr Hale", title: str = "Review") -> StoredLetter:
    return StoredLetter(
        uid=UUID(int=1),
        version=version,
        title=title,
        letter_type="discharge",
        author=Author(id=UUID(int=2), name="Dr Ines Varga"),
        sent_at=SENT,
        amended_at=AMENDED if version > 1 else None,
        body=body,
        sections={"plan": "Review"},
        status="final" if version == 1 else "amended",
    )


def sheet(written: StoredLetter, patient: PatientIdentity = ROSA, **chosen: str) -> dict[str, Any]:
    return Printer(settings(**chosen)).sheet_of(written, patient, written)


def test_letter_is_dated_by_the_days_of_its_zone_as_people_write_them() -> None:
    assert sheet(letter())["date"] == "15 May 2026"
    assert sheet(letter(), letterhead_time_zone="UTC")["date"] == "14 May 2026"


def test_patient_is_named_with_the_nhs_number_in_its_groups() -> None:
    assert sheet(letter())["patient"] == {
        "name": "Mrs Rosa Ann Hartley",
        "short_name": "Mrs Rosa Ann Hartley",
        "birth_date": "3 February 1951",
        "nhs_number": "943\u00a0476\u00a05919",
    }


def test_what_is_not_known_of_a_patient_is_said() -> None:
    nobody = sheet(letter(), PatientIdentity(name="", birth_date=None, nhs_number=None))["patient"]
    assert set(nobody.values()) == {"Name not recorded", "not recorded"}


def test_name_that_has_no_room_above_the_text_is_whole_on_the_first_page() -> None:
    name = "Rosa " * 100
    named = sheet(letter(), PatientIdentity(name=name, birth_date=None, nhs_number=None))["patient"]
    assert (named["name"], named["short_name"]) == (name, name[:60] + "…")


def test_amended_letter_says_so_and_which_version_it_is() -> None:
    first, second = sheet(letter()), sheet(letter(version=2))
    assert (first["notice"], first["version"]) == ("", "Version 1")
    assert second["notice"].startswith("Amended on 3 November 2026.")
    assert (second["version"], second["date"]) == ("Version 2", "15 May 2026")


@pytest.mark.parametrize(
    ("status", "notice"), [("amended", "Replaced by version 3 on 3 November 2026."), ("withdrawn", "Withdrawn on 3 ")]
)
def test_older_version_says_what_has_become_of_it(status: Status, notice: str) -> None:
    for old in (letter(), letter(version=2)):
        shown = Printer(settings()).sheet_of(old, ROSA, replace(letter(version=3), status=status))
        assert shown["notice"].startswith(notice)
        assert (shown["withdrawn"], shown["version"]) == (status == "withdrawn", f"Version {old.version}")


def test_letterhead_can_be_without_lines_and_footer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUILL_LETTERHEAD_LINES", "")
    monkeypatch.setenv("QUILL_LETTERHEAD_FOOTER", "")
    assert (settings().letterhead_lines, settings().letterhead_footer) == ("", "")


def test_letterhead_is_that_of_the_settings() -> None:
    chosen = {"letterhead_name": "Northgate", "letterhead_lines": "1 Road | NG1", "letterhead_footer": "Private"}
    assert sheet(letter(), ROSA, **chosen)["letterhead"] == {
        "name": "Northgate",
        "lines": ["1 Road", "NG1"],
        "footer": "Private",
    }


@pytest.mark.parametrize(
    "chosen",
    [
        {"letterhead_time_zone": "Mars/Olympus"},
        {"letterhead_time_zone": "../etc/passwd"},
        {"letterhead_name": ""},
        {"letterhead_lines": "|".join("1234567")},
        {"mode": "production"},
    ],
)
def test_start_is_refused_with_a_letterhead_that_cannot_be(chosen: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"(?i)letterhead"):
        settings(**chosen)


def print_one(written: StoredLetter) -> bytes:
    return asyncio.run(Printer(settings()).print(written, ROSA, newest=written))


def test_letter_is_printed() -> None:
    assert print_one(letter()).startswith(b"%PDF-1.7")


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """Those that are started from now on."""
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def noting(*argv: str, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*argv, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noting)
    return started


type Processes = list[asyncio.subprocess.Process]


def test_print_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, processes: Processes) -> None:
    monkeypatch.setattr(printer, "PRINT_SECONDS", 1.0)
    with pytest.raises(PrinterUnavailable):
        print_one(letter(body="a\n" * 50_000))
    assert [process.returncode for process in processes] == [-signal.SIGKILL]


def print_all(*letters: StoredLetter) -> list[bytes]:
    async def all_of() -> list[bytes]:
        return [pdf async for pdf in Printer(settings()).print_all(letters, ROSA) if pdf is not None]

    return asyncio.run(all_of())


def test_letters_that_are_printed_together_are_those_that_are_printed_alone(processes: Processes) -> None:
    letters = [letter(title=f"Review {number}") for number in range(5)]
    together = print_all(*letters)
    assert len(processes) == 1
    assert together == [print_one(one) for one in letters]
    assert print_all() == []


def test_long_letters_are_printed_apart(processes: Processes) -> None:
    long = letter(body="Dear Dr Hale " * 4000)
    assert len(print_all(letter(), letter(), long, long, long, letter())) == 6
    assert len(processes) == 3


def test_long_letters_are_handed_over_one_by_one(processes: Processes) -> None:
    async def started() -> list[int]:
        prints = Printer(settings()).print_all([letter(body="Dear Dr Hale " * 4000)] * 2, ROSA)
        return [len(processes) async for _ in prints]

    assert asyncio.run(started()) == [1, 2]


def test_letter_that_cannot_be_set_costs_no_other_its_print(processes: Processes) -> None:
    number: Any = 7
    unprintable = replace(letter(), author=Author.model_construct(id=UUID(int=2), name=number))
    first, second, third = print_all(letter(), unprintable, letter())
    assert (first, second, third) == (print_one(letter()), b"", first)
    with pytest.raises(PrinterUnavailable):
        print_one(unprintable)


def test_letter_whose_print_fails_costs_no_other_its_print(processes: Processes) -> None:
    text: Any = 7
    failing = letter(body=text)  # the process ends, as at its bounds
    good = print_one(letter())
    del processes[:]
    assert print_all(letter(), failing, letter()) == [good, b"", good]
    assert [process.returncode for process in processes] == [1, 0, 1, 0]


def test_letters_that_take_too_long_are_left_out_with_a_sign_before_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printer, "PRINT_SECONDS", 0.01)

    async def all_of() -> list[bytes | None]:
        return [pdf async for pdf in Printer(settings()).print_all([letter(), letter()], ROSA)]

    assert asyncio.run(all_of()) == [None, b"", b""]


def test_export_waits_for_its_turn_and_says_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printer, "TURN_SECONDS", 0.01)

    async def beside_others() -> list[bytes | None]:
        shared, long = Printer(settings()), letter(body="word " * 20_000)
        others = [asyncio.create_task(shared.print(long, ROSA, newest=long)) for _ in range(printer.AT_ONCE)]
        await asyncio.sleep(0)
        printed = [pdf async for pdf in shared.print_all([letter()], ROSA)]
        await asyncio.gather(*others)
        return printed

    *signs, pdf = asyncio.run(beside_others())
    assert set(signs) == {None}
    assert pdf == print_one(letter())


def test_a_wait_and_a_print_together_are_less_than_an_answer_may_stand_still() -> None:
    assert printer.TURN_SECONDS + printer.PRINT_SECONDS < DEADLINE_SECONDS


def test_print_that_fails_is_refused_without_a_word_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printer, "ROLE", 7)
    with pytest.raises(PrinterUnavailable) as refused:
        print_one(letter(body="secret"))
    assert (refused.value.status, refused.value.retry_after) == (503, 5)
    assert "secret" not in str(refused.value)


def test_event_loop_goes_on_while_a_letter_is_printed() -> None:
    async def run() -> int:
        long = letter(body="word " * 20_000)
        task = asyncio.create_task(Printer(settings()).print(long, ROSA, newest=long))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert (await task).startswith(b"%PDF")
        return turns

    assert asyncio.run(run()) > 10
