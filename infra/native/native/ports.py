"""Free loopback ports for everything behind Caddy, the same ones again on the next start when they are still free."""

import errno
import random
import socket
from collections.abc import Iterable
from contextlib import suppress

from native.errors import LaunchError
from native.home import Home, read_json, write_json

# Below the range that Linux hands to outgoing connections (32768-60999), so that the port of a
# process which is being restarted is not taken by a client in between.
_RANGE = range(18000, 32000)


def choose_ports(home: Home, names: Iterable[str]) -> dict[str, int]:
    """One free port for each name; the last ones are kept where nobody else has taken them."""
    last = read_json(home.ports) or {}
    ports: dict[str, int] = {}
    for name in names:
        port = last.get(name)
        if not isinstance(port, int) or port in ports.values() or not is_free(port):
            port = free_port(avoid=ports.values())
        ports[name] = port
    write_json(home.ports, {**last, **ports})
    return ports


def free_port(*, avoid: Iterable[int] = ()) -> int:
    """A port that nobody listens on now, chosen at random so that copies starting together do not meet."""
    taken = set(avoid)
    for port in random.SystemRandom().sample(_RANGE, 500):
        if port not in taken and is_free(port):
            return port
    raise LaunchError("No free port was found on 127.0.0.1.")


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


class HeldPorts:
    """Keeps ports from everybody else until their servers are started, which may be minutes after they were chosen.

    A socket that is bound and does not listen is enough: nobody can bind, and who calls is refused as before. A port
    with lingering connections (TIME_WAIT) cannot be held, and stays merely chosen.
    """

    def __init__(self, ports: Iterable[int]) -> None:
        self._sockets: dict[int, socket.socket] = {}
        for port in ports:
            holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            with suppress(OSError):
                holder.bind(("127.0.0.1", port))
            self._sockets[port] = holder

    def release(self, port: int) -> None:
        """Leave the port to its server, which is started next."""
        if holder := self._sockets.pop(port, None):
            holder.close()
