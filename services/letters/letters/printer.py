"""Prints letters: what stands on the paper around the text, and the process apart in which `pdf` sets it."""

import asyncio
import io
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from common.logging import get_logger

from letters.composition import TYPE_CODES
from letters.errors import PrinterUnavailable
from letters.letter import HEADINGS, PatientIdentity, StoredLetter
from letters.pdf import LENGTH
from letters.settings import Settings

log = get_logger(__name__)

PRINT_SECONDS = 6.0  # for each letter; a page takes a fifth of one, less after another; the longest letters three
AT_ONCE = 2
TOGETHER_BYTES = 64 * 1024  # what several letters may say in one process: together less than the longest one
LONGEST_NAME_ABOVE_TEXT = 60
ROLE = "Clinician"  # nobody else writes letters
NOT_RECORDED = "not recorded"


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

    async def print(self, letter: StoredLetter, patient: PatientIdentity) -> bytes:
        """The letter as a tagged PDF.

        Args:
            letter: one version of it.
            patient: whom it is about, named on every page.

        Raises:
            PrinterUnavailable: not in time, or not at all.
        """
        return (await self.print_all([letter], patient))[0]

    async def print_all(self, letters: Sequence[StoredLetter], patient: PatientIdentity) -> list[bytes]:
        """Letters of one patient in their order: short ones in one process, since its start is most of what one costs.

        Raises:
            PrinterUnavailable: one of them not in time, or not at all.
        """
        pdfs = list[bytes]()
        try:
            for sheets in runs_of([json.dumps(self.sheet_of(letter, patient)).encode() for letter in letters]):
                async with asyncio.timeout(PRINT_SECONDS * len(sheets)), self._free:
                    pdfs += await _set(sheets)
        except TimeoutError as error:
            log.warning("letters took too long to print", number=len(letters))
            raise PrinterUnavailable from error
        return pdfs

    def sheet_of(self, letter: StoredLetter, patient: PatientIdentity) -> dict[str, Any]:
        """All that is on the paper, in the words that are on it."""
        changed_at = letter.amended_at or letter.sent_at
        sent, changed = (_written(time.astimezone(self._zone)) for time in (letter.sent_at, changed_at))
        notices = {
            "final": "",
            "amended": f"Amended on {changed}. This replaces what was sent before.",
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
            "notice": notices[letter.status],
            "withdrawn": letter.status == "withdrawn",
            "version": f"Version {letter.version}",
            "body": letter.body,
            "sections": [(HEADINGS[name], text) for name, text in letter.sections.items()],
            "timestamp": int(changed_at.timestamp()),
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
    return list(_parts(io.BytesIO(printed)))


def _parts(printed: io.BytesIO) -> Iterator[bytes]:
    while length := printed.read(LENGTH.size):
        yield printed.read(*LENGTH.unpack(length))
