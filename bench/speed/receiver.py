"""A push service that takes everything and notes when: it asks for what every push must have, and reads nothing."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from native.errors import LaunchError

_TAKEN = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
_REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
_NEEDED = (b"authorization: vapid ", b"content-encoding: aes128gcm")


@dataclass
class Receiver:
    """When each push arrived (by `time.perf_counter`), by the first part of its path, and how many were no pushes."""

    origin: str
    refused: int = 0
    _arrived: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def wait_for(self, number: int, kind: str, *, seconds: float) -> list[float]:
        """The times of all pushes of a kind, once so many have arrived since the last `forget`.

        Raises:
            LaunchError: something came that is no push.
            TimeoutError: fewer came.
        """
        async with asyncio.timeout(seconds):
            while self.count(kind) < number and not self.refused:
                self._news.clear()
                await self._news.wait()
        if self.refused:
            raise LaunchError(f"{self.refused} requests to the push service were no pushes")
        return self._arrived[kind]

    def count(self, kind: str) -> int:
        """How many of a kind have arrived."""
        return len(self._arrived[kind])

    def forget(self) -> None:
        """Begin to count anew."""
        self._arrived.clear()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                good = length > 0 and all(part in head for part in _NEEDED)
                if good:
                    self._arrived[head.split(b"/", 2)[1].decode()].append(time.perf_counter())
                else:
                    self.refused += 1
                self._news.set()
                writer.write(_TAKEN if good else _REFUSED)
        self._open.discard(writer)
        writer.close()

    def close(self) -> None:
        """End every connection; uvloop's servers do not do so themselves."""
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def receiving(origin: str) -> AsyncIterator[Receiver]:
    """Listen at a loopback origin until the block ends."""
    receiver = Receiver(origin)
    server = await asyncio.start_server(receiver.take, "127.0.0.1", int(origin.rpartition(":")[2]))
    try:
        yield receiver
    finally:
        server.close()
        receiver.close()
