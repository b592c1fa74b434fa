"""The four services: what each is told through its environment, its migrations, its replicas."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from native import nats, postgres
from native.home import Home
from native.http import answers
from native.leftovers import mark
from native.process import Command, Program
from native.settings import REPOSITORY, SERVICES, Settings

# A person may set these of the services' own variables, and all of auth's and letters' that begin like that; everything
# else of the environment is the launcher's.
CHOSEN_BEGINNINGS = OF_AUTH, OF_LETTERS = ("QUILL_OIDC_", "QUILL_LETTERHEAD_")
CHOSEN = (
    *("QUILL_DOCS_ENABLED", "QUILL_LOG_LEVEL", "QUILL_REQUIRE_TOTP_ROLES", "QUILL_AUDIT_RETENTION_DAYS"),
    *("QUILL_DRAIN_SECONDS", "QUILL_QUIET_HOURS", "QUILL_TIME_ZONE", "QUILL_REMIND_AFTER_HOURS"),
    *("QUILL_SESSION_RETENTION_DAYS", "QUILL_NOTIFICATION_RETENTION_DAYS"),
)
# The demo has one address for everybody (SECURITY: throttles per address; those per person stay as they are).
DEMO_DEFAULTS = {"QUILL_LOGIN_FAILURES_PER_MINUTE": "1000", "QUILL_REGISTRATIONS_PER_HOUR": "1000"}
_TIER = 2


@dataclass(frozen=True)
class Backends:
    """Where the clinical servers are and who may use them."""

    fhir_url: str
    openehr_url: str
    openehr_user: str
    openehr_password: str
    system_id: str


@dataclass(frozen=True)
class Context:
    """What the environment of every service is made of."""

    home: Home
    settings: Settings
    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    backends: Backends
    push_origins: tuple[str, ...] = ()


def replicas(settings: Settings, service: str) -> list[str]:
    """The process names of a service: letters, letters-2, and so on."""
    number = settings.replicas.get(service, 1)
    return [service, *(f"{service}-{index}" for index in range(2, number + 1))]


def upstreams(settings: Settings, ports: Mapping[str, int], service: str) -> str:
    """The addresses of a service's replicas, as Caddy takes them."""
    return " ".join(f"127.0.0.1:{ports[name]}" for name in replicas(settings, service))


def programs(context: Context) -> list[Program]:
    """Every replica of every service."""
    return [_program(context, service, name) for service in SERVICES for name in replicas(context.settings, service)]


def _program(context: Context, service: str, name: str) -> Program:
    port = context.ports[name]
    options = ("--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--no-server-header")
    proxy = ("--proxy-headers", "--forwarded-allow-ips", "127.0.0.1", "--timeout-graceful-shutdown", "10")
    app = context.settings.app_factory.format(service=service)
    python = context.settings.python.format(name=name) or sys.executable
    return Program(
        name=name,
        command=Command(
            argv=(python, "-m", "uvicorn", "--factory", app, *options, *proxy),
            env={**environment(context, service), **mark(context.home, name), **_for_tests(context, name)},
            cwd=context.home.root,
            stop_signal=signal.SIGINT,  # at once: SIGTERM would serve on until Caddy, which is gone by then, turns away
        ),
        port=port,
        ready=lambda: answers(f"http://127.0.0.1:{port}/readyz"),
        tier=_TIER,
    )


def clock_port(name: str) -> str:
    """Under which name the port is chosen on which a process takes orders to move its clock."""
    return f"{name}-clock"


def _for_tests(context: Context, name: str) -> dict[str, str]:
    """What only tests ask for: a clock that moves, and the place of an app factory of their own."""
    moved = {"QUILL_CLOCK_PORT": str(context.ports[clock_port(name)])} if context.settings.test_clock else {}
    ours = context.settings.app_factory == Settings.app_factory
    return moved if ours else moved | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}


def migration(context: Context, service: str) -> Command:
    """Bring a service's tables up to date, under the role that owns them."""
    return Command(
        argv=(sys.executable, "-m", "alembic", "upgrade", "head"),
        env=environment(context, service) | {"QUILL_MIGRATION_DATABASE_URL": _database(context, service, "_owner")},
        cwd=_folder(service),
    )


def provisioning(context: Context) -> Command:
    """Create the streams and durables of the event catalogue."""
    told = {**_nats(context, "provision"), "QUILL_NATS_REPLICAS": str(context.settings.nats_nodes)}
    return Command(argv=(sys.executable, "-m", "provision"), env=told, cwd=context.home.root)


def environment(context: Context, service: str) -> dict[str, str]:
    """The whole environment of one service."""
    return {
        **DEMO_DEFAULTS,
        **{name: value for name in (*CHOSEN, *DEMO_DEFAULTS) if (value := os.environ.get(name))},
        "QUILL_MODE": "demo",
        "QUILL_PUBLIC_ORIGIN": context.settings.origin,
        "QUILL_DATABASE_URL": _database(context, service),
        "QUILL_PSEUDONYM_KEY": context.secrets["pseudonym_key"],
        **_nats(context, service),
        **{f"QUILL_{other.upper()}_URL": _replica_urls(context, other) for other in SERVICES},
        **_own(context)[service],
    }


def operator_environment(context: Context) -> dict[str, str]:
    """What the operator's commands are told (`quill doctor`, `events`, `backup`, `restore`, `copy`, …)."""
    ports, backends = context.ports, context.backends
    kept = " ".join(f"{name}={url}" for name, url in _owned_databases(context).items())
    return {
        **_nats(context, "operator"),
        "QUILL_NATS_MONITOR_URL": ",".join(
            f"http://127.0.0.1:{ports[f'{name}-monitor']}" for name in nats.names(context.settings)
        ),
        **{f"QUILL_{service.upper()}_DATABASE_URL": _database(context, service) for service in SERVICES},
        **{f"QUILL_{service.upper()}_URL": _replica_urls(context, service) for service in SERVICES},
        "QUILL_PUBLIC_ORIGIN": context.settings.origin,
        "QUILL_CADDY_URL": f"http://127.0.0.1:{context.settings.port}",
        "QUILL_FHIR_URL": backends.fhir_url,
        "QUILL_EHRBASE_URL": backends.openehr_url,
        "QUILL_EHRBASE_USER": backends.openehr_user,
        "QUILL_EHRBASE_PASSWORD": backends.openehr_password,
        "QUILL_SERVICES_FOLDER": str(REPOSITORY / "services"),
        "QUILL_BACKUP_DATABASES": kept,
        "QUILL_COPY_DATABASE": postgres.url(
            postgres.SUPERUSER, context.secrets["database_postgres"], port=ports["postgres"], database="postgres"
        ),
        "QUILL_BACKUP_KEYS": str(context.home.secrets),
        "QUILL_NATS_BACKUP_PASSWORD": context.secrets["nats_backup"],
        "QUILL_SECRET_FILES": f"{context.home.secrets} {context.home.accounts}",
    }


def _replica_urls(context: Context, service: str) -> str:
    return ",".join(f"http://127.0.0.1:{context.ports[name]}" for name in replicas(context.settings, service))


def _own(context: Context) -> dict[str, dict[str, str]]:
    """What only one service is told."""
    secrets, backends = context.secrets, context.backends
    return {
        "auth": {
            **_overlapping("QUILL_PASSWORD_PEPPER", secrets, "password_pepper"),
            **_overlapping("QUILL_REFRESH_KEY", secrets, "refresh_key"),
            **_overlapping("QUILL_ENCRYPTION_KEY", secrets, "auth_encryption_key"),
            **_set_by_a_person(OF_AUTH),
        },
        "patients": {"QUILL_FHIR_URL": backends.fhir_url},
        "letters": {
            "QUILL_EHRBASE_URL": backends.openehr_url,
            "QUILL_EHRBASE_USER": backends.openehr_user,
            "QUILL_EHRBASE_PASSWORD": backends.openehr_password,
            "QUILL_EHRBASE_SYSTEM_ID": backends.system_id,
            **_set_by_a_person(OF_LETTERS),
        },
        "notify": {
            "QUILL_VAPID_PRIVATE_KEY": secrets["vapid_private_key"],
            "QUILL_VAPID_SUBJECT": "mailto:push@localhost",
            **_overlapping("QUILL_ENCRYPTION_KEY", secrets, "notify_encryption_key"),
            "QUILL_PUSH_ORIGINS": ",".join(context.push_origins),
            "QUILL_WEBHOOK_ORIGINS": ",".join(context.settings.webhook_origins),
        },
    }


def _overlapping(variable: str, secrets: Mapping[str, str], name: str) -> dict[str, str]:
    """A key, and the one before it while there is one."""
    return {variable: secrets[name], f"{variable}_PREVIOUS": secrets.get(f"{name}_previous", "")}


def _set_by_a_person(prefix: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(prefix)}


def _nats(context: Context, user: str) -> dict[str, str]:
    return {
        "QUILL_NATS_URL": nats.urls(context.settings, context.ports),
        "QUILL_NATS_USER": user,
        "QUILL_NATS_PASSWORD": context.secrets[f"nats_{user}"],
    }


def _database(context: Context, service: str, suffix: str = "") -> str:
    role = service + suffix
    password = context.secrets[f"database_{role}"]
    return postgres.url(role, password, port=context.ports["postgres"], database=service)


def _owned_databases(context: Context) -> dict[str, str]:
    """Every database of this copy under the role that owns it; not those of servers that it was told of."""
    owned, settings = {service: _database(context, service, "_owner") for service in SERVICES}, context.settings
    inner, passwords = context.ports["postgres"], context.secrets
    if not settings.fhir_url:
        owned["fhir"] = postgres.url("fhir", passwords["database_fhir"], port=inner, database="fhir")
    if settings.ehrbase.jar:
        port, password = context.ports["openehr-postgres"], passwords["database_ehrbase"]
        owned["ehrbase"] = postgres.url("ehrbase", password, port=port, database="ehrbase")
    elif not settings.ehrbase.url:
        owned["openehr"] = postgres.url("openehr", passwords["database_openehr"], port=inner, database="openehr")
    return owned


def _folder(service: str) -> Path:
    return REPOSITORY / "services" / service
