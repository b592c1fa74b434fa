"""What each pod is told: the services start with it, secrets stay where they are, scaling knows the catalogue."""

import os
import re
import shutil
import subprocess
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from chart import CHART, ROOT, SERVICES, SIZES, environment, loaded, of_kind, pod_specs, render, template
from common.db import Database
from common.events import DURABLES
from ops import backup, secrets
from ops.backup import BackupSettings
from ops.house import Settings as OperatorSettings
from typer.main import get_group
from typer.testing import CliRunner

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
BACKUPS = ("backup", "scheduled-backup")
OTHERS = 20  # connections of jobs, commands, backups, superusers and the operator of PostgreSQL
SUPERUSER = {"username": "postgres", "password": "q-superuser"}
# Of compose's variables, those that say "not chosen" there; here they are not told at all.
UNTOLD = re.compile(r"\$\{\w+:-[^}]*\}$")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The secrets that infra/docker/make-env.sh makes."""
    script = tmp_path_factory.mktemp("made") / "infra/docker/make-env.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "infra/docker/make-env.sh", script)
    subprocess.run(["sh", script], check=True, capture_output=True, timeout=20)
    lines = (script.parents[2] / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines) | SUPERUSER


def references(size: str) -> set[tuple[str, str]]:
    """Every secret that a pod refers to, with the key."""
    told = [one for pod in pod_specs(size).values() for one in pod["containers"][0]["env"]]
    refs = [one["valueFrom"]["secretKeyRef"] for one in told if "secretKeyRef" in one.get("valueFrom", {})]
    return {(ref["name"], ref["key"]) for ref in refs}


@pytest.mark.parametrize("size", SIZES)
def test_secrets_are_named_and_never_made(size: str, made: dict[str, str]) -> None:
    assert of_kind(size, "Secret") == {}
    superusers = {f"{cluster}-superuser" for cluster in of_kind(size, "Cluster")}
    found = references(size)
    assert {name for name, _ in found} == {"quill"} | superusers
    used = {key for name, key in found if name == "quill" and not key.endswith("_PREVIOUS")}
    unused = {
        "QUILL_DB_PASSWORD_POSTGRES",
        "QUILL_DB_PASSWORD_OPENEHR",
    }  # compose's superuser, the development server's
    assert used == made.keys() - unused - SUPERUSER.keys()


@pytest.mark.parametrize("service", SERVICES)
def test_key_that_is_being_replaced_reaches_the_services_beside_the_new_one(
    service: str, made: dict[str, str], tmp_path: Path
) -> None:
    """What `quill secrets rotate` leaves in the .env of which the Secret is made again."""
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in made.items()))
    before = environment(pod_specs("default")[service], made)
    for key in secrets.Key:
        assert CliRunner().invoke(secrets.app, ["rotate", key, "--in", str(file)]).exit_code == 0
    rotated = dict(line.split("=", 1) for line in file.read_text().splitlines())
    told = environment(pod_specs("default")[service], rotated)
    replaced = {name for name in before if told[name] != before[name]}
    assert told.keys() - before.keys() == {f"{name}_PREVIOUS" for name in replaced}
    assert {name: told[f"{name}_PREVIOUS"] for name in replaced} == {name: before[name] for name in replaced}
    assert len(replaced) == {"auth": 3, "notify": 1}.get(service, 0)


def test_each_pod_can_have_a_secret_of_its_own() -> None:
    parts = [*(f"services.{name}" for name in SERVICES), "nats", "fhir", "ehrbase", "jobs", "operator", "backup"]
    options = [f"--set={part}.existingSecret={part.split('.')[-1]}-only" for part in parts]
    done = template(*options)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(?:name|secretName): quill[,}]", done.stdout) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("service", SERVICES)
def test_service_starts_with_what_it_is_told(
    size: str, service: str, made: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("QUILL_")]:
        monkeypatch.delenv(name)
    for name, value in environment(pod_specs(size)[service], made).items():
        monkeypatch.setenv(name, value)
    settings = import_module(f"{service}.settings").Settings()
    assert settings.mode == "production"
    assert settings.service_urls[service] == f"http://{service}:8000"
    password = made[f"QUILL_DB_PASSWORD_{service.upper()}"]
    host = f"{databases(size)[service]}-rw"
    assert settings.database_url.get_secret_value() == f"postgresql://{service}:{password}@{host}:5432/{service}"
    grace = pod_specs(size)[service]["terminationGracePeriodSeconds"]
    assert grace >= settings.drain_seconds + 20


def databases(size: str) -> dict[str, str]:
    """Which cluster has which database."""
    chosen: dict[str, str] = yaml.safe_load((CHART / "values.yaml").read_text())["databases"]
    return chosen if size == "default" else chosen | values(size).get("databases", {})


def values(size: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHART / f"values/{size}.yaml").read_text())
    return loaded


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_told_what_compose_tells_it(service: str, made: dict[str, str]) -> None:
    here = environment(pod_specs("default")[service], made)
    there = COMPOSE[service]["environment"]
    chosen = {name for name, value in there.items() if UNTOLD.fullmatch(str(value))}
    assert there.keys() - chosen <= here.keys()
    assert here.keys() <= there.keys() | {"QUILL_DB_PASSWORD"}


@pytest.mark.parametrize("server", ["fhir", "ehrbase"])
def test_clinical_server_is_told_what_compose_tells_it(server: str, made: dict[str, str]) -> None:
    here = environment(pod_specs("default")[server], made)
    there = {name: str(value).replace("postgres:5432", "postgres-rw:5432") for name, value in environment_of(server)}
    assert here.keys() == there.keys()
    assert {name for name in here if "${" not in there[name] and here[name] != there[name]} == set()


def environment_of(server: str) -> list[tuple[str, Any]]:
    return list(COMPOSE[server]["environment"].items())


@pytest.mark.parametrize("size", SIZES)
def test_operator_finds_everything(size: str, made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    told = environment(pod_specs(size)["operator"], made)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = OperatorSettings()
    assert {name for name in COMPOSE["operator"]["environment"] if name not in told} == set()
    assert settings.letters_database_url.get_secret_value().endswith(f"@{databases(size)['letters']}-rw:5432/letters")


@pytest.mark.parametrize("size", SIZES)
def test_backup_finds_everything(size: str, made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    told = environment(pod_specs(size)["backup"], made)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = BackupSettings()
    theirs = COMPOSE["backup"]["environment"]
    assert {name for name in theirs if name not in told} == set()
    named = dict(pair.partition("=")[::2] for pair in told["QUILL_BACKUP_DATABASES"].split())
    there = dict(pair.partition("=")[::2] for pair in theirs["QUILL_BACKUP_DATABASES"].split())
    for name, url in named.items():
        known = re.sub(r"\$\{(\w+):\?\}", lambda found: made[found[1]], there[name])
        assert url == known.replace("@postgres:", f"@{databases(size)[name]}-rw:")
    assert named.keys() == there.keys() == settings.stores.keys()


@pytest.mark.parametrize("part", BACKUPS)
def test_backup_has_the_secrets_as_they_were_made(part: str, made: dict[str, str], tmp_path: Path) -> None:
    """From a folder as Kubernetes mounts a Secret: each key a link into a folder that changes its name."""
    pod = pod_specs("default")[part]
    place = environment(pod, made)["QUILL_BACKUP_KEYS"]
    (volume,) = (one["name"] for one in pod["containers"][0]["volumeMounts"] if one["mountPath"] == place)
    assert {"name": volume, "secret": {"secretName": "quill"}} in pod["volumes"]
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..data").symlink_to("..2026")
    for name in made.keys() - SUPERUSER.keys():
        (tmp_path / "..2026" / name).write_text(made[name])
        (tmp_path / name).symlink_to(f"..data/{name}")
    kept = secrets.load(tmp_path).decode()
    assert dict(line.split("=", 1) for line in kept.splitlines()) | SUPERUSER == made


def scheduled(*options: str) -> dict[str, Any] | None:
    """The CronJob that makes backups, of a chart with these options."""
    found = [one for one in loaded(template(*options)) if one["kind"] == "CronJob"]
    return found[0]["spec"] if found else None


def test_backups_are_made_by_schedule_once_somebody_can_read_them() -> None:
    somebody = ("--set", "backup.recipients=age1abc")
    made = scheduled(*somebody)
    assert made
    assert (made["schedule"], made["timeZone"], made["suspend"]) == ("0 2 * * *", "Etc/UTC", False)
    assert scheduled()["suspend"] is True  # type: ignore[index]
    assert scheduled(*somebody, "--set", "restoring=true")["suspend"] is True  # type: ignore[index]
    assert scheduled(*somebody, "--set", "backup.schedule=") is None


@pytest.mark.parametrize("size", SIZES)
def test_scheduled_backup_is_what_an_operator_would_make(size: str) -> None:
    pods = pod_specs(size)
    by_hand, by_itself = (pods[part]["containers"][0] for part in BACKUPS)
    assert [by_itself[part] for part in ("image", "env", "volumeMounts")] == [
        by_hand[part] for part in ("image", "env", "volumeMounts")
    ]
    program, group, command, *words = by_itself["command"]
    assert (program, group) == ("quill", "backup")
    asked = get_group(backup.app).commands[command].make_context(command, words).params
    (mounted,) = (one["mountPath"] for one in by_itself["volumeMounts"] if one["name"] == "backups")
    assert {"name": "backups", "persistentVolumeClaim": {"claimName": "backups"}} in pods[BACKUPS[1]]["volumes"]
    assert (str(asked["file"]), asked["keep_days"]) == (mounted, 7)


def test_nothing_that_uses_a_database_runs_while_it_is_restored() -> None:
    objects = loaded(template("--set", "restoring=true"))
    replicas = {one["metadata"]["name"]: one["spec"].get("replicas") for one in objects if one["kind"] == "Deployment"}
    stopped = (*SERVICES, "fhir", "ehrbase")
    assert {name: replicas[name] for name in stopped} == dict.fromkeys(stopped, 0)
    scaled = {one["metadata"]["name"] for one in objects if one["kind"] in {"HorizontalPodAutoscaler", "ScaledObject"}}
    assert scaled == {"caddy"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("part", "variable"), [("letters", "URL"), ("operator", "URL"), ("operator", "MONITOR_URL")])
def test_each_server_of_a_nats_cluster_is_named(size: str, part: str, variable: str, made: dict[str, str]) -> None:
    servers = of_kind(size, "StatefulSet")["nats"]["spec"]
    told = environment(pod_specs(size)[part], made)[f"QUILL_NATS_{variable}"]
    named = [urlsplit(address).hostname for address in told.split(",")]
    number = servers["replicas"]
    assert named == ([f"nats-{one}.{servers['serviceName']}" for one in range(number)] if number > 1 else ["nats"])


@pytest.mark.parametrize("size", SIZES)
def test_jobs_run_in_order_after_installing_and_before_upgrading(size: str, made: dict[str, str]) -> None:
    jobs = of_kind(size, "Job")
    weights = {name: int(job["metadata"]["annotations"]["helm.sh/hook-weight"]) for name, job in jobs.items()}
    first = {f"databases-{cluster}" for cluster in of_kind(size, "Cluster")}
    last = {f"migrate-{service}" for service in SERVICES}
    assert weights.keys() == first | {"provision"} | last
    assert max(weights[name] for name in first) < weights["provision"] < min(weights[name] for name in last)
    for job in jobs.values():
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,pre-upgrade"
    told = environment(pod_specs(size)["provision"], made)
    assert int(told["QUILL_NATS_REPLICAS"]) == of_kind(size, "StatefulSet")["nats"]["spec"]["replicas"]


def test_a_cluster_without_a_database_yet_has_no_job_that_would_wait_for_it(tmp_path: Path) -> None:
    new = {"instances": 3, "storage": "1Gi", "connections": 100, "resources": {}}
    (tmp_path / "new.yaml").write_text(yaml.safe_dump({"postgres": {"clusters": {"new": new}}}))
    done = template("--values", str(tmp_path / "new.yaml"))
    made = {(one["kind"], one["metadata"]["name"]) for one in yaml.safe_load_all(done.stdout) if one}
    assert {("Cluster", "new"), ("Job", "databases-postgres")} <= made
    assert ("Job", "databases-new") not in made


@pytest.mark.parametrize("size", SIZES)
def test_each_workload_is_scaled_by_one_scaler(size: str) -> None:
    scalers = [one for one in render(size) if one["kind"] in {"HorizontalPodAutoscaler", "ScaledObject"}]
    scaled = [one["spec"]["scaleTargetRef"]["name"] for one in scalers]
    deployments = of_kind(size, "Deployment")
    fixed = {name for name, one in deployments.items() if "replicas" in one["spec"]}
    assert sorted(scaled) == sorted(deployments.keys() - fixed)
    if size != "small":
        assert of_kind(size, "ScaledObject").keys() == {"letters", "notify"}
        assert of_kind(size, "HorizontalPodAutoscaler").keys() >= {"auth", "patients"}


def most_replicas(size: str) -> dict[str, int]:
    """How many replicas of each workload there may be, with the one more that an upgrade starts first."""
    fixed = {name: one["spec"].get("replicas") for name, one in of_kind(size, "Deployment").items()}
    scaled = {name: one["spec"]["maxReplicas"] for name, one in of_kind(size, "HorizontalPodAutoscaler").items()}
    by_lag = {name: one["spec"]["maxReplicaCount"] for name, one in of_kind(size, "ScaledObject").items()}
    return {name: 1 + number for name, number in (fixed | scaled | by_lag).items() if number}


def pools(size: str, made: dict[str, str]) -> dict[str, int]:
    """How many connections to its database a replica may open."""
    own = (
        2 * signature(Database).parameters["pool_size"].default + 1
    )  # with as many again under load, and one that asks
    hapi = yaml.safe_load(of_kind(size, "ConfigMap")["fhir"]["data"]["hapi.yaml"])
    ehrbase = environment(pod_specs(size)["ehrbase"], made)["SPRING_DATASOURCE_HIKARI_MAXIMUMPOOLSIZE"]
    clinical = {"fhir": hapi["spring"]["datasource"]["hikari"]["maximum-pool-size"], "ehrbase": int(ehrbase)}
    return dict.fromkeys(SERVICES, own) | clinical


@pytest.mark.parametrize(("name", "setting"), [("fhir", "SPRING_DATASOURCE_URL"), ("ehrbase", "DB_URL")])
def test_clinical_server_keeps_no_connection_to_a_standby(name: str, setting: str, made: dict[str, str]) -> None:
    assert "?targetServerType=primary" in environment(pod_specs("default")[name], made)[setting]


@pytest.mark.parametrize("size", SIZES)
def test_each_postgresql_has_connections_for_all_replicas_that_scaling_may_start(
    size: str, made: dict[str, str]
) -> None:
    most, each = most_replicas(size), pools(size, made)
    for name, cluster in of_kind(size, "Cluster").items():
        wanted = sum(most[one] * each[one] for one, place in databases(size).items() if place == name)
        given = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
        assert wanted + OTHERS <= given, (name, wanted)


@pytest.mark.parametrize("size", SIZES)
def test_postgresql_logs_no_statements(size: str) -> None:
    for cluster in of_kind(size, "Cluster").values():
        assert cluster["spec"]["postgresql"]["parameters"]["log_min_error_statement"] == "panic"


def test_service_that_drains_for_longer_is_given_the_time() -> None:
    objects = loaded(template("--set", "services.notify.settings.QUILL_DRAIN_SECONDS=90"))
    grace = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        for one in objects
        if one["kind"] == "Deployment"
    }
    assert (grace["notify"], grace["auth"]) == (110, 55)


def test_keda_follows_the_durables_of_the_catalogue() -> None:
    wanted = {(one.event.stream(), one.name) for one in DURABLES if not one.ordered}  # an ordered one has one reader
    triggers = {
        name: [one["metadata"] for one in scaled["spec"]["triggers"] if one["type"] == "nats-jetstream"]
        for name, scaled in of_kind("default", "ScaledObject").items()
    }
    assert {(one["stream"], one["consumer"]) for told in triggers.values() for one in told} == wanted
    for service, told in triggers.items():
        assert all(one["consumer"].startswith(f"{service}-") for one in told)
        assert {one["account"] for one in told} == {"QUILL"}
    assert "accounts { QUILL {" in (ROOT / "infra/nats/nats-server.conf").read_text()


def test_keda_asks_where_each_server_of_nats_has_its_name() -> None:
    """KEDA asks servers that advertise no address as `<server>.<host>`, which only their own service knows."""
    assert "no_advertise: true" in (ROOT / "infra/nats/nats-cluster.conf").read_text()
    servers = of_kind("default", "StatefulSet")["nats"]["spec"]["serviceName"]
    headless = of_kind("default", "Service")[servers]["spec"]
    assert headless["clusterIP"] == "None"
    asked = {
        one["metadata"]["natsServerMonitoringEndpoint"]
        for scaled in of_kind("default", "ScaledObject").values()
        for one in scaled["spec"]["triggers"]
        if one["type"] == "nats-jetstream"
    }
    assert asked == {f"{servers}.quill.svc:8222"}
    assert 8222 in {port["port"] for port in headless["ports"]}


def test_caddy_and_services_believe_the_same_neighbours(made: dict[str, str]) -> None:
    pods = pod_specs("default")
    trusted = environment(pods["caddy"], made)["QUILL_TRUSTED_PROXIES"].split()
    for service in SERVICES:
        assert environment(pods[service], made)["FORWARDED_ALLOW_IPS"].split(",") == trusted
    known = set(re.findall(r"\{\$(\w+)", (ROOT / "Caddyfile").read_text()))
    assert environment(pods["caddy"], made).keys() <= known
