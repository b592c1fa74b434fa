"""Who may connect to whom in the cluster: the arrows of the design, as compose and NATS draw them, and no others."""

import json
import re
from itertools import product

import pytest
import yaml
from chart import ROOT, SIZES, arrows, loaded, of_kind, pods, selects, template

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
# Pods that do what another container does in compose.
AS_IN_COMPOSE = {"scheduled-backup": "backup"}
NATS_USERS = set(re.findall(r"^\s+user: (\w+)$", (ROOT / "infra/nats/nats-server.conf").read_text(), re.MULTILINE))


def in_compose(name: str) -> set[str]:
    """The networks of a container."""
    return set(COMPOSE["services"][AS_IN_COMPOSE.get(name, name)].get("networks", []))


@pytest.mark.parametrize("size", SIZES)
def test_nobody_connects_who_shares_no_network_in_compose(size: str) -> None:
    clusters = of_kind(size, "Cluster").keys()
    for source, target, port in arrows(size):
        if source == target:
            assert source in clusters | {"nats"}, (source, port)
            continue
        one, other = ("postgres" if name in clusters else name for name in (source, target))
        assert in_compose(one) & in_compose(other), (source, target, port)


@pytest.mark.parametrize("size", SIZES)
def test_everybody_reaches_what_compose_tells_them_of(size: str) -> None:
    allowed = {(source, target) for source, target, _ in arrows(size)}
    clusters = of_kind(size, "Cluster").keys()
    there = {one.name: AS_IN_COMPOSE.get(one.name, one.name) for one in pods(size)}
    for source, container in there.items():
        told = " ".join(map(str, COMPOSE["services"].get(container, {}).get("environment", {}).values()))
        named = set(re.findall(r"(?:://|@)([a-z]+):\d", told)) - {source}
        if container == "backup":  # it is told what the operator is told, and asks what keeps something only
            named &= {"postgres", "nats"}
        for host in named:
            reached = {target for one, target in allowed if one == source}
            assert reached & clusters if host == "postgres" else host in reached, (source, host)
    for service in ("auth", "patients", "letters", "notify"):
        assert ("caddy", service) in allowed


@pytest.mark.parametrize("size", SIZES)
def test_clients_of_nats_are_its_users(size: str) -> None:
    sources = {source for source, target, port in arrows(size) if (target, port) == ("nats", 4222)}
    clients = {AS_IN_COMPOSE.get(source, source) for source in sources}
    assert clients == NATS_USERS - {"partner"}  # who has no pod of ours
    assert {source for source, target, port in arrows(size) if (target, port) == ("nats", 6222)} == {"nats"}


def test_a_service_reaches_no_other_services_database() -> None:
    reached = {(source, target) for source, target, port in arrows("region") if port == 5432}
    for service, other in product(("auth", "patients", "letters", "notify", "fhir", "ehrbase"), repeat=2):
        assert ((service, f"postgres-{other}") in reached) is (service == other)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_not_allowed_is_denied(size: str) -> None:
    spec = of_kind(size, "NetworkPolicy")["default-deny"]["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    expected = {("caddy", "fhir"), ("caddy", "nats"), ("patients", "ehrbase"), ("letters", "fhir"), ("fhir", "nats")}
    assert expected.isdisjoint({(source, target) for source, target, _ in arrows(size)})


@pytest.mark.parametrize("size", SIZES)
def test_the_world_is_reached_from_where_compose_lets_it(size: str) -> None:
    outside = {name for name in COMPOSE["services"] if "outbound" in in_compose(name)}
    clusters = set(of_kind(size, "Cluster"))
    leaving, entered = set(), set()
    for policy in of_kind(size, "NetworkPolicy").values():
        chosen = {one.name for one in pods(size) if selects(policy["spec"]["podSelector"], one.labels)}
        for rule in policy["spec"].get("egress", []):
            leaving |= chosen if any("ipBlock" in peer for peer in rule["to"]) else set()
        for rule in policy["spec"].get("ingress", []):
            entered |= chosen if any("namespaceSelector" in peer for peer in rule["from"]) else set()
    assert leaving == outside | clusters  # PostgreSQL's servers ask Kubernetes who leads
    assert entered == {"caddy"} | clusters | (set() if size == "small" else {"nats"})  # by ingress, operator, KEDA


OURS = {"auth", "patients", "letters", "notify", "caddy", "nats"}
MONITORED = {"monitoring": (OURS, {8000, 2020, 8222}), "monitoring-of-postgres": ({"postgres"}, {9187})}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("monitoring", MONITORED), ("partners", {"outside-into-nats": ({"nats"}, {4222})})],
)
def test_whoever_is_named_from_outside_reaches_that_and_no_more(
    setting: str, expected: dict[str, tuple[set[str], set[int]]]
) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "theirs"}}}
    objects = loaded(template("--set-json", f"network.{setting}={json.dumps([peer])}"))
    policies = {one["metadata"]["name"]: one["spec"] for one in objects if one["kind"] == "NetworkPolicy"}
    named = {name: rule for name, one in policies.items() for rule in one.get("ingress", []) if peer in rule["from"]}
    assert named.keys() == expected.keys()
    for name, (reached, ports) in expected.items():
        assert {port["port"] for port in named[name]["ports"]} == ports
        assert {one.name for one in pods("default") if selects(policies[name]["podSelector"], one.labels)} == reached
