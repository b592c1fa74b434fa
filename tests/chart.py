"""The Helm chart of infra/k8s as it renders: its objects, their pods, and which pods may connect to which."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from programs import lack

ROOT = Path(__file__).parents[1]
CHART = ROOT / "infra/k8s"
SIZES = ("default", "small", "hospital", "region")
SERVICES = ("auth", "patients", "letters", "notify")
KUBERNETES = "1.36"
CONNECT_PORTS = {4222, 5432, 6222, 8000, 8080, 8222}

type Object = dict[str, Any]


@cache
def helm() -> str:
    """Where helm is, built once; without Go the test is skipped."""
    done = subprocess.run(["sh", CHART / "helm.sh"], check=False, capture_output=True, text=True)
    if "is not here" in done.stderr:
        lack(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def values_of(size: str) -> list[str]:
    """The options that choose the values of a size; the default has none."""
    return [] if size == "default" else ["--values", str(CHART / f"values/{size}.yaml")]


def run_helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What helm says, whether it likes it or not."""
    return subprocess.run([helm(), *arguments], check=False, capture_output=True, text=True, timeout=120)


def template(*options: str, chart: Path = CHART) -> subprocess.CompletedProcess[str]:
    """The chart as helm renders it for a namespace called quill, with these options."""
    place = ("--namespace", "quill", "--kube-version", f"{KUBERNETES}.0")
    return run_helm("template", "quill", str(chart), *place, *options)


def loaded(done: subprocess.CompletedProcess[str]) -> list[Object]:
    """The objects that helm rendered."""
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


@cache
def render(size: str) -> Sequence[Object]:
    """Every object of a size, in a namespace called quill."""
    return loaded(template(*values_of(size)))


def of_kind(size: str, *kinds: str) -> dict[str, Object]:
    """The objects of these kinds, by name."""
    return {one["metadata"]["name"]: one for one in render(size) if one["kind"] in kinds}


def pod_templates(size: str) -> dict[str, Object]:
    """The pods that the chart describes itself with their labels, by the name of their workload or job."""
    workloads = of_kind(size, "Deployment", "StatefulSet", "Job")
    scheduled = {name: one["spec"]["jobTemplate"] for name, one in of_kind(size, "CronJob").items()}
    return {name: one["spec"]["template"] for name, one in (workloads | scheduled).items()}


def pod_specs(size: str) -> dict[str, Object]:
    """The same without the labels."""
    return {name: one["spec"] for name, one in pod_templates(size).items()}


def environment(pod: Object, secrets: Mapping[str, str]) -> dict[str, str]:
    """What the first container of a pod is told, with the values that its secrets have."""
    found: dict[str, str] = {}
    for one in pod["containers"][0]["env"]:
        source = one.get("valueFrom", {})
        reference = source.get("secretKeyRef", {})
        if key := reference.get("key"):
            if key in secrets or not reference.get("optional"):
                found[one["name"]] = secrets[key]
        elif not source:
            value = one["value"]
            for name in found:
                value = value.replace(f"$({name})", found[name])
            found[one["name"]] = value
    return found


@dataclass(frozen=True)
class Pods:
    """Pods that are alike: what they are called here, and the labels by which policies know them."""

    name: str
    labels: Mapping[str, str]


def pods(size: str) -> list[Pods]:
    """Every kind of pod in the namespace: the chart's and those that CloudNativePG makes."""
    labels = [one["metadata"]["labels"] for one in pod_templates(size).values()]
    own = {one["app.kubernetes.io/name"]: one for one in labels}
    made = [Pods(name, one) for name, one in own.items()]
    return made + [Pods(name, {"cnpg.io/cluster": name}) for name in of_kind(size, "Cluster")]


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels: by matchLabels and the operator In, all that the chart uses."""
    wanted = dict(selector.get("matchLabels", {}))
    for one in selector.get("matchExpressions", []):
        assert one["operator"] == "In"
        if labels.get(one["key"]) not in one["values"]:
            return False
    return all(labels.get(key) == value for key, value in wanted.items())


def _lets(policies: Sequence[Object], here: Pods, there: Pods, port: int, way: tuple[str, str, str]) -> bool:
    """Whether some policy of `here` lets it connect to `there`, or be connected from there."""
    kind, rules, peers = way
    for spec in (one["spec"] for one in policies):
        if kind not in spec["policyTypes"] or not selects(spec["podSelector"], here.labels):
            continue
        for rule in spec.get(rules, []):
            inside = [one["podSelector"] for one in rule[peers] if set(one) == {"podSelector"}]
            if port in {one["port"] for one in rule["ports"]} and any(selects(one, there.labels) for one in inside):
                return True
    return False


def arrows(size: str) -> Iterator[tuple[str, str, int]]:
    """Who may connect to whom within the namespace, and on which port: where both sides are allowed to."""
    policies = list(of_kind(size, "NetworkPolicy").values())
    everyone = pods(size)
    for source in everyone:
        for target in everyone:
            for port in CONNECT_PORTS:
                out = _lets(policies, source, target, port, ("Egress", "egress", "to"))
                if out and _lets(policies, target, source, port, ("Ingress", "ingress", "from")):
                    yield source.name, target.name, port


def operator_schemas() -> dict[str, Object]:
    """The fields that the chart may use of the operators' kinds (infra/k8s/tests/operators.json), by kind."""
    schemas: dict[str, Object] = json.loads((CHART / "tests/operators.json").read_text())
    return schemas
