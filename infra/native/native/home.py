"""The folder with everything one copy of the fleet keeps: where each file lies, how it is written, who holds it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from native.errors import LaunchError


@dataclass(frozen=True)
class Home:
    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def fleet(self) -> Path:
        return self.root / "fleet.json"

    @property
    def accounts(self) -> Path:
        return self.root / "demo-accounts.json"

    @property
    def seeded(self) -> Path:
        return self.root / "demo-seeded.json"

    @property
    def push_origin(self) -> Path:
        return self.root / "push-origin"

    def log(self, name: str) -> Path:
        return self.root / "logs" / f"{name}.log"

    def create(self) -> None:
        """Make the folders; others may pass through (PostgreSQL can run as another user) but not look inside."""
        try:
            (self.root / "logs").mkdir(parents=True, exist_ok=True, mode=0o700)
            self.root.chmod(0o711)
        except OSError as error:
            raise LaunchError(f"QUILL_HOME {self.root} cannot be written: {error.strerror}.") from error

    @property
    def lock(self) -> Path:
        """Holds the pid of the launcher."""
        return self.root / "lock"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this folder for one launcher; the lock goes with the process, so a crash leaves none behind."""
        with self.lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                owner = lock.read().strip() or "unknown"
                raise LaunchError(
                    f"Process {owner} already runs the fleet in {self.root}; stop it, or choose another QUILL_HOME."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield


def write_text(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """The file's content, or None when it is absent or was cut short."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
