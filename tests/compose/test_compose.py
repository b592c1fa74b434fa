"""The container shape, checked without an engine: schema, secrets, privileges, health, names, and Caddy's shapes."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from native import web
from ops.backup import BackupSettings
from ops.house import Settings
from sqlalchemy.engine import make_url

ROOT = Path(__file__).parents[2]
BINARIES = ROOT / ".venv/bin"
FILES = ("docker-compose.yml", "docker-compose.production.yml", "docker-compose.copy.yml")
SERVICES = ("auth", "patients", "letters", "notify")
# compose-spec.json is the schema of https://github.com/compose-spec/compose-spec (Apache-2.0), of June 2026.
SCHEMA = json.loads(Path(__file__).with_name("compose-spec.json").read_text())
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:?[-?])?")
# Made for the chart in infra/k8s, which has its secrets from the same script.
IN_A_CLUSTER = {"NATS_ROUTE_PASSWORD"}
SECRET = re.compile(r"PASSWORD|PEPPER|_KEY$")


class ComposeLoader(yaml.SafeLoader):
    """YAML with the tag by which an override replaces a list."""


def replaced(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node, deep=True)


ComposeLoader.add_constructor("!override", replaced)


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load((ROOT / name).read_text(), ComposeLoader)  # noqa: S506 - a safe loader
    return document


FLEET: dict[str, dict[str, Any]] = load(FILES[0])["services"]
COPY: dict[str, dict[str, Any]] = load(FILES[2])["services"]
JOBS = {name for name, service in FLEET.items() if service.get("restart") == "no"}


def made_secrets(folder: Path) -> dict[str, str]:
    """What make-env.sh writes into a checkout of its own."""
    script = folder / "infra/docker/make-env.sh"
    script.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "infra/docker/make-env.sh", script)
    subprocess.run(["sh", script], check=True, capture_output=True, timeout=20)
    return dict(line.split("=", 1) for line in (folder / ".env").read_text().splitlines())


def variables(name: str) -> Iterator[tuple[str, str]]:
    yield from VARIABLE.findall((ROOT / name).read_text())


def own_environment(service: str) -> dict[str, str]:
    environment: dict[str, str] = FLEET[service]["environment"]
    return environment


@pytest.mark.parametrize("name", FILES)
def test_file_follows_the_compose_specification(name: str) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(load(name))


@pytest.mark.parametrize("name", FILES)
def test_secrets_have_no_default(name: str) -> None:
    found = {variable: default for variable, default in variables(name) if SECRET.search(variable)}
    previous = {variable for variable in found if variable.endswith("_PREVIOUS")}
    assert {found[variable] for variable in previous} <= {":-"}  # there is one only while a key is being replaced
    assert {found[variable] for variable in found.keys() - previous} <= {":?"}


def test_no_secret_is_written_down() -> None:
    for service in FLEET.values():
        for name, value in (service.get("environment") or {}).items():
            if SECRET.search(name) or "PASS" in name or re.search("://.*@", str(value)):
                assert ":?" in value or (name.endswith("_PREVIOUS") and value.endswith(":-}")), name


def test_make_env_makes_every_secret_once_and_only_for_its_owner(tmp_path: Path) -> None:
    made = made_secrets(tmp_path)
    required = {variable for variable, default in variables(FILES[0]) if default == ":?"}
    assert made.keys() == required | IN_A_CLUSTER
    assert len(set(made.values())) == len(made)
    assert min(map(len, made.values())) >= 43
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    again = subprocess.run(["sh", tmp_path / "infra/docker/make-env.sh"], check=False, capture_output=True, timeout=20)
    assert again.returncode == 1
    assert b"already" in again.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_service_starts_with_what_it_is_given(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_secrets(tmp_path)
    for name in [name for name in os.environ if name.startswith("QUILL_")]:
        monkeypatch.delenv(name)
    for name, value in own_environment(service).items():
        monkeypatch.setenv(name, interpolated(str(value), made))
    settings = import_module(f"{service}.settings").Settings
    assert settings().service_urls[service] == f"http://{service}:8000"
    known = {f"QUILL_{field.upper()}" for field in settings.model_fields}
    given = {name for name in own_environment(service) if name.startswith("QUILL_")}
    assert given <= known
    assert known - given == {"QUILL_CLOCK_PORT"}  # moves the clock, for tests only


def test_operator_is_told_where_everything_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_secrets(tmp_path)
    for name, value in own_environment("operator").items():
        monkeypatch.setenv(name, interpolated(str(value), made))
    known = {f"QUILL_{field.upper()}" for field in Settings.model_fields}
    assert own_environment("operator").keys() <= known
    assert {Settings().replicas(service)[service] for service in SERVICES} == {
        f"http://{service}:8000" for service in SERVICES
    }
    assert set(FLEET["operator"]["networks"]) >= {"edge", "data", "fhir", "openehr"}


def test_backup_owns_every_database_that_the_fleet_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_secrets(tmp_path)
    for name, value in own_environment("backup").items():
        monkeypatch.setenv(name, interpolated(str(value), made))
    stores = BackupSettings().stores
    users = {one.name: make_url(one.url).username for one in stores.values()}
    assert users == {**{one: f"{one}_owner" for one in SERVICES}, "ehrbase": "ehrbase", "fhir": "fhir"}
    assert {make_url(one.url).database for one in stores.values()} == stores.keys()


def interpolated(value: str, environment: dict[str, str]) -> str:
    """Compose's substitution, as far as these files use it, innermost first."""
    pattern = re.compile(r"\$\{(\w+)(?::([-?])([^${}]*))?\}")
    while match := pattern.search(value):
        name, _, default = match.groups()
        value = value.replace(match[0], environment.get(name) or default or "")
    return value


@pytest.mark.parametrize("name", FLEET)
def test_image_is_pinned(name: str) -> None:
    assert re.search(r":v?\d+\.\d+", FLEET[name]["image"])


@pytest.mark.parametrize("name", [*FLEET, "copy", "recovery"])
def test_container_has_least_privilege(name: str) -> None:
    service = (COPY | FLEET)[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 256
    assert service["mem_limit"]
    if name != "volumes":  # which gives the others their folders, without a network
        assert int(service["user"].split(":")[0]) > 0
    assert set(service.get("cap_add", [])) <= {"caddy": {"NET_BIND_SERVICE"}, "volumes": {"CHOWN"}}.get(name, set())


@pytest.mark.parametrize("name", sorted(FLEET.keys() - JOBS - {"fhir"}))
def test_container_says_whether_it_is_healthy(name: str) -> None:
    health = FLEET[name]["healthcheck"]
    assert health["test"][0] in {"CMD", "CMD-SHELL"}
    assert int(health["timeout"][:-1]) < int(health["interval"][:-1])


def test_fhir_server_is_asked_by_its_neighbour() -> None:
    assert "http://fhir:8080/actuator/health/readiness" in FLEET["fhir-ready"]["healthcheck"]["test"]
    assert FLEET["patients"]["depends_on"]["fhir-ready"] == {"condition": "service_healthy"}


def test_everything_waits_for_what_it_needs() -> None:
    for service in FLEET.values():
        for needed, how in (service.get("depends_on") or {}).items():
            right = {"service_completed_successfully"} if needed in JOBS else {"service_healthy", "service_started"}
            assert how["condition"] in right, needed


def test_only_caddy_is_published_and_on_loopback() -> None:
    assert [name for name, service in FLEET.items() if "ports" in service] == ["caddy"]
    assert FLEET["caddy"]["ports"][0].startswith("${QUILL_BIND:-127.0.0.1}:")
    networks = load(FILES[0])["networks"]
    outside = {name for name, network in networks.items() if not (network or {}).get("internal")}
    assert outside == {"public", "outbound"}
    assert {name for name, service in FLEET.items() if outside & set(service.get("networks", []))} == {
        "caddy",
        "auth",
        "notify",
    }


def test_postgresql_logs_neither_values_of_rows_nor_statements() -> None:
    assert {"log_error_verbosity=terse", "log_min_error_statement=panic"} <= set(FLEET["postgres"]["command"])


def test_copy_is_kept_and_read_as_the_user_of_the_server_that_is_copied() -> None:
    postgres = FLEET["postgres"]
    assert {COPY[name]["user"] for name in ("copy", "recovery")} == {postgres["user"]}
    assert {COPY[name]["image"] for name in ("copy", "recovery")} == {FLEET["backup"]["image"]}
    assert COPY["postgres"]["command"][: len(postgres["command"])] == postgres["command"]
    assert COPY["recovery"]["volumes"][1:] == postgres["volumes"]
    assert COPY["recovery"]["command"][2:3] == [COPY["recovery"]["volumes"][0].rpartition(":")[2]]


@pytest.mark.parametrize("service", SERVICES)
def test_service_can_be_scaled(service: str) -> None:
    assert {"container_name", "ports", "volumes"}.isdisjoint(FLEET[service])
    assert f"a {service} 8000" in (ROOT / "Caddyfile").read_text()


def test_only_caddys_address_may_name_the_caller() -> None:
    address = FLEET["caddy"]["networks"]["edge"]["ipv4_address"]
    assert {own_environment(service)["FORWARDED_ALLOW_IPS"] for service in SERVICES} == {address}


def test_nats_gets_every_variable_of_its_configuration() -> None:
    configuration = (ROOT / "infra/nats/nats-server.conf").read_text()
    assert set(re.findall(r"\$(NATS_\w+)", configuration)) == FLEET["nats"]["environment"].keys()


def test_database_job_gets_every_variable_of_its_scripts() -> None:
    scripts = "".join(path.read_text() for path in (ROOT / "infra/postgres").rglob("*.sql"))
    given = {name for name in FLEET["databases"]["environment"] if name.startswith("QUILL_")}
    assert set(re.findall(r"^\\getenv \w+ (\w+)", scripts, re.MULTILINE)) == given


def test_caddy_variables_are_those_of_the_caddyfile() -> None:
    known = set(re.findall(r"\{\$(\w+)", (ROOT / "Caddyfile").read_text()))
    given = {name for file in FILES[:2] for name in load(file)["services"]["caddy"]["environment"]}
    assert given <= known


EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container
SHAPES = {
    "native": {f"QUILL_{name.upper()}_UPSTREAMS": "127.0.0.1:9001 127.0.0.1:9002" for name in SERVICES},
    "compose": {"QUILL_DISCOVERY": "dynamic", "QUILL_BIND": EVERYWHERE},
    "production": {
        "QUILL_DISCOVERY": "dynamic",
        "QUILL_BIND": EVERYWHERE,
        "QUILL_SITE_ADDRESS": "https://letters.example.org",
        "QUILL_PORT": "443",
        "QUILL_ACME_EMAIL": "admin@example.org",
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_caddyfile_is_valid_in_every_shape(shape: str, tmp_path: Path) -> None:
    command: list[str | Path] = [BINARIES / "caddy", "validate", "--config", "Caddyfile", "--adapter", "caddyfile"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | SHAPES[shape]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


DOCKERFILES = ("Dockerfile", "caddy.Dockerfile")


def lines_of(dockerfile: str, instruction: str) -> list[str]:
    text = (ROOT / "infra/docker" / dockerfile).read_text().replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(f"{instruction} ")]


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_dockerfile_is_clean(dockerfile: str) -> None:
    command = [BINARIES / "hadolint", ROOT / "infra/docker" / dockerfile]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_dockerfile_copies_what_is_there_and_let_in(dockerfile: str) -> None:
    copies = [line.split() for line in lines_of(dockerfile, "COPY") if not line.startswith("--from")]
    ignored = (ROOT / "infra/docker" / f"{dockerfile}.dockerignore").read_text().splitlines()
    allowed = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert copies
    for path in (path for copy in copies for path in copy[:-1]):
        assert (ROOT / path).exists(), path
        assert any(path.startswith(one) or one.startswith(path) for one in allowed), path


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_image_says_what_it_is(dockerfile: str) -> None:
    (label,) = lines_of(dockerfile, "LABEL")
    told = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="?([^"]+?)"?(?:\s|$)', label))
    assert told.keys() == {"title", "description", "version", "revision", "licenses"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (told["version"], told["licenses"]) == (project["version"], project["license"])
    tags = {service["image"] for service in FLEET.values() if service["image"].startswith("quill/")}
    assert {tag.rpartition(":")[2] for tag in tags} == {told["version"]}


def test_image_is_built_for_each_container_of_our_own() -> None:
    built = {name: service["build"]["dockerfile"] for name, service in FLEET.items() if "build" in service}
    assert built["caddy"] == "infra/docker/caddy.Dockerfile"
    assert set(built.values()) == {f"infra/docker/{dockerfile}" for dockerfile in DOCKERFILES}
    args = [service["build"].get("args", {}) for service in FLEET.values() if "build" in service]
    assert all(one == {"REVISION": "${REVISION:-unknown}"} for one in args)


def test_caddys_image_has_the_app_as_make_run_builds_it() -> None:
    steps = [f"npm {' '.join(arguments)}" for arguments in web.BUILD]
    assert lines_of("caddy.Dockerfile", "RUN") == steps
    copied = [line.split()[-2:] for line in lines_of("caddy.Dockerfile", "COPY")]
    assert copied[-2:] == [["Caddyfile", "/etc/caddy/Caddyfile"], ["/src/web/dist", "/srv"]]
    major = re.match(r"node:(\d+)", lines_of("caddy.Dockerfile", "FROM")[0])
    assert major
    assert int(major[1]) >= 20


def test_what_caddy_is_told_by_its_image_and_by_compose_is_in_the_caddyfile() -> None:
    known = set(re.findall(r"\{\$(\w+)", (ROOT / "Caddyfile").read_text()))
    told = {pair.partition("=")[0] for line in lines_of("caddy.Dockerfile", "ENV") for pair in line.split()}
    assert told == {"QUILL_BIND", "QUILL_DISCOVERY", "QUILL_WEB_ROOT"}
    assert told <= known
