"""A proxy between a service and its backend that does to connections what networks and overloaded servers do."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Literal

CHUNK = 65536
LATENCY_SECONDS = 0.4
LOOK_SECONDS = 0.05
STOP_SECONDS = 5.0

# What is done to every connection: bytes that come late, or not before it is over; a connection cut at once, or before
# an answer, or in its middle.
type NetworkFault = Literal["latency", "black hole", "reset", "drop the answer", "truncate"]
# What only HTTP knows: an answer of the server's door.
type HttpFault = Literal["503", "429"]
type Fault = NetworkFault | HttpFault

NETWORK_FAULTS: tuple[NetworkFault, ...] = ("latency", "black hole", "reset", "drop the answer", "truncate")
HTTP_FAULTS: tuple[HttpFault, ...] = ("503", "429")


class FaultProxy:
    """Listens on `port` of loopback and hands everything on to another port there, until told of a fault.

    What a black hole swallowed is handed on when it ends: a request of which its sender knows nothing any more then
    reaches the backend after all.
    """

    def __init__(self, port: int, *, target: Callable[[], int]) -> None:
        """
        Args:
            port: where it listens.
            target: where the backend listens, asked anew for each connection.
        """
        self.port, self._target = port, target
        self.fault: Fault | None = None
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", port))

    def set(self, fault: Fault | None) -> None:
        """From now on do this; a reset cuts the connections that are open."""
        self.fault = fault
        if fault == "reset":
            self._loop.call_soon_threadsafe(self._cut_all)

    def stop(self) -> None:
        """Close it with all its connections."""

        async def close() -> None:
            self._server.close()
            self._cut_all()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        self._run(close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)

    def _run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_SECONDS)

    def _cut_all(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        backend = None
        with suppress(OSError, ExceptionGroup, asyncio.CancelledError):
            if self.fault == "reset":
                raise ConnectionResetError
            back_reader, backend = await asyncio.open_connection("127.0.0.1", self._target())
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._carry_requests(reader, writer, backend))
                pumps.create_task(self._carry_answers(back_reader, writer))
        writer.transport.abort()
        if backend is not None:
            backend.transport.abort()

    async def _carry_requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, backend: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(CHUNK):
            await self._hold()
            if self.fault in {"503", "429"}:
                reason = b"503 Service Unavailable" if self.fault == "503" else b"429 Too Many Requests"
                while not _is_whole(data) and (more := await reader.read(CHUNK)):
                    data += more
                writer.write(b"HTTP/1.1 " + reason + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                break
            backend.write(data)
            await backend.drain()
        raise ConnectionResetError

    async def _carry_answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._hold()
            if self.fault == "drop the answer":
                break
            writer.write(data[: len(data) // 2] if self.fault == "truncate" else data)
            await writer.drain()
            if self.fault == "truncate":
                break
        raise ConnectionResetError

    async def _hold(self) -> None:
        while self.fault == "black hole":
            await asyncio.sleep(LOOK_SECONDS)
        if self.fault == "latency":
            await asyncio.sleep(LATENCY_SECONDS)


def _is_whole(request: bytes) -> bool:
    """Whether a request is there with its body, as far as its length is told (RFC 9112 §6.2)."""
    head, end, body = request.partition(b"\r\n\r\n")
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
    return bool(end) and len(body) >= length
