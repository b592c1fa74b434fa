"""The chart renders in every size, and each object is what Kubernetes, KEDA and CloudNativePG take."""

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml
from chart import (
    CHART,
    KUBERNETES,
    ROOT,
    SIZES,
    of_kind,
    operator_schemas,
    pod_specs,
    render,
    run_helm,
    template,
    values_of,
)
from documentation import spans

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
KUBERNETES_MINIMUM = "1.34"
PAGE = (ROOT / "docs/kubernetes.md").read_text()


@pytest.mark.parametrize("size", SIZES)
def test_lint_finds_nothing(size: str) -> None:
    done = run_helm("lint", "--strict", str(CHART), *values_of(size))
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout
    assert "[ERROR]" not in done.stdout


@pytest.mark.parametrize("version", [KUBERNETES_MINIMUM, KUBERNETES])
@pytest.mark.parametrize("size", SIZES)
def test_objects_follow_their_schemas(size: str, version: str) -> None:
    operators = operator_schemas()
    for one in render(size):
        if one["kind"] in operators:
            jsonschema.Draft202012Validator(operators[one["kind"]]).validate(one)
        else:
            kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("size", SIZES)
def test_objects_have_one_name_each_and_the_release_knows_them(size: str) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in render(size)]
    assert len(names) == len(set(names))
    for one in render(size):
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "quill"
        assert re.fullmatch(r"[a-z0-9-]{1,63}", one["metadata"]["name"])


def test_operator_fields_are_of_the_versions_that_the_page_asks_for() -> None:
    for kind, schema in operator_schemas().items():
        product, version = schema["title"].split(" ")
        assert re.search(rf"{product}\S* \| {re.escape(version)}", PAGE), kind
    assert f'">={KUBERNETES_MINIMUM}' in (CHART / "Chart.yaml").read_text()
    assert f"Kubernetes | {KUBERNETES_MINIMUM}" in PAGE


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("services.auth.scalng.min=1", "scalng"),
        ("services.letters.scaling.min=none", "min"),
        ("services.auth.settings.LOG_LEVEL=INFO", "LOG_LEVEL"),
        ("databases.auth=nowhere", "nowhere"),
        ("nats.replicas=2", "replicas"),
        ("hots=letters.example.org", "hots"),
        ("host=https://letters.example.org", "host"),
        ("spread.zones=Sometimes", "zones"),
        ("backup.schedule=nightly", "schedule"),
        ("backup.keepDays=0", "keepDays"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(setting: str, named: str) -> None:
    done = template("--set", setting)
    assert done.returncode != 0
    assert named in done.stderr


def schema_at(path: str) -> object:
    """What the schema of the values says of `a.b.c`; `<name>` is any member. Raises KeyError where there is nothing."""
    whole = json.loads((CHART / "values.schema.json").read_text())
    here = whole
    for step in path.split("."):
        members = here.get("properties", {})
        here = next(iter(members.values()), here.get("additionalProperties")) if step == "<name>" else members[step]
        if "$ref" in here:
            here = whole["definitions"][here["$ref"].rpartition("/")[2]]
    return here


def test_values_that_the_page_names_exist() -> None:
    roots = yaml.safe_load((CHART / "values.yaml").read_text()).keys()
    named = {span.partition(":")[0] for span in spans(ROOT / "docs/kubernetes.md") if span.split(".")[0] in roots}
    paths = {path for path in named if "." in path and not path.endswith((".yaml", ".secrets"))}
    assert len(paths) > 8
    for path in paths:
        assert schema_at(path), path


@pytest.mark.parametrize("image", ["service", "caddy", "nats", "fhir", "ehrbase", "psql"])
def test_images_are_those_of_compose(image: str) -> None:
    named = {"service": "auth", "psql": "postgres"}.get(image, image)
    assert yaml.safe_load((CHART / "values.yaml").read_text())["images"][image] == COMPOSE[named]["image"]


@pytest.mark.parametrize("size", SIZES)
def test_pods_have_least_privilege(size: str) -> None:
    for name, pod in pod_specs(size).items():
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            own = container["securityContext"]
            assert own["readOnlyRootFilesystem"] is True
            assert own["allowPrivilegeEscalation"] is False
            added = ["NET_BIND_SERVICE"] if name == "caddy" else []
            assert own["capabilities"] == {"drop": ["ALL"]} | ({"add": added} if added else {})
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert re.search(r":v?\d+\.\d+", container["image"])


@pytest.mark.parametrize("size", SIZES)
def test_what_has_replicas_is_spread_and_leaves_one_by_one(size: str) -> None:
    budgets = of_kind(size, "PodDisruptionBudget")
    workloads = of_kind(size, "Deployment", "StatefulSet")
    assert budgets.keys() == workloads.keys() - {"operator", "backup"}
    for name, budget in budgets.items():
        template = workloads[name]["spec"]["template"]
        chosen = budget["spec"]["selector"]["matchLabels"]
        assert chosen.items() <= template["metadata"]["labels"].items()
        assert workloads[name]["spec"]["selector"]["matchLabels"] == chosen
        spread = template["spec"]["topologySpreadConstraints"]
        assert {one["topologyKey"] for one in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
        assert all(one["labelSelector"]["matchLabels"] == chosen for one in spread)


@pytest.mark.parametrize("size", SIZES)
def test_what_serves_says_whether_it_is_alive_and_ready(size: str) -> None:
    for name, one in of_kind(size, "Deployment", "StatefulSet").items():
        (container,) = one["spec"]["template"]["spec"]["containers"]
        assert name in {"operator", "backup"} or {"livenessProbe", "readinessProbe"} <= container.keys(), name


@pytest.mark.parametrize("size", SIZES)
def test_services_find_the_pods_of_their_name(size: str) -> None:
    workloads = of_kind(size, "Deployment", "StatefulSet")
    for name, service in of_kind(size, "Service").items():
        template = workloads[name.removesuffix("-servers")]["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        ports = {port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
        assert {port["port"] for port in service["spec"]["ports"]} <= ports


def test_files_are_those_of_compose_and_make_run() -> None:
    linked = [path for path in (CHART / "files").rglob("*") if path.suffix in {".sql", ".conf"}]
    assert len(linked) == 7
    assert all(path.is_symlink() and path.resolve().is_relative_to(ROOT / "infra") for path in linked)
    assert (CHART / "files/hapi.yaml").resolve() == ROOT / "infra/docker/hapi.yaml"
    told = of_kind("default", "ConfigMap")
    assert told["fhir"]["data"]["hapi.yaml"].strip() == (ROOT / "infra/docker/hapi.yaml").read_text().strip()


def test_a_packed_chart_needs_no_other_file(tmp_path: Path) -> None:
    done = run_helm("package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.glob("*.tgz")
    listed = subprocess.run(["tar", "--list", "--file", package], check=True, capture_output=True, text=True).stdout
    assert "quill/files/nats-server.conf" in listed
    assert "tests" not in listed
    done = template(chart=package)
    assert [one for one in yaml.safe_load_all(done.stdout) if one] == list(render("default"))
