"""The gate itself, as CI has it: somebody changes the catalogue, has the documents generated, and runs the tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CATALOGUE, GATE = Path("libs/common/common/events.py"), Path("tests/architecture/test_event_compatibility.py")
RELEASED = "test_event_of_the_last_release_is_still_what_it_was"
NEEDED = (
    *("libs/common/common", "docs", "tests/event_compatibility.py", str(GATE)),
    # What the page of settings is made of.
    *("infra/native/native/settings.py", "infra/nats/provision/__main__.py", "Caddyfile", "docker-compose.yml"),
    *("docker-compose.copy.yml", "docker-compose.production.yml"),
)
PLANTED = {
    "removed": ("    version: int\n    author_id: UUID\n", "    version: int\n", "author_id: is gone"),
    "narrowed": ("    resource: str\n", '    resource: Literal["letter"]\n', "resource: is now one of few"),
    "lost a value": ('Literal["ok", "denied", "failed"]', 'Literal["ok", "denied"]', "the value failed is gone"),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What of the repository the gate needs."""
    for name in NEEDED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _ = shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of ours on that checkout."""
    paths = os.pathsep.join(map(str, (checkout / "libs/common", checkout / "tests", ROOT / "tests")))
    argv = [sys.executable, *command]
    return subprocess.run(
        argv, cwd=checkout, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )


def gate(checkout: Path) -> tuple[int, str]:
    """How the tests end once the documents are those of the catalogue again."""
    generated = run(checkout, "docs/generate.py")
    assert (generated.returncode, generated.stderr) == (0, "")
    options = ("-vv", "-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider", "-k", RELEASED)
    tested = run(checkout, "-m", "pytest", *options, str(GATE))
    return tested.returncode, tested.stdout


def plant(checkout: Path, changes: Sequence[tuple[str, str, str]]) -> None:
    """Change the catalogue, each in one place."""
    catalogue = checkout / CATALOGUE
    for old, new, _ in changes:
        text = catalogue.read_text()
        assert old in text
        catalogue.write_text(text.replace(old, new, 1))


def test_member_that_is_removed_or_narrowed_fails_though_all_documents_were_generated_anew(checkout: Path) -> None:
    plant(checkout, list(PLANTED.values()))
    status, told = gate(checkout)
    assert status == 1
    for _, _, sentence in PLANTED.values():
        assert sentence in told


def test_release_keeps_todays_schemas_and_names_its_commit(checkout: Path) -> None:
    git = ["git", "-c", "user.name=Quill", "-c", "user.email=quill@localhost"]
    for words in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message=Release"]):
        subprocess.run([*git, *words], cwd=checkout, check=True)
    plant(checkout, [PLANTED["removed"]])
    assert run(checkout, "docs/generate.py", "--release").returncode == 0
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True)
    assert (checkout / "docs/events/released/commit").read_text() == head.stdout
    assert gate(checkout)[0] == 0
