"""What cannot be changed of a release that is there, the chart refuses before anything is touched."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from chart import template

WORKLOADS = "/apis/apps/v1"
VERBS = ["get", "list"]
STATEFULSETS = {"name": "statefulsets", "kind": "StatefulSet", "namespaced": True, "verbs": VERBS, "singularName": ""}
# As much of the API of Kubernetes as helm asks for before it looks for an object.
API: Mapping[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]}],
    },
    WORKLOADS: {"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [STATEFULSETS]},
}


class Kubernetes(BaseHTTPRequestHandler):
    """A cluster in which a release has three servers of NATS."""

    def do_GET(self) -> None:
        name = {"name": "nats", "namespace": "quill"}
        there = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": name, "spec": {"replicas": 3}}
        known = {**API, f"{WORKLOADS}/namespaces/quill/statefulsets/nats": there}
        found = known.get(self.path.partition("?")[0])
        absent = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(found or absent).encode())

    def log_message(self, *_: object) -> None:
        """Helm says what it found."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    server = HTTPServer(("127.0.0.1", 0), Kubernetes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    clusters = [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}]
    contexts = [{"name": "test", "context": {"cluster": "test", "user": ""}}]
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps({"clusters": clusters, "contexts": contexts, "current-context": "test"}))
    yield file
    server.shutdown()
    server.server_close()


def upgraded(kubeconfig: Path, namespace: str, replicas: int) -> CompletedProcess[str]:
    """What helm would send to the cluster."""
    there = ("--namespace", namespace, "--kubeconfig", str(kubeconfig), "--dry-run=server")
    return template(*there, "--set", f"nats.replicas={replicas}")


@pytest.mark.parametrize("replicas", [1, 5])
def test_another_number_of_nats_servers_is_refused(kubeconfig: Path, replicas: int) -> None:
    done = upgraded(kubeconfig, "quill", replicas)
    assert done.returncode != 0
    assert "nats.replicas: there are 3 servers" in done.stderr


@pytest.mark.parametrize(("namespace", "replicas"), [("quill", 3), ("another", 1)])
def test_the_same_number_and_a_new_release_are_not(kubeconfig: Path, namespace: str, replicas: int) -> None:
    done = upgraded(kubeconfig, namespace, replicas)
    assert done.returncode == 0, done.stderr
    assert "kind: StatefulSet" in done.stdout
