"""Log lines, as what reads a service's stdout gets them."""

import json
import subprocess
import sys

SERVICE = """
import asyncio, logging, os
from common.logging import configure, get_logger, tell_of_unseen

configure("INFO", pseudonym_key=b"p" * 32)
log = get_logger("auth.sessions")
log.debug("not told")
log.info("ready", seconds=2)
try:
    {}["Ada Okafor"]
except KeyError:
    log.exception("failed")
logging.getLogger("library").warning("slow %s", 3)

async def fail():
    {}["Ada Okafor"]

async def look_away():
    asyncio.get_running_loop().set_exception_handler(tell_of_unseen)
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)

asyncio.run(look_away())
reader, writer = os.pipe()
os.dup2(writer, 1)
os.close(reader)
log.info("nobody reads this")
print("went on", file=__import__("sys").stderr)
"""


def test_lines_are_json_and_nobody_has_to_read_them() -> None:
    ended = subprocess.run([sys.executable, "-c", SERVICE], capture_output=True, text=True, timeout=30, check=False)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(line["level"], line["logger"], line["event"]) for line in lines] == [
        ("info", "auth.sessions", "ready"),
        ("error", "auth.sessions", "failed"),
        ("warning", "library", "slow 3"),
        ("error", "common.logging", "Task exception was never retrieved"),
    ]
    assert lines[0]["seconds"] == 2
    assert (lines[1]["error"], lines[3]["error"]) == ("KeyError", "KeyError")
    assert "Okafor" not in ended.stdout
    assert len({line["request_id"] for line in lines} | {line["trace_id"] for line in lines}) == 2
    assert ended.stderr.startswith("went on")
