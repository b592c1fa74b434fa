"""The suite's teeth: each fault is planted in the running services, and the cases that it names must turn red, by an
assertion of theirs. A fault that no case sees is a hole in the suite."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from signal import SIGUSR1
from xml.etree import ElementTree

import pytest
from e2e.client import eventually
from fleet import Fleet
from native.home import write_text

from attack.fault import Fault
from attack.faults import FAULTS
from attack.people import Cast, ask_every_replica
from attack.planting import FAULT, planted_file

TESTS = Path(__file__).parents[1]
AT_LEAST = 12
# All of them take some minutes; what is not asked for in full is a sample, another one under another seed.
SAMPLE, SEED = 14, int(os.environ.get("QUILL_SEED", "1"))
PLANTED = sorted(FAULTS)
if os.environ.get("QUILL_TEETH") != "all":
    PLANTED = Random(SEED).sample(PLANTED, SAMPLE)  # noqa: S311
# A service that has not heard the revocations for a moment asks auth, which then sees what the fault lets pass.
TRIES = 3
PLUGINS = ("-p", "pytest_timeout", "-p", "anyio.pytest_plugin", "-p", "no:cacheprovider")

pytestmark = [
    pytest.mark.skipif(os.environ.get("QUILL_ATTACK_REPLICAS") == "1", reason="some faults take two replicas to show"),
    pytest.mark.timeout(0),
]


@contextmanager
def planted(fleet: Fleet, name: str) -> Iterator[None]:
    """Have the services of a fault live with it, and without it afterwards."""
    write_text(fleet.home / FAULT, name)
    renew(fleet, FAULTS[name], name)
    try:
        yield
    finally:
        (fleet.home / FAULT).unlink()
        renew(fleet, FAULTS[name], "")


def renew(fleet: Fleet, fault: Fault, name: str) -> None:
    """Wait until every process of the fault's services has what is to be planted."""
    processes = fleet.replicas(*fault.services)
    if fault.at_start:
        fleet.restart(*processes)
    for process in processes:
        fleet.kill(process, SIGUSR1)
        file = planted_file(fleet.home, fleet.processes[process]["pid"])
        eventually(lambda file=file: file.exists() and file.read_text() == name)  # type: ignore[misc]


def run(fleet: Fleet, cases: Sequence[str], report: Path) -> list[ElementTree.Element]:
    """Play cases against the fleet as it is now; what pytest reports of each."""
    selected = [f"{TESTS}/{case}" for case in cases]
    command = [sys.executable, "-m", "pytest", "-q", *PLUGINS, f"--junitxml={report}", *selected]
    here = {"QUILL_ATTACK_HOME": str(fleet.home), "QUILL_TEST_HOME": str(fleet.home)}
    here["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # some take longer to load than a case takes to play
    done = subprocess.run(command, cwd=TESTS.parent, env=os.environ | here, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - pytest wrote it


@pytest.mark.parametrize("name", PLANTED)
def test_planted_fault_turns_its_cases_red(
    fleet: Fleet, tmp_path: Path, name: str, record_property: Callable[[str, object], None]
) -> None:
    with planted(fleet, name):
        for _ in range(TRIES):
            played = run(fleet, FAULTS[name].cases, tmp_path / "report.xml")
            told = [str(failure.get("message")) for case in played for failure in case.iter("failure")]
            if told:
                break
    assert [case.get("name") for case in played if case.find("error") is not None] == []
    assert told, f"no case of {FAULTS[name].cases} has seen it"
    assert [message for message in told if not message.startswith(("AssertionError", "assert "))] == []
    record_property("red cases", len(told))


def test_cases_are_green_without_a_fault(fleet: Fleet, cast: Cast, tmp_path: Path) -> None:
    assert len(PLANTED) >= AT_LEAST
    ask_every_replica(fleet, cast.clinician.access_token)
    cases = sorted({case for name in PLANTED for case in FAULTS[name].cases})
    played = run(fleet, cases, tmp_path / "report.xml")
    assert [case.get("name") for case in played if len(case)] == []
    assert len(played) >= len(cases)
