"""That the generator is not the limit: how much faster it gets answers that cost nothing than the quickest of all."""

import asyncio
import sys
from collections.abc import Sequence

from native.ports import free_port

from speed.budgets import figure
from speed.figures import Figure, Sample
from speed.load import same
from speed.rows.shape import Measurement
from speed.stage import Stage

CALLERS = 16
# A server that reads nothing: an answer for whatever comes, which of these callers is one request.
NOTHING = """
import asyncio, sys, uvloop
class Nothing(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
async def main():
    server = await asyncio.get_running_loop().create_server(Nothing, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
uvloop.run(main())
"""


async def measure(stage: Stage) -> Sequence[Figure]:
    """Nothing, and an empty FastAPI route without Caddy: nothing of Quill's is quicker."""
    port = free_port()
    nothing = same("GET", f"http://127.0.0.1:{port}/", {})
    argv = [sys.executable, "-c", NOTHING, str(port)]
    async with stage.process("nothing", argv, {}, port=port), stage.empty() as empty:
        await asyncio.sleep(0.2)
        route = stage.call("/api/auth/me", {}, origin=empty.url)
        seen = await stage.turns({"nothing": nothing, "empty route": route}, callers=CALLERS)
    share = Sample.of([100 * one.own_cpu / one.seconds for one in seen.rounds["empty route"]])
    told = f"{seen.told()}; then the generator uses {share.median:.0f} % of a core"
    what = "Load generator: answers that cost nothing to the quickest measured"
    return [figure(what, seen.ratio("nothing", "empty route"), "×", told)]


MEASUREMENT = Measurement("generator", measure)
