"""The push service of the measurements counts pushes, and nothing else as one."""

import asyncio

import pytest
import uvloop
from native.errors import LaunchError
from speed.load import drive, same
from speed.receiver import Receiver, receiving

PUSH = {"Authorization": "vapid t=a,k=b", "Content-Encoding": "aes128gcm"}


def received(path: str, headers: dict[str, str], *, status: int) -> tuple[Receiver, int]:
    """A receiver that some requests were sent to, and how many."""

    async def run() -> tuple[Receiver, int]:
        listening = asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        async with await listening as server:
            port = server.sockets[0].getsockname()[1]
        async with receiving(f"http://127.0.0.1:{port}") as receiver:
            call = same("POST", f"http://127.0.0.1:{port}{path}", headers, b"sealed")
            seen = await drive(type(call)(call.host, call.port, call.make, status), callers=3, seconds=0.1)
            return receiver, len(seen.times)

    return uvloop.run(run())


def test_pushes_are_counted_by_the_first_part_of_their_path() -> None:
    receiver, sent = received("/many/0123", PUSH, status=201)
    assert (receiver.count("many"), receiver.count("letters"), receiver.refused) == (sent, 0, 0)
    receiver.forget()
    assert receiver.count("many") == 0


@pytest.mark.parametrize("missing", PUSH)
def test_what_is_not_signed_or_not_encrypted_is_refused(missing: str) -> None:
    receiver, sent = received("/many/0123", {**PUSH, missing: "none"}, status=400)
    assert receiver.refused == sent > 0 == receiver.count("many")
    with pytest.raises(LaunchError, match=f"{sent} requests to the push service were no pushes"):
        asyncio.run(receiver.wait_for(0, "many", seconds=1))


def test_too_few_pushes_end_the_waiting() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(Receiver("").wait_for(1, "many", seconds=0.01))
