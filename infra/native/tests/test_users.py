"""Whether PostgreSQL's user can reach its folders."""

from pathlib import Path

import pytest
from native.errors import LaunchError
from native.users import SystemUser, check_reachable

STRANGER = SystemUser(name="stranger", uid=54321, gid=54321)


def test_a_closed_folder_on_the_way_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "home").mkdir(parents=True)
    for folder in (closed, *closed.parents):
        if folder.is_relative_to(tmp_path.parents[2]):
            folder.chmod(folder.stat().st_mode | 0o001)
    check_reachable(STRANGER, closed / "home" / "postgres", what="its data")
    closed.chmod(0o700)
    with pytest.raises(LaunchError, match=f"cannot pass through {closed} "):
        check_reachable(STRANGER, closed / "home" / "postgres", what="its data")
