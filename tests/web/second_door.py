"""Another Caddy before the same services, whose copy of the app a test may replace by a newer one."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from e2e.client import eventually
from fleet import ROOT, Fleet
from native.ports import free_port, is_free

_SHELL = re.compile(r'"revision":"(\w+)","url":"index\.html"')  # in the worker's list of files


@dataclass(frozen=True)
class SecondDoor:
    """Where it listens, and the folder that it serves."""

    origin: str
    folder: Path

    def publish(self, *, build: str) -> None:
        """Put a newer build in the old one's place, as a release does: another shell, and a worker that knows it."""
        page = self._replace("index.html", r"<html ", f'<html data-build="{build}" ')
        known = _SHELL.search((self.folder / "sw.js").read_text())
        assert known, "the worker does not know index.html"
        self._replace("sw.js", known[1], md5(page.encode(), usedforsecurity=False).hexdigest())

    def _replace(self, name: str, old: str, new: str) -> str:
        file = self.folder / name
        text = file.read_text().replace(old, new)
        for packed in (f"{name}.gz", f"{name}.br"):
            (self.folder / packed).unlink(missing_ok=True)
        file.write_text(text)
        return text


@contextmanager
def second_door(fleet: Fleet, folder: Path) -> Iterator[SecondDoor]:
    """Run it; its pages have an origin of their own, from which the services take no changes."""
    told = Path(f"/proc/{fleet.processes['caddy']['pid']}/environ").read_bytes().split(b"\0")
    env = dict(entry.decode().split("=", 1) for entry in told if entry)
    port = free_port()
    origin, copy = f"http://localhost:{port}", folder / "app"
    shutil.copytree(env["QUILL_WEB_ROOT"], copy)
    env |= {"QUILL_PORT": str(port), "QUILL_SITE_ADDRESS": origin, "QUILL_WEB_ROOT": str(copy)}
    env |= {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [str(ROOT / ".venv/bin/caddy"), "run", "--adapter", "caddyfile", "--config", str(ROOT / "Caddyfile")]
    with (folder / "caddy.log").open("wb") as log, subprocess.Popen(command, env=env, stdout=log, stderr=log) as caddy:
        try:
            eventually(lambda: not is_free(port))
            yield SecondDoor(origin, copy)
        finally:
            caddy.terminate()
