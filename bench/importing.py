"""Measures `quill import patients` against the running fleet: `python bench/importing.py 100000`.

Prints a Markdown table. The patients stay; another `--seed` makes others.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from made_up_patients import patients

QUILL = Path(sys.executable).with_name("quill")
SOURCE = "https://made-up.example.org/fhir"


def import_file(file: Path, *options: str) -> tuple[float, str]:
    """Seconds that an import took, and what it said last. Refused rows are told as they come."""
    command = [str(QUILL), "import", "patients", "--source", SOURCE, *options, str(file)]
    began = time.monotonic()
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if run.returncode != 0:
        sys.exit(f"the import ended with {run.returncode}: {run.stdout}")
    return time.monotonic() - began, run.stdout.splitlines()[-1]


def main(
    number: Annotated[int, typer.Argument(min=1, max=900_000, help="How many patients")] = 1000,
    seed: Annotated[int, typer.Option(help="Another seed makes other people")] = 1,
    at_once: Annotated[int, typer.Option(help="Patients under way at the same time")] = 8,
) -> None:
    """Import made-up patients, then the same file again."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "patients.ndjson")
        file.write_text("".join(f"{json.dumps(patient)}\n" for patient in patients(number, seed=seed)))
        sys.stdout.write("| Run | Seen | Seconds | Patients/s |\n|---|---|---|---|\n")
        for name in ("first", "again"):
            seconds, said = import_file(file, "--at-once", str(at_once))
            sys.stdout.write(f"| {name} | {said} | {seconds:.1f} | {number / seconds:,.0f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
