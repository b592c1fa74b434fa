"""Password hashing in a small pool of threads beside the event loop. Which passwords are acceptable: policy."""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

import bcrypt

from auth.errors import SignInBusy

COST = 12  # 0.25 s of CPU (measured)
WAITING = 32
NICENESS = 5
WORKERS = max(1, min(4, (os.process_cpu_count() or 1) - 1))  # one core is for those who are signed in
SCHEME = "bcrypt-hmac-sha256"


class PasswordHasher:
    """bcrypt over a peppered HMAC: `scheme$pepper id$bcrypt hash`. bcrypt releases the GIL, so threads are enough."""

    def __init__(self, peppers: Sequence[bytes], *, cost: int = COST) -> None:
        """
        Args:
            peppers: the current one first; older ones still verify.
            cost: log2 of bcrypt's rounds.
        """
        self._peppers = {hashlib.sha256(b"pepper-id" + pepper).hexdigest()[:8]: pepper for pepper in peppers}
        self._pepper_id, self._cost = next(iter(self._peppers)), cost
        self._pool = ThreadPoolExecutor(WORKERS, "bcrypt", initializer=_yield_to_others)
        self._inside = 0
        self._dummy = self._hash(secrets.token_urlsafe())

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def room(self) -> Iterator[Self]:
        """A place in the queue; it is taken before anything is counted against the caller.

        Raises:
            SignInBusy: 32 are waiting already.
        """
        if self._inside >= WORKERS + WAITING:
            raise SignInBusy
        self._inside += 1
        try:
            yield self
        finally:
            self._inside -= 1

    async def hash(self, password: str) -> str:
        """The value to store."""
        return await self._run(lambda: self._hash(password))

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the stored value; without one it takes as long and says no."""
        right = await self._run(lambda: self._matches(password, stored or self._dummy))
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the value was made under an older scheme, cost or pepper."""
        return not stored.startswith(f"{SCHEME}${self._pepper_id}$$2b${self._cost:02}$")

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _hash(self, password: str) -> str:
        hashed = bcrypt.hashpw(_peppered(password, self._peppers[self._pepper_id]), bcrypt.gensalt(self._cost))
        return f"{SCHEME}${self._pepper_id}${hashed.decode()}"

    def _matches(self, password: str, stored: str) -> bool:
        scheme, pepper_id, hashed = stored.split("$", 2)
        pepper = self._peppers.get(pepper_id)
        if scheme != SCHEME or pepper is None:
            self._matches(password, self._dummy)  # takes as long
            return False
        return bcrypt.checkpw(_peppered(password, pepper), hashed.encode())


def normalise_password(password: str) -> str:
    """The form in which a password counts, whatever keyboard it came from (NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _peppered(password: str, pepper: bytes) -> bytes:
    # 44 bytes: bcrypt refuses more than 72.
    return base64.b64encode(hmac.digest(pepper, normalise_password(password).encode(), "sha256"))


def _yield_to_others() -> None:
    # On Linux a thread has a niceness of its own: a storm of sign-ins leaves the processor to other requests.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
