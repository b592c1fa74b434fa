"""The bills of materials name what our images are made of, and nothing that only builds or tests them."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from programs import lack

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if shutil.which("npm") is None:
        lack("npm, which lists the web app's packages, is not here")
    folder = tmp_path_factory.mktemp("sbom")
    subprocess.run(["sh", ROOT / "infra/docker/sbom.sh", folder], check=True, capture_output=True, timeout=120)
    return {path.name.partition(".")[0]: json.loads(path.read_text()) for path in folder.iterdir()}


def named(bill: dict[str, Any]) -> set[str]:
    """Every package of a bill, as its registry spells it."""
    return {f"{one['group']}/{one['name']}" if one.get("group") else one["name"] for one in bill["components"]}


def test_every_part_has_an_identity(bills: dict[str, Any]) -> None:
    assert bills.keys() == {"service", "caddy"}
    for bill in bills.values():
        assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
        outside = [one for one in bill["components"] if not one["name"].startswith("quill")]
        assert len(outside) > 40
        assert all(re.match(r"pkg:(pypi|npm)/\S+@\d", one["purl"]) for one in outside)


def test_services_bill_has_what_its_image_installs(bills: dict[str, Any]) -> None:
    dockerfile = (ROOT / "infra/docker/Dockerfile").read_text()
    installed = set(re.findall(r"--package (quill-\w+)", dockerfile))
    assert installed <= named(bills["service"])
    projects = [tomllib.loads(path.read_text())["project"] for path in ROOT.glob("services/*/pyproject.toml")]
    needed = {re.split(r"[\[<>=~ ]", one)[0] for project in projects for one in project["dependencies"]}
    assert needed <= named(bills["service"])
    assert {"pytest", "mypy", "playwright", "quill-native"}.isdisjoint(named(bills["service"]))


def test_caddys_bill_has_what_the_app_brings_into_browsers(bills: dict[str, Any]) -> None:
    package = json.loads((ROOT / "web/package.json").read_text())
    names = {
        one["purl"].removeprefix("pkg:npm/").replace("%40", "@").rpartition("@")[0]
        for one in bills["caddy"]["components"]
    }
    assert set(package["dependencies"]) <= names
    assert {"vite", "vitest", "typescript", "workbox-build"}.isdisjoint(names)
    parts = {one["bom-ref"] for one in bills["caddy"]["components"]}
    assert {other for one in bills["caddy"]["dependencies"] for other in one["dependsOn"]} <= parts
