"""Prints letters: what stands on the paper around the text, and the process apart in which `pdf` sets it."""

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from common.logging import get_logger

from letters.composition import TYPE_CODES
from letters.errors import PrinterUnavailable
from letters.letter import HEADINGS, LetterHead, PatientIdentity, StoredLetter
from letters.settings import Settings

log = get_logger(__name__)

# For all that one process sets. A page takes a fifth of a second, and less after another; the longest letters, or
# several short ones, three. With the wait for a turn it is less than an answer may stand still.
PRINT_SECONDS = 6.0
TURN_SECONDS = 2.5
AT_ONCE = 2
TOGETHER_BYTES = 64 * 1024  # what several letters may say in one process: together less than the longest one
LONGEST_NAME_ABOVE_TEXT = 60
ROLE = "Clinician"  # nobody else writes letters
NOT_RECORDED = "not recorded"
LENGTH_BYTES = 8  # before each PDF; `pdf` has it too, and what it needs is not to be loaded here


class Printer:
    """Sets letters, a few at a time."""

    def __init__(self, settings: Settings) -> None:
        self._letterhead = {
            "name": settings.letterhead_name,
            "lines": [line.strip() for line in settings.letterhead_lines.split("|")],
            "footer": settings.letterhead_footer,
        }
        self._zone = settings.letterhead_time_zone
        self._free = asyncio.Semaphore(AT_ONCE)

    async def print(self, letter: StoredLetter, patient: PatientIdentity, *, newest: LetterHead) -> bytes:
        """The letter as a tagged PDF.

        Args:
            letter: one version of it.
            patient: whom it is about, named on every page.
            newest: its version that is valid now, or was withdrawn.

        Raises:
            PrinterUnavailable: not in time, or not at all.
        """
        async with _in_time(), self._free:
            (pdf,) = await _set([self._sheet(letter, patient, newest)])
        if not pdf:
            raise PrinterUnavailable
        return pdf

    async def print_all(self, letters: Iterable[StoredLetter], patient: PatientIdentity) -> AsyncIterator[bytes | None]:
        """Letters of one patient as PDF in their order, some at a time; empty for one that cannot be set, and None now
        and then before the next, as a sign that it goes on.

        Short ones are set in one process, since its start is most of what one costs; each alone where that fails.
        """
        for run in runs_of([self._sheet(letter, patient, letter) for letter in letters]):
            async for pdf in self._print_run(run):
                yield pdf

    async def _print_run(self, run: Sequence[bytes]) -> AsyncIterator[bytes | None]:
        try:
            while (pdfs := await self._print_in_turn(run)) is None:
                yield None
        except PrinterUnavailable:
            if len(run) == 1:
                yield b""
                return
            yield None
            for sheet in run:
                async for pdf in self._print_run([sheet]):
                    yield pdf
        else:
            for pdf in pdfs:
                yield pdf

    async def _print_in_turn(self, sheets: Sequence[bytes]) -> list[bytes] | None:
        """None: others print for so long that the turn has not come yet."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            return None
        try:
            async with _in_time():
                return await _set(sheets)
        finally:
            self._free.release()

    def _sheet(self, letter: StoredLetter, patient: PatientIdentity, newest: LetterHead) -> bytes:
        return json.dumps(self.sheet_of(letter, patient, newest)).encode()

    def sheet_of(self, letter: StoredLetter, patient: PatientIdentity, newest: LetterHead) -> dict[str, Any]:
        """All that is on the paper, in the words that are on it."""
        sent, changed = (_written(time.astimezone(self._zone)) for time in (letter.sent_at, newest.changed_at))
        notices = {
            "final": "",
            "amended": f"Amended on {changed}. This replaces what was sent before."
            if letter.version == newest.version
            else f"Replaced by version {newest.version} on {changed}.",
            "withdrawn": f"Withdrawn on {changed}. It is kept for the record only: do not act on it.",
        }
        return {
            "letterhead": self._letterhead,
            "patient": _named(patient),
            "kind": TYPE_CODES[letter.letter_type][1],
            "title": letter.title,
            "date": sent,
            "author": letter.author.name,
            "role": ROLE,
            "notice": notices[newest.status],
            "withdrawn": newest.status == "withdrawn",
            "version": f"Version {letter.version}",
            "body": letter.body,
            "sections": [(HEADINGS[name], text) for name, text in letter.sections.items()],
            "timestamp": int(letter.changed_at.timestamp()),
        }


def _named(patient: PatientIdentity) -> dict[str, str]:
    name, number = patient.name or f"Name {NOT_RECORDED}", patient.nhs_number
    return {
        "name": name,
        "short_name": name if len(name) <= LONGEST_NAME_ABOVE_TEXT else f"{name[:LONGEST_NAME_ABOVE_TEXT]}…",
        "birth_date": _written(patient.birth_date) if patient.birth_date else NOT_RECORDED,
        "nhs_number": f"{number[:3]}\u00a0{number[3:6]}\u00a0{number[6:]}" if number else NOT_RECORDED,
    }


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def runs_of(sheets: Sequence[bytes]) -> Iterator[list[bytes]]:
    """As they are set together, in their order: not too much for one process."""
    run = list[bytes]()
    for sheet in sheets:
        if run and len(sheet) + sum(map(len, run)) > TOGETHER_BYTES:
            yield run
            run = []
        run.append(sheet)
    if run:
        yield run


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PRINT_SECONDS):
            yield
    except TimeoutError as error:
        log.warning("a print took too long")
        raise PrinterUnavailable from error


async def _set(sheets: Sequence[bytes]) -> list[bytes]:
    # Apart from the service: it can be ended, has its own bounds, no secrets in its environment, and may crash.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "letters.pdf"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it would quote letters
        env={},
        cwd="/",
    )
    try:
        printed, _ = await process.communicate(b"\n".join(sheets))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        log.error("letters could not be printed", number=len(sheets), status=process.returncode)
        raise PrinterUnavailable
    reader = io.BytesIO(printed)
    pdfs = [reader.read(int.from_bytes(reader.read(LENGTH_BYTES))) for _ in sheets]
    if not all(pdfs):
        log.error("letters cannot be set", number=pdfs.count(b""))
    return pdfs
