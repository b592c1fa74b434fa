"""Which system user runs PostgreSQL (it refuses to run as root), and whether that user can reach a folder."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from native.errors import LaunchError

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class SystemUser:
    name: str
    uid: int
    gid: int


def database_user() -> SystemUser | None:
    """The existing user that PostgreSQL runs as when the launcher is root; None for an ordinary user."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise LaunchError("PostgreSQL cannot run as root, and there is no user postgres or nobody to run it as.")


def check_reachable(user: SystemUser, path: Path, *, what: str) -> None:
    """Raise LaunchError naming the first folder above `path` that `user` may not pass through."""
    for folder in reversed(path.resolve().parents):
        if not _may_pass(user, folder.stat()):
            raise LaunchError(
                f"PostgreSQL runs as user {user.name} (it refuses to run as root), who cannot pass through {folder} "
                f"to reach {what} {path}: move it elsewhere, run as an ordinary user, or `chmod o+x {folder}`."
            )


def _may_pass(user: SystemUser, status: os.stat_result) -> bool:
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
