"""What the launcher reads from the environment."""

from pathlib import Path

import pytest
from native.errors import LaunchError
from native.settings import REPOSITORY, read_settings


def test_empty_environment_gives_the_documented_defaults() -> None:
    settings = read_settings({})
    assert (settings.port, settings.home, settings.demo) == (8080, REPOSITORY / ".quill", True)
    assert settings.cache == Path.home() / ".cache" / "quill"
    assert settings.origin == "http://localhost:8080"


def test_cache_follows_xdg_and_quill_cache_wins() -> None:
    assert read_settings({"XDG_CACHE_HOME": "/x"}).cache == Path("/x/quill")
    assert read_settings({"XDG_CACHE_HOME": "/x", "QUILL_CACHE": "/y"}).cache == Path("/y")


@pytest.mark.parametrize(("value", "demo"), [("0", False), ("no", False), ("1", True), ("", True)])
def test_demo_is_on_unless_it_is_refused(value: str, demo: bool) -> None:
    assert read_settings({"DEMO": value}).demo is demo


@pytest.mark.parametrize(("value", "observe"), [("0", False), ("no", False), ("1", True), ("", False)])
def test_prometheus_is_off_unless_it_is_asked_for(value: str, observe: bool) -> None:
    assert read_settings({"OBSERVE": value}).observe is observe
    assert read_settings({}).observe is False


def test_origins_are_split_at_commas() -> None:
    settings = read_settings({"QUILL_PUSH_ORIGINS": "http://127.0.0.1:1, https://push.example.org ,"})
    assert settings.push_origins == ("http://127.0.0.1:1", "https://push.example.org")


def test_replicas_are_read_by_service() -> None:
    assert read_settings({"QUILL_REPLICAS": "letters=2, notify=1"}).replicas == {"letters": 2, "notify": 1}


@pytest.mark.parametrize(("chosen", "nodes"), [({}, 1), ({"QUILL_NATS_NODES": "3"}, 3)])
def test_broker_is_one_unless_a_cluster_is_asked_for(chosen: dict[str, str], nodes: int) -> None:
    assert read_settings(chosen).nats_nodes == nodes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUILL_PORT", "http"),
        ("QUILL_PORT", "0"),
        ("QUILL_PORT", "65536"),
        ("QUILL_REPLICAS", "postgres=2"),
        ("QUILL_REPLICAS", "letters"),
        ("QUILL_REPLICAS", "letters=0"),
        ("QUILL_NATS_NODES", "2"),
        ("QUILL_NATS_NODES", "three"),
        ("QUILL_EHRBASE_JAR", "/nowhere/ehrbase.jar"),
    ],
)
def test_nonsense_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(LaunchError, match=name):
        read_settings({name: value})


@pytest.mark.parametrize(
    ("beside", "reason"),
    [({"QUILL_EHRBASE_URL": "http://127.0.0.1:1"}, "not both"), ({"QUILL_COPY": "/copy"}, "QUILL_COPY does not copy")],
)
def test_ehrbase_by_jar_is_refused_beside_what_it_excludes(beside: dict[str, str], reason: str, tmp_path: Path) -> None:
    jar = tmp_path / "ehrbase.jar"
    jar.touch()
    with pytest.raises(LaunchError, match=reason):
        read_settings({"QUILL_EHRBASE_JAR": str(jar), **beside})


def test_copy_is_kept_in_a_folder_only_if_one_is_named() -> None:
    assert read_settings({"QUILL_COPY": ""}).copy is None
    assert read_settings({"QUILL_COPY": "/mnt/copy"}).copy == Path("/mnt/copy")
