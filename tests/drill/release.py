"""The last release as git has it, with an environment of its own, made as its own `make run` would make it."""

import os
import subprocess
import tarfile
from pathlib import Path

from fleet import ROOT

LAST = (ROOT / "docs/events/released/commit").read_text().strip()


class ReleaseUnknown(Exception):
    """Git does not have the commit: the clone is shallow, or there is none."""


def unpack(folder: Path, *, commit: str) -> Path:
    """Put a release into a folder, with the packages that it locked; the Python that runs its services.

    Raises:
        ReleaseUnknown: its commit is not in this clone.
    """
    archive, tree = folder / "release.tar", folder / "release"
    git = ["git", "archive", "--output", str(archive), commit]
    asked = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise ReleaseUnknown(
            f"git does not have the last release, commit {commit}, so that nothing was run beside it; "
            f"a shallow clone gets it by `git fetch --unshallow` ({asked.stderr.strip()})"
        )
    with tarfile.open(archive) as packed:
        packed.extractall(tree, filter="data")
    unset = {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    subprocess.run([tree / "infra/native/sync.sh"], env=environment | {"UV_NO_DEV": "1"}, check=True, timeout=300)
    return tree / ".venv/bin/python"
