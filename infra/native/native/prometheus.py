"""Prometheus of Debian's package, which looks at every replica and knows the alert rules: `make run OBSERVE=1`."""

import shutil
from pathlib import Path

from native import caddy
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
_SCRIPT = REPOSITORY / "infra" / "native" / "prometheus.sh"
_TIER = 4


async def find(home: Home, cache: Path, *, name: str = "prometheus") -> Path:
    """Prometheus, or its promtool: what is on PATH, else that of Debian's package, which is fetched once."""
    if found := shutil.which(name):
        return Path(found)
    return await build_once(cache / "prometheus", lambda folder: _fetch(home, folder)) / "usr/bin" / name


async def _fetch(home: Home, folder: Path) -> None:
    if shutil.which("apt-get") is None:
        raise LaunchError("Prometheus was not found, and there is no apt-get to bring Debian's: put it on PATH.")
    command = Command(argv=(str(_SCRIPT), str(folder)), cwd=folder)
    await run_to_end(command, what="Fetching Prometheus by apt", log=home.log("prometheus-build"), seconds=400)


def program(context: Context, executable: Path) -> Program:
    """Prometheus on a loopback port; what it saw stays in the home for as long as its default, 15 days."""
    home, port = context.home, context.ports["prometheus"]
    folder = home.root / "prometheus"
    options = [f"--config.file={folder / 'prometheus.json'}", f"--storage.tsdb.path={folder / 'data'}"]
    options += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    pages = executable.parents[1] / "share/prometheus/web"
    if pages.exists():  # Debian's are files beside it
        options.append(f"--web.local-assets={pages}/")
    return Program(
        name="prometheus",
        command=Command(argv=(str(executable), *options), env=mark(home, "prometheus"), cwd=home.root),
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
    door = {"service": "caddy", "replica": "caddy"}
    targets.append({"targets": [f"127.0.0.1:{context.ports[caddy.METRICS]}"], "labels": door})
    every = f"{SCRAPE_SECONDS}s"
    settings = {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "quill", "static_configs": targets}],
    }
    write_json(folder / "prometheus.json", settings)
