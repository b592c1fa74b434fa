"""Alert rules and dashboards: right for Prometheus, each alert fires and clears, each has a page, each name is ours."""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart import of_kind
from native import prometheus
from native.errors import LaunchError
from native.home import Home
from native.settings import REPOSITORY, SERVICES, read_settings
from observe.panels import FILES, filled, load
from observe.rules import RULES, shortened
from programs import lack
from prometheus_client import REGISTRY

OBSERVE = REPOSITORY / "infra/observe"
RUNBOOKS = REPOSITORY / "docs/runbooks"
CASES = yaml.safe_load((OBSERVE / "alerts.test.yml").read_text())["tests"]
SEVERITIES = {"page", "ticket"}
OTHERS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}  # the client library's own
LASTING = re.compile(r"\b\d+(ms|s|m)\b")
# What common.scrape looks up: its gauges are made anew for each answer.
LOOKED_UP = re.compile(r'_gauge\(\s*"([a-z_]+)"')


@pytest.fixture(scope="module")
def promtool(server_folder: Path) -> Path:
    """Debian's, unless there is one; without a way to get it nothing here can be shown."""
    home = Home(server_folder / "promtool")
    home.create()
    try:
        return asyncio.run(prometheus.find(home, read_settings({}).cache, name="promtool"))
    except LaunchError as error:
        lack(f"promtool cannot be had here: {error}")


def checked(promtool: Path, *arguments: str, folder: Path = OBSERVE) -> str:
    run = subprocess.run([promtool, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def expressions(dashboard: Path) -> list[str]:
    """The queries of a dashboard, with what Grafana puts in."""
    return [filled(query, "1m") for panel in load(dashboard).panels for query, _ in panel.queries]


def names() -> set[str]:
    """Every series that the services tell."""
    for module in ("common.metrics", "notify.sender", "notify.webhooks.sender"):
        import_module(module)
    counted = {f"{family.name}{suffix}" for family in REGISTRY.collect() for suffix in _suffixes(family.type)}
    source = (REPOSITORY / "libs/common/common/scrape.py").read_text()
    return counted | {f"quill_{name}" for name in LOOKED_UP.findall(source)}


def _suffixes(kind: str) -> Iterator[str]:
    yield from {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(kind, [""])


def test_rules_and_configurations_are_right(promtool: Path, tmp_path: Path) -> None:
    checked(promtool, "check", "rules", "alerts.yml")
    checked(promtool, "check", "config", "prometheus.yml")
    inside = (OBSERVE / "kubernetes.yml").read_text()  # Debian's Prometheus cannot ask Kubernetes, so it is told here
    told = "kubernetes_sd_configs:\n      - role: pod\n        namespaces: {names: [quill]}"
    assert told in inside
    inside = inside.replace(told, "static_configs: [{targets: [here]}]").replace(
        "alerts.yml", str(OBSERVE / "alerts.yml")
    )
    (tmp_path / "kubernetes.yml").write_text(inside)
    checked(promtool, "check", "config", "kubernetes.yml", folder=tmp_path)


def scraped(name: str) -> dict[str, Any]:
    """The one job of a Prometheus's configuration."""
    (job,) = yaml.safe_load((OBSERVE / name).read_text())["scrape_configs"]
    found: dict[str, Any] = job
    return found


def test_whatever_is_looked_at_is_missed_when_it_is_no_target_any_more() -> None:
    (rule,) = (rule for rule in RULES if rule["alert"] == "QuillServiceDown")
    missed = set(re.findall(r'absent\(up\{job="quill", service="(\w+)"\}\)', rule["expr"]))
    names, in_kubernetes = scraped("prometheus.yml")["dns_sd_configs"], scraped("kubernetes.yml")["relabel_configs"][0]
    assert missed == {*SERVICES, "caddy"}
    assert {name for one in names for name in one["names"]} == missed
    assert set(re.findall(r"(\w+);(?:http|metrics)", in_kubernetes["regex"])) == missed


def test_pods_in_kubernetes_are_found_by_what_the_chart_calls_them() -> None:
    pods, (rule, *_) = of_kind("default", "Deployment"), scraped("kubernetes.yml")["relabel_configs"]
    found: set[tuple[str, int]] = set()
    for name, one in pods.items():
        template = one["spec"]["template"]
        known = {re.sub(r"[./-]", "_", key): value for key, value in template["metadata"]["labels"].items()}
        labels = [known.get(label.removeprefix("__meta_kubernetes_pod_label_")) for label in rule["source_labels"][:2]]
        for port in template["spec"]["containers"][0].get("ports", []):
            if re.fullmatch(rule["regex"], ";".join([*map(str, labels), port["name"]])):
                found.add((name, port["containerPort"]))
    assert found == {*((name, 8000) for name in SERVICES), ("caddy", 2020)}


def test_each_alert_fires_by_its_fault_and_clears_after_it(promtool: Path) -> None:
    checked(promtool, "test", "rules", "alerts.test.yml")
    tried: dict[str, list[bool]] = {}
    for case in CASES:
        for one in sorted(case["alert_rule_test"], key=lambda one: int(one["eval_time"].rstrip("m"))):
            tried.setdefault(one["alertname"], []).append(bool(one["exp_alerts"]))
    assert tried == {rule["alert"]: [False, True, False] for rule in RULES}


def test_alert_that_would_fire_otherwise_fails_the_check(promtool: Path, tmp_path: Path) -> None:
    rules, cases = ((OBSERVE / name).read_text() for name in ("alerts.yml", "alerts.test.yml"))
    assert rules.count("> 0.05") == 1
    (tmp_path / "alerts.yml").write_text(rules.replace("> 0.05", "> 0.15"))
    (tmp_path / "alerts.test.yml").write_text(cases)
    with pytest.raises(AssertionError, match="QuillErrors"):
        checked(promtool, "test", "rules", "alerts.test.yml", folder=tmp_path)


def test_rules_that_last_shorter_are_right_and_compare_with_the_same(promtool: Path, tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps(shortened(15)))
    checked(promtool, "check", "rules", str(file))
    (group,) = shortened(15)["groups"]
    by_name = {rule["alert"]: rule for rule in group["rules"]}
    assert [rule["alert"] for rule in RULES] == [*by_name]
    assert "[20000ms:1000ms]" in by_name["QuillConsumerStuck"]["expr"]
    assert "offset 60000ms" in by_name["QuillPushesRefused"]["expr"]
    assert (by_name["QuillServiceDown"]["for"], by_name["QuillPushesFailing"]["for"]) == ("4000ms", "60000ms")
    for rule in RULES:
        assert LASTING.sub("", by_name[rule["alert"]]["expr"]) == LASTING.sub("", rule["expr"])


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"} == {rule["alert"] for rule in RULES}
    told = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", (RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    assert told == [(rule["alert"], rule["labels"]["severity"]) for rule in RULES]
    assert {severity for _, severity in told} == SEVERITIES


@pytest.mark.parametrize("alert", [rule["alert"] for rule in RULES])
def test_page_says_what_it_means_and_what_to_do(alert: str) -> None:
    text = (RUNBOOKS / f"{alert}.md").read_text()
    severity = next(rule["labels"]["severity"] for rule in RULES if rule["alert"] == alert)
    parts = [
        f"# {alert}\n",
        f"(severity `{severity}`)",
        "**What people notice.**",
        "## Look\n",
        "## Fix\n",
        "It clears",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def series(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:quill|process)_[a-z_]+\b", re.sub(r'"[^"]*"', "", expression)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alert_looks_at_series_that_there_are(rule: dict[str, Any]) -> None:
    assert series(rule["expr"]) - names() == set()


@pytest.mark.parametrize("dashboard", FILES, ids=lambda file: file.stem)
def test_dashboard_shows_series_that_there_are(dashboard: Path, promtool: Path, tmp_path: Path) -> None:
    queries = expressions(dashboard)
    assert len(queries) > 8
    assert set().union(*map(series, queries)) - names() - OTHERS == set()
    rules = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    checked(promtool, "check", "rules", str(file))


def test_every_series_is_on_a_dashboard() -> None:
    shown = set().union(*(series(query) for dashboard in FILES for query in expressions(dashboard)))
    ours = {name for name in names() if name.startswith("quill_") and not name.endswith(("_sum", "_count", "_bucket"))}
    assert ours - shown - {"quill_look_done"} == set()


def test_every_series_is_explained() -> None:
    page = (REPOSITORY / "docs/operations.md").read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    told = {f"quill_{name}" for row in rows for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert told == {re.sub("_(bucket|count|sum)$", "", name) for name in names() if name.startswith("quill_")}
