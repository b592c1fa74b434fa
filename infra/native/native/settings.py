"""What the person who types ``make run`` can choose, read from the environment once."""

# Each variable with [its kind; its default] and its meaning, for docs/settings.md and .env.example (docs/generate.py).
# QUILL_PORT [port; 8080] Caddy's port, on 127.0.0.1 only. All other ports are chosen from the free ones and written to
#   `fleet.json` in `QUILL_HOME`.
# QUILL_HOME [folder; .quill] Data of this copy: databases, streams, secrets, logs. With its own `QUILL_HOME` and
#   `QUILL_PORT`, a copy can run beside others. If you are root, PostgreSQL runs as another user, who must be able to
#   reach this folder (not below /root).
# QUILL_CACHE [folder; ~/.cache/quill] Builds, which all copies share.
# DEMO [0 or 1; 1] 0 starts without demo patients, letters and accounts.
# OBSERVE [0 or 1; 0] 1 also starts a Prometheus with the alert rules of `infra/observe`, on a loopback port.
# QUILL_COPY [folder] Where to keep a second copy of PostgreSQL, up to the last commit; a folder on another disk, which
#   `make run COPY=…` sets. Commits then wait for both disks (docs/backup.md).
# QUILL_REPLICAS [text] More than one process of a service, such as `letters=2,notify=2`.
# QUILL_NATS_NODES [1 or 3; 1] 3 runs NATS as a cluster with a copy of each stream on every server. If you change the
#   number of an existing copy, it starts with empty streams.
# QUILL_JAVA_HOME [folder] Java 17 or newer for the FHIR server, instead of `JAVA_HOME` and the java on PATH.
# QUILL_FHIR_JAVA_OPTIONS [text; -Xmx512m -XX:TieredStopAtLevel=1] JVM options of the FHIR server; without
#   `TieredStopAtLevel=1` it starts more slowly but is faster in the long run.
# QUILL_FHIR_URL [URL] Another FHIR server instead of our own, such as `http://127.0.0.1:8090/fhir`.
# QUILL_EHRBASE_URL [URL] A running EHRbase instead of the development openEHR server, such as
#   `http://127.0.0.1:8081/ehrbase/rest/openehr/v1`.
# QUILL_EHRBASE_USER [text] Its user.
# QUILL_EHRBASE_PASSWORD [secret] The password of that user.
# QUILL_EHRBASE_SYSTEM_ID [text] The system id that it uses in its uids.
# QUILL_EHRBASE_JAR [file] An EHRbase to start instead (Java 25 and the system's PostgreSQL 15 or newer with contrib).
# QUILL_EHRBASE_JAVA_HOME [folder] Java 25 or newer for it, instead of the java on PATH.
# QUILL_APP_FACTORY [text; {service}.main:create_app] For tests: what uvicorn runs.
# QUILL_PYTHON [file] For tests: what runs a replica, by its `{name}`.
# QUILL_TEST_CLOCK [0 or 1; 0] For tests: each service takes orders to move its clock.
# QUILL_TEST_ROUTES [JSON; {}] For tests: where one NATS server is for another.

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from native.errors import LaunchError

REPOSITORY = Path(__file__).resolve().parents[3]
SERVICES = ("auth", "patients", "letters", "notify")
_MOST_REPLICAS = 16
_CLUSTERS = {"1": 1, "3": 3}


@dataclass(frozen=True)
class Ehrbase:
    """An EHRbase used instead of the development openEHR server: one that runs already, or a jar to start."""

    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    system_id: str = ""  # the name in its uids
    jar: Path | None = None


@dataclass(frozen=True)
class Settings:
    home: Path  # state of this copy: secrets, databases, logs
    cache: Path  # what several copies share: builds
    port: int = 8080  # where Caddy listens
    demo: bool = True
    observe: bool = False  # with a Prometheus
    copy: Path | None = None  # where PostgreSQL's second copy is
    replicas: Mapping[str, int] = field(default_factory=dict)
    nats_nodes: int = 1  # more than one: a cluster, whose streams have a copy on each
    fhir_url: str = ""  # another FHIR server, already running
    ehrbase: Ehrbase = Ehrbase()
    push_origins: tuple[str, ...] = ()
    webhook_origins: tuple[str, ...] = ()
    app_factory: str = "{service}.main:create_app"  # what uvicorn runs; tests put one of their own around it
    python: str = ""  # what runs a replica, by its {name}; tests let replicas of the last release run beside today's
    stores_only: bool = False  # PostgreSQL and NATS, as a restore wants them
    test_clock: bool = False  # each service takes orders to move its clock
    test_routes: Mapping[str, int] = field(default_factory=dict)  # nats-0>nats-1: where that one is for this one

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the launcher's variables; a value that makes no sense raises LaunchError naming the variable."""
    return Settings(
        home=Path(environment.get("QUILL_HOME") or REPOSITORY / ".quill").absolute(),
        cache=_cache(environment),
        port=_port(environment.get("QUILL_PORT") or "8080"),
        demo=_switch(environment.get("DEMO", "1")),
        observe=_switch(environment.get("OBSERVE") or "0"),
        copy=_copy(environment),
        replicas=_replicas(environment.get("QUILL_REPLICAS", "")),
        nats_nodes=_nats_nodes(environment.get("QUILL_NATS_NODES") or "1"),
        fhir_url=environment.get("QUILL_FHIR_URL", "").rstrip("/"),
        ehrbase=_ehrbase(environment),
        push_origins=_origins(environment.get("QUILL_PUSH_ORIGINS", "")),
        webhook_origins=_origins(environment.get("QUILL_WEBHOOK_ORIGINS", "")),
        app_factory=environment.get("QUILL_APP_FACTORY") or Settings.app_factory,
        python=environment.get("QUILL_PYTHON", ""),
        test_clock=environment.get("QUILL_TEST_CLOCK") == "1",
        test_routes=json.loads(environment.get("QUILL_TEST_ROUTES") or "{}"),
    )


def _switch(text: str) -> bool:
    return text.strip().lower() not in {"0", "false", "no"}


def _cache(environment: Mapping[str, str]) -> Path:
    if chosen := environment.get("QUILL_CACHE"):
        return Path(chosen).absolute()
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "quill"


def _copy(environment: Mapping[str, str]) -> Path | None:
    chosen = environment.get("QUILL_COPY")
    if chosen and environment.get("QUILL_EHRBASE_JAR"):
        raise LaunchError("QUILL_COPY does not copy the PostgreSQL that QUILL_EHRBASE_JAR starts: set one of them.")
    return Path(chosen).absolute() if chosen else None


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise LaunchError(f"QUILL_PORT must be a port number, not {text!r}.")
    return int(text)


def _replicas(text: str) -> dict[str, int]:
    """``letters=2,notify=1`` as a mapping; services that are not named run once."""
    chosen: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.partition("=")
        if name not in SERVICES or not number.isdecimal() or not 1 <= int(number) <= _MOST_REPLICAS:
            raise LaunchError(
                f"QUILL_REPLICAS has {part!r}; write for example letters=2,notify=1 "
                f"(services {', '.join(SERVICES)}; 1 to {_MOST_REPLICAS})."
            )
        chosen[name] = int(number)
    return chosen


def _nats_nodes(text: str) -> int:
    if text not in _CLUSTERS:
        raise LaunchError(f"QUILL_NATS_NODES must be 1, or 3 for a cluster, not {text!r}.")
    return _CLUSTERS[text]


def _ehrbase(environment: Mapping[str, str]) -> Ehrbase:
    url = environment.get("QUILL_EHRBASE_URL", "").rstrip("/")
    jar = environment.get("QUILL_EHRBASE_JAR", "")
    if url and jar:
        raise LaunchError("Set QUILL_EHRBASE_URL or QUILL_EHRBASE_JAR, not both.")
    if jar and not Path(jar).is_file():
        raise LaunchError(f"QUILL_EHRBASE_JAR names {jar}, which is not a file.")
    return Ehrbase(
        url=url,
        user=environment.get("QUILL_EHRBASE_USER", ""),
        password=environment.get("QUILL_EHRBASE_PASSWORD", ""),
        system_id=environment.get("QUILL_EHRBASE_SYSTEM_ID", ""),
        jar=Path(jar).absolute() if jar else None,
    )


def _origins(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
