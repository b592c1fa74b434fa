"""Builds that several copies share: each is made once per state of its sources, whoever asks first."""

import asyncio
import fcntl
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from native.errors import LaunchError


def fingerprint(sources: Iterable[Path], *, root: Path, also: str = "") -> str:
    """A short hash of the files' names and contents below `root`, and of `also` (a compiler's version)."""
    digest = hashlib.sha256(also.encode())
    for path in sorted(sources):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(root)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


async def build_once(target: Path, make: Callable[[Path], Awaitable[None]]) -> Path:
    """The finished build in `target`; when it is absent, `make` fills a fresh folder that is then renamed.

    Two launchers that ask together build once: the second waits for the first.
    """
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(
            f"The build cache {target.parent} cannot be written ({error.strerror}); set QUILL_CACHE."
        ) from error
    async with locked(target.with_name(target.name + ".lock")):
        if target.exists():
            return target
        fresh = target.with_name(target.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)  # of a build that was interrupted
        fresh.mkdir()
        await make(fresh)
        fresh.rename(target)
    return target


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Hold a file lock; it is waited for without blocking the event loop and falls with the process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.2)
        yield
    finally:
        os.close(descriptor)
