"""A shortened run in every test run, and its teeth: a run without a protection must fail, for a reason that fits."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos.faults import FAULTS, SEEN
from chaos.plan import Plan
from chaos.run import run

SEED = int(os.environ.get("QUILL_SEED", "1"))
SHORT_SECONDS, LONG_SECONDS = 25, 120
MORE_SECONDS = 300  # whatever other tests the machine has to run meanwhile

pytestmark = pytest.mark.timeout(0)  # it has time limits of its own


def test_nothing_is_lost_and_nothing_happens_twice(
    server_folder: Path, record_property: Callable[[str, object], None]
) -> None:
    folder = server_folder / "chaos"
    folder.mkdir(mode=0o711)
    plan = Plan(SEED, SHORT_SECONDS, more=MORE_SECONDS, letters=40, kills=5)
    report = run(plan, folder=folder, tell=print)
    record_property("kills", report.kills)
    record_property("letters", report.letters)
    assert report.faults == []


@pytest.mark.skipif(os.environ.get("QUILL_TEETH") != "all", reason="takes minutes for each; `make chaos-teeth`")
@pytest.mark.parametrize("name", FAULTS)
def test_run_fails_without_a_protection(server_folder: Path, name: str) -> None:
    folder = server_folder / f"chaos-{name}"
    folder.mkdir(mode=0o711)
    faults = run(Plan(SEED, LONG_SECONDS, fault=name), folder=folder, tell=print).faults
    assert [one for one in faults if re.search(SEEN[name], one)], faults
