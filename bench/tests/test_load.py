"""The load generator asks as often as it says, sees every answer, and does not take a refusal for one."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from native.errors import LaunchError
from speed.load import Round, drive, request, same

type Answer = Callable[[int], bytes]

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
BAD = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers the n-th request with what it is told to, and notes what came."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := await reader.read(65536):
            self.requests.append(head)
            answer = self._answer(len(self.requests))
            writer.write(answer)
            if answer in {LAST, b""}:
                break
        writer.close()


def driven(server: Server, *, callers: int = 4) -> Round:
    async def run() -> Round:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        try:
            return await drive(same("GET", f"http://127.0.0.1:{port}/x?y=1", {"A": "b"}), callers=callers, seconds=0.2)
        finally:
            listening.close()

    return uvloop.run(run())  # as it is measured


def test_each_answer_is_counted_and_each_caller_keeps_its_connection() -> None:
    server = Server(lambda _: GOOD)
    seen = driven(server)
    assert len(seen.times) == len(server.requests) > 4
    assert server.connections == 4
    assert seen.rate == len(seen.times) / seen.seconds
    assert min(seen.times) > 0


def test_request_is_what_was_asked_for() -> None:
    server = Server(lambda _: GOOD)
    driven(server, callers=1)
    head = server.requests[0].decode()
    assert head.startswith("GET /x?y=1 HTTP/1.1\r\nA: b\r\nHost: 127.0.0.1:")
    assert head.endswith("\r\n\r\n")


def test_body_is_sent_with_its_length() -> None:
    host, port, content = request("POST", "http://localhost:81/letters", {}, b"abc")
    assert (host, port) == ("127.0.0.1", 81)
    assert content == b"POST /letters HTTP/1.1\r\nContent-Length: 3\r\nHost: localhost:81\r\n\r\nabc"


def test_server_that_ends_its_connections_is_asked_on_new_ones() -> None:
    server = Server(lambda number: LAST if number % 3 == 0 else GOOD)
    seen = driven(server, callers=1)
    assert len(seen.times) == len(server.requests) > 3
    assert server.connections >= len(server.requests) // 3


@pytest.mark.parametrize("answer", [BAD, b"", b"no HTTP\r\n\r\n"], ids=["refusal", "end", "nonsense"])
def test_anything_but_the_answer_ends_the_measurement(answer: bytes) -> None:
    server = Server(lambda number: GOOD if number < 5 else answer)
    with pytest.raises(LaunchError):
        driven(server)


def test_nobody_there_ends_the_measurement() -> None:
    async def run() -> Awaitable[Round] | Round:
        return await drive(same("GET", "http://127.0.0.1:1/", {}), callers=1, seconds=0.1)

    with pytest.raises(LaunchError, match="no answer on port 1"):
        uvloop.run(run())
