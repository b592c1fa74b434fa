"""An upgrade while people work: the last release's services beside today's on migrated databases, then today's alone.

In every test run for a short time, for two minutes in `make drill`.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from drill.release import LAST, ReleaseUnknown, unpack
from drill.upgrade import CROSSINGS, REPLACED, VERSIONS, Upgrade, play

FULL = os.environ.get("QUILL_DRILL") == "all"
SECONDS = 120 if FULL else 20

pytestmark = pytest.mark.timeout(0)  # a fleet's start and people's work have time limits of their own


@pytest.fixture(scope="module")
def release() -> Iterator[Path]:
    """The Python of the last release; where git does not have it, a drill fails, and a test run says so."""
    with TemporaryDirectory(prefix="quill-release-") as folder:  # on a disk: in memory nothing may be executed
        try:
            yield unpack(Path(folder), commit=LAST)
        except ReleaseUnknown as why:
            if FULL:
                pytest.fail(str(why), pytrace=False)
            pytest.skip(str(why))


@pytest.fixture(scope="module")
def upgrade(release: Path, server_folder: Path) -> Upgrade:
    return play(release, server_folder, seconds=SECONDS)


def test_both_versions_answer_and_no_request_fails(
    upgrade: Upgrade, release: Path, record_property: Callable[[str, object], None]
) -> None:
    for name in ("calls", "letters", "pushes"):
        record_property(name, getattr(upgrade, name))
    assert upgrade.mixed == {name: str(release) if name in REPLACED else sys.executable for name in VERSIONS}
    assert [name for name, number in upgrade.served.items() if not number] == []
    assert upgrade.failed == []


def test_each_version_takes_what_the_other_tells(upgrade: Upgrade) -> None:
    assert [crossing for crossing in CROSSINGS if not upgrade.crossings[crossing]] == []


def test_every_letter_is_there_and_is_told_once(upgrade: Upgrade) -> None:
    assert upgrade.letters > 0
    assert upgrade.pushes > 0
    assert upgrade.pushed_twice == []
    assert upgrade.faults == []


def test_today_goes_on_alone_with_a_whole_audit_trail(upgrade: Upgrade) -> None:
    assert upgrade.alone == dict.fromkeys(VERSIONS, sys.executable)
    assert upgrade.trail_is_whole


def test_release_that_git_does_not_have_is_missed(tmp_path: Path) -> None:
    with pytest.raises(ReleaseUnknown, match="--unshallow"):
        unpack(tmp_path, commit="0" * 40)
