"""What an import tells: refused rows as they are met, how far it is, and the sum. Places and reasons, never values."""

import sys
from collections import Counter

import typer
from common import clock

from patients.importing.sources import Refused, Sources

_PLAIN_SECONDS, _TERMINAL_SECONDS = 10.0, 0.5


class Report:
    """Refused rows and the sum go to standard output, progress to standard error."""

    def __init__(self, sources: Sources, *, dry_run: bool) -> None:
        self.imported = self.present = self.refused = 0
        self.dropped: Counter[str] = Counter()
        self._sources, self._verb = sources, "would be imported" if dry_run else "imported"
        self._terminal = sys.stderr.isatty()
        self._told, self._told_at = 0, clock.monotonic()

    @property
    def handled(self) -> int:
        """Rows whose fate is known."""
        return self.imported + self.present + self.refused

    def refuse(self, place: str, refusal: Refused) -> None:
        """Tell a row that cannot be taken, on a line for each reason: where, FHIRPath, why."""
        self.refused += 1
        self._clear()
        for path, reason in refusal.problems:
            # A file's name need not be UTF-8, and would stop the import here.
            typer.echo(f"{place}\t{path or '-'}\t{reason}".encode(errors="replace").decode())

    def progress(self, *, waiting_for: str = "") -> None:
        """Tell how far it is, if it is time to, and why nothing happens, if nothing does."""
        passed = clock.monotonic() - self._told_at
        if passed < (_TERMINAL_SECONDS if self._terminal else _PLAIN_SECONDS):
            return
        rate, expected = (self.handled - self._told) / passed, self._sources.expected
        to_go = "" if expected is None else f", about {max(0, expected - self.handled):,.0f} to go"
        why = f"; waiting: {waiting_for}" if waiting_for else ""
        self._clear()
        typer.echo(f"{self._sum}, {rate:,.0f} rows/s{to_go}{why}", err=True, nl=not self._terminal)
        self._told, self._told_at = self.handled, clock.monotonic()

    def close(self) -> None:
        """Tell the sum."""
        self._clear()
        typer.echo(self._sum)
        if self._sources.others:
            typer.echo(f"resources of other types, skipped: {self._sources.others:,}")
        for kind, number in sorted(self.dropped.items()):
            typer.echo(f"left out of patients: {kind} {number:,}")

    @property
    def _sum(self) -> str:
        return f"{self._verb} {self.imported:,}, there already {self.present:,}, refused {self.refused:,}"

    def _clear(self) -> None:
        if self._terminal:
            typer.echo("\r\x1b[K", err=True, nl=False)
