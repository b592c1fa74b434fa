"""Prometheus of Debian's package, which looks at every replica and knows the alert rules: `make run OBSERVE=1`."""

import os
import shutil
from pathlib import Path

from native.build import build_once
from native.errors import LaunchError
from native.home import Home, write_json
from native.http import answers
from native.leftovers import mark
from native.process import Command, Program, run_to_end
from native.services import Context, replicas
from native.settings import REPOSITORY, SERVICES

RULES = REPOSITORY / "infra" / "observe" / "alerts.yml"
SCRAPE_SECONDS = 5
_TIER = 4


async def find(home: Home, cache: Path, *, name: str = "prometheus") -> Path:
    """Prometheus, or its promtool: what is on PATH, else Debian's package.

    That is unpacked and not installed, for which nobody has to be root: installed, it would serve every interface.
    """
    if found := shutil.which(name):
        return Path(found)
    return await build_once(cache / "prometheus", lambda folder: _unpack(home, folder)) / "usr/bin" / name


async def _unpack(home: Home, folder: Path) -> None:
    if shutil.which("apt-get") is None:
        raise LaunchError("Prometheus was not found, and there is no apt-get to bring Debian's: put it on PATH.")
    log = home.log("prometheus-build")
    try:
        await _run(log, folder, "apt-get", "download", "prometheus")
    except LaunchError:
        if os.geteuid() != 0:
            raise
        await _run(log, folder, "apt-get", "update")  # a fresh image has no lists of packages yet
        await _run(log, folder, "apt-get", "download", "prometheus")
    (package,) = folder.glob("*.deb")
    await _run(log, folder, "dpkg-deb", "--extract", str(package), str(folder))
    package.unlink()


async def _run(log: Path, folder: Path, *argv: str) -> None:
    command = Command(argv=argv, cwd=folder)
    await run_to_end(command, what="Bringing Debian's package prometheus", log=log, seconds=300)


def program(context: Context, executable: Path) -> Program:
    """Prometheus on a loopback port; what it saw stays in the home for as long as its default, 15 days."""
    home, port = context.home, context.ports["prometheus"]
    folder = home.root / "prometheus"
    files = (f"--config.file={folder / 'prometheus.json'}", f"--storage.tsdb.path={folder / 'data'}")
    return Program(
        name="prometheus",
        command=Command(
            argv=(str(executable), *files, f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"),
            env=mark(home, "prometheus"),
            cwd=home.root,
        ),
        port=port,
        ready=lambda: answers(f"http://127.0.0.1:{port}/-/ready"),
        tier=_TIER,
        url=f"http://127.0.0.1:{port}",
        prepare=lambda: _configure(context, folder),
    )


def _configure(context: Context, folder: Path) -> None:
    """Every replica with its service, as infra/observe/prometheus.yml has them elsewhere; JSON is YAML as well."""
    folder.mkdir(mode=0o700, exist_ok=True)
    targets = [
        {"targets": [f"127.0.0.1:{context.ports[name]}"], "labels": {"service": service, "replica": name}}
        for service in SERVICES
        for name in replicas(context.settings, service)
    ]
    every = f"{SCRAPE_SECONDS}s"
    settings = {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "quill", "static_configs": targets}],
    }
    write_json(folder / "prometheus.json", settings)
