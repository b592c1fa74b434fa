"""Measures `quill import patients` on a fleet of its own: `python bench/importing.py 100000`.

What its FHIR server takes alone; the import, killed with -9 in the middle, started again, and once more; what that cost
each process; and whether all are there then, and none twice. Ends with 1 when somebody is missing or is twice.
"""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import psycopg
import typer
from fhir_alone import Json, measure_server
from imported import Stores, ids_of
from made_up_patients import patients
from measuring import Running
from native.errors import LaunchError
from native.home import Home
from native.settings import read_settings
from own_fleet import clean_fleet, folder, processor_seconds

QUILL = Path(sys.executable).with_name("quill")
SOURCE = "https://made-up.example.org/fhir"


def tell(*cells: str) -> None:
    """A row of a Markdown table."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Bench:
    """A fleet, and the patients who are imported into it."""

    fleet: Running
    people: list[Json]
    at_once: int

    @property
    def stores(self) -> Stores:
        return Stores(self.fleet)

    def tell_server_alone(self, number: int, *, seed: int) -> None:
        """What the FHIR server takes by itself."""
        url, here = self.fleet.processes["fhir"]["url"], self.stores.announced()
        for way, seconds in asyncio.run(measure_server(url, number, seed=seed)).items() if number else ():
            name = f"FHIR server alone, with {here:,} patients in it: {way}"
            tell(name, f"{number:,}", f"{seconds:.1f}", f"{number / seconds:,.0f}")

    def run(self, file: Path) -> None:
        """The import: killed, started again, started once more."""
        began = time.monotonic()
        killed_at = self._import_until_half(file)
        seconds = time.monotonic() - began
        tell("import, ended with kill -9", f"{killed_at:,}", f"{seconds:.1f}", f"{killed_at / seconds:,.0f}")
        for name in ("started again", "once more"):
            before, said, seconds = self.stores.announced(), *self._import(file)
            new = self.stores.announced() - before
            tell(f"{name}: {said}", f"{new:,}", f"{seconds:.1f}", f"{new / seconds:,.0f}")

    def _import_until_half(self, file: Path) -> int:
        """Kill an import once half of its patients were announced; how many were then."""
        before = self.stores.announced()
        with self._started(file) as process:
            while (now := self.stores.announced() - before) < len(self.people) / 2:
                if process.poll() is not None:
                    raise LaunchError(f"the import ended with {process.returncode} before it could be killed")
                time.sleep(max(0.05, len(self.people) / 100_000))  # looking takes longer, the more there are
            process.send_signal(signal.SIGKILL)
        return now

    def _import(self, file: Path) -> tuple[str, float]:
        """The sum that an import told, and its seconds."""
        began = time.monotonic()
        with self._started(file) as process:
            told, _ = process.communicate()
        if process.returncode != 0:
            raise LaunchError(f"the import ended with {process.returncode}: {told[-500:]}")
        return told.splitlines()[0], time.monotonic() - began

    @contextmanager
    def _started(self, file: Path) -> Iterator[subprocess.Popen[str]]:
        command = [str(QUILL), "import", "patients", "--source", SOURCE, "--at-once", str(self.at_once), str(file)]
        environment = os.environ | {"QUILL_HOME": str(self.fleet.home.root)}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603
        with process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise

    def tell_followers(self) -> None:
        """How much longer those take who follow events: the EHRs, the audit trail."""
        began = time.monotonic()
        done = self.stores.wait_for_followers(list(ids_of(self.people, source=SOURCE)))
        seconds = time.monotonic() - began
        tell("EHRs and audit trail complete" if done else "EHRs and audit trail stopped", "", f"{seconds:.1f}", "")

    def tell_costs(self, before: Mapping[str, float], after: Mapping[str, float]) -> None:
        """What an imported patient took of the processor, by process."""
        sys.stdout.write("\n| Process | Milliseconds of one core for each patient |\n|---|---|\n")
        spent = {name: now - before.get(name, 0.0) for name, now in after.items()}
        for name, seconds in sorted(spent.items(), key=lambda one: -one[1]):
            tell(name, f"{1000 * seconds / len(self.people):.1f}")
        tell("all", f"{1000 * sum(spent.values()) / len(self.people):.1f}")

    def faults(self) -> list[str]:
        """Who is missing, or is twice."""
        return list(self.stores.faults(ids_of(self.people, source=SOURCE)))


def costs(fleet: Running) -> dict[str, float]:
    """Processor seconds of the fleet's processes, and of the imports that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {**processor_seconds(fleet), "quill import": ended.ru_utime + ended.ru_stime}


def measure(bench: Bench, *, alone: int, seed: int) -> list[str]:
    """Everything, in its order; what was wrong."""
    sys.stdout.write("| Run | Patients | Seconds | Patients/s |\n|---|---|---|---|\n")
    bench.tell_server_alone(alone, seed=seed)
    before = costs(bench.fleet)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "patients.ndjson")
        file.write_text("".join(f"{json.dumps(patient)}\n" for patient in bench.people))
        bench.run(file)
    bench.tell_followers()
    after = costs(bench.fleet)
    bench.tell_server_alone(alone, seed=seed + 1)
    bench.tell_costs(before, after)
    return bench.faults()


@contextmanager
def chosen_fleet(*, running: bool) -> Iterator[Running]:
    """The fleet that is measured."""
    if running:
        yield Running(Home(read_settings(os.environ).home))
        return
    with folder() as fresh, clean_fleet(fresh / "home", DEMO="0") as fleet:
        yield fleet


def main(
    number: Annotated[int, typer.Argument(min=100, max=500_000, help="How many patients")] = 1000,
    seed: Annotated[int, typer.Option(help="Another seed makes other people")] = 1,
    at_once: Annotated[int, typer.Option(help="Groups of patients under way at the same time")] = 4,
    alone: Annotated[int, typer.Option(help="How many to write to the FHIR server alone, for comparison")] = 2000,
    running: Annotated[bool, typer.Option("--running", help="Use the fleet that runs; the patients stay")] = False,
) -> None:
    """Import made-up patients, kill the import in the middle, and look for each of them afterwards."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a fleet of its own is stopped, as after Ctrl-C
    with chosen_fleet(running=running) as fleet:
        if "fhir" not in fleet.processes:
            raise LaunchError("no fleet runs: make run")
        faults = measure(Bench(fleet, list(patients(number, seed=seed)), at_once), alone=alone, seed=seed)
    sys.stdout.write("\n" + "".join(f"{fault}\n" for fault in faults or [f"All {number:,} are there, none twice."]))
    raise typer.Exit(1 if faults else 0)


if __name__ == "__main__":
    try:
        typer.run(main)
    except (LaunchError, httpx.HTTPError, psycopg.Error) as error:
        sys.exit(f"importing: {error or type(error).__name__}")
