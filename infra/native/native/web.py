"""The web app: built once per state of its sources, in a folder of its own, so that the checkout stays clean."""

import os
import shutil
from pathlib import Path

from native.build import build_once, fingerprint
from native.home import Home
from native.process import Command, run_to_end
from native.settings import REPOSITORY

PROJECT = REPOSITORY / "web"
BUILD = (
    ("ci", "--no-audit", "--no-fund"),
    ("run", "build"),
)  # what npm is told; infra/docker/caddy.Dockerfile says the same
_NOT_SOURCES = frozenset({"node_modules", "dist", "test-results", "playwright-report", "coverage"})


async def build(home: Home, cache: Path) -> Path:
    """The folder that Caddy serves; without Node or without an app it is the plain pages of web/public."""
    npm = shutil.which("npm")
    if npm is None or not (PROJECT / "package.json").exists():
        return PROJECT / "public"
    target = cache / "web" / fingerprint(_sources(), root=PROJECT)
    return await build_once(target, lambda folder: _make(home, npm, folder)) / "dist"


def can_build() -> bool:
    """Whether Node's npm is there."""
    return shutil.which("npm") is not None


def _sources() -> list[Path]:
    found = []
    for folder, names, files in os.walk(PROJECT):
        names[:] = [name for name in names if name not in _NOT_SOURCES and not name.startswith(".")]
        found += [Path(folder) / name for name in files]
    return found


async def _make(home: Home, npm: str, folder: Path) -> None:
    source, log = folder / "source", home.log("web-build")
    shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
    for arguments in BUILD:
        command = Command(argv=(npm, *arguments), env=dict(os.environ), cwd=source)
        await run_to_end(command, what=f"Building the web app (npm {arguments[0]})", log=log, seconds=900)
    (source / "dist").rename(folder / "dist")
    shutil.rmtree(source)
