"""Commands in the documents are those that exist: programs, targets, options, files, containers."""

import importlib.util
import json
import re
import shlex
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from documentation import DECISIONS, PAGES, ROOT, Command, commands, spans
from native import postgres

ASSIGNMENT = re.compile(r"[A-Z][A-Z_]*=.*", re.DOTALL)
ENDS = {"|", "&&", ";"}
# Docker is not there to be asked; these are the options that we use.
COMPOSE = {
    "up": {"--build", "--detach", "--wait", "--scale"},
    "down": {"--volumes"},
    "run": {"--rm", "-T", "--no-deps"},
    "exec": {"-T"},
    "logs": {"--follow"},
    "build": set(),
    "restart": set(),
    "ps": set(),
}
# The same of what speaks to Kubernetes; names of places in it are those of compose.
HELM = {"--namespace", "--values", "--timeout"}
KUBECTL = {
    "create": {"--namespace", "--from-env-file", "--from", "--dry-run", "--output"},
    "replace": {"--namespace", "--filename"},
    "rollout": {"--namespace"},
    "exec": {"--namespace", "-i"},
    "scale": {"--namespace", "--replicas"},
    "patch": {"--namespace", "--patch"},
    "delete": {"--namespace", "--cascade"},
    "logs": {"--namespace"},
}
CHART = "".join(file.read_text() for file in (ROOT / "infra/k8s/templates").glob("*.yaml"))
SCHEDULED = set(re.findall(r"^kind: CronJob\nmetadata:\n  name: (\S+)$", CHART, re.MULTILINE))
COMPOSED = [yaml.safe_load((ROOT / f"docker-compose{over}.yml").read_text()) for over in ("", ".copy")]
CONTAINERS = {name for one in COMPOSED for name in one["services"]}
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


class Wrong(Exception):
    """A command that cannot work, and why."""


def check(line: str, *, whole: bool = True) -> None:
    """Raise Wrong where a line's commands cannot work; `whole`: with values that could be typed, no placeholders."""
    words: list[str] = []
    for word in [*shlex.split(line, comments=True), ";"]:
        if word not in ENDS:
            words.append(word)
        elif words:
            check_words(words, whole=whole)
            words = []


def check_words(words: list[str], *, whole: bool) -> None:
    redirected = next((place for place, word in enumerate(words) if word in {"<", ">", ">>"}), len(words))
    words = words[:redirected]
    while words and ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]  # test_pages.py looks at the names
    if not words:
        return
    program, *rest = words
    name = program.removeprefix(".venv/bin/")
    checks: dict[str, Callable[[list[str]], None]] = {
        "make": check_make,
        "quill": lambda given: check_quill([word for word in given if word != "…"], whole=whole),
        "docker": lambda given: check_compose(given, whole=whole),
        "helm": check_helm,
        "kubectl": lambda given: check_kubectl(given, whole=whole),
        "python": check_python,
        "pytest": check_paths,
        "sh": lambda given: check(given[1]) if given[0] == "-c" else check_paths(given[:1]),
        "pg_dump": check_pg_dump,
        "npm": check_npm,
        "export": lambda given: check_words(given, whole=whole),
        **dict.fromkeys(("cat", "ls", "rm", "true"), lambda _: None),
    }
    if name in checks:
        checks[name](rest)
    elif name == program or not (ROOT / program).exists():
        raise Wrong(f"nobody knows how to check {program}: teach {Path(__file__).name}")


def check_make(words: list[str]) -> None:
    variables = {word.partition("=")[0] for word in words if "=" in word}
    unknown = {word for word in words if "=" not in word} - TARGETS
    unknown |= {name for name in variables if f"\n{name} ?=" not in MAKEFILE}
    if unknown:
        raise Wrong(f"no target or variable of the Makefile: {unknown}")


def check_npm(words: list[str]) -> None:
    """A script of the package that --prefix names."""
    if words[:1] != ["--prefix"] or not (package := ROOT / words[1] / "package.json").exists():
        raise Wrong("npm is called for a folder with a package.json: npm --prefix web …")
    script = [word for word in words[2:] if word != "run"]
    if len(script) != 1 or script[0] not in json.loads(package.read_text())["scripts"]:
        raise Wrong(f"no script of {package.relative_to(ROOT)}: {script}")


@cache
def quill() -> Any:
    app = typer.Typer()
    for point in entry_points(group="quill.commands"):
        app.add_typer(point.load(), name=point.name)
    return typer.main.get_command(app)


def check_quill(words: list[str], *, whole: bool) -> None:
    command, context = quill(), None
    while words and words[0] in getattr(command, "commands", {}):
        context = command.make_context("quill", words[:1], context)
        command, words = command.commands[words[0]], words[1:]
    grouped = getattr(command, "commands", {})
    if grouped and words and not words[0].startswith("-"):
        raise Wrong(f"no command of quill: {words[0]}")
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    if unknown := {word for word in words if word.startswith("--")} - known:
        raise Wrong(f"no option of quill {command.name}: {unknown}")
    if whole and "--help" not in words and not grouped:
        try:
            command.make_context(command.name, words, context)  # reads the arguments and runs nothing
        except Exception as error:
            raise Wrong(str(error)) from error


def check_compose(words: list[str], *, whole: bool) -> None:
    if words[:1] != ["compose"]:
        raise Wrong("docker compose is what we use of Docker")
    words = words[1:]
    while words[:1] == ["-f"]:
        check_paths(words[1:2])
        words = words[2:]
    if not words or words[0] not in COMPOSE:
        raise Wrong(f"nobody knows how to check docker compose {words[:1]}")
    rest = after_options(words[1:], known=COMPOSE[words[0]])
    for one in [[name] for name in rest] if words[0] == "up" else [rest]:
        check_container(one, whole=whole)


def after_options(words: list[str], *, known: set[str]) -> list[str]:
    while words and words[0].startswith("-"):
        if words[0] not in known:
            raise Wrong(f"nobody knows how to check {words[0]}")
        words = words[2:] if words[0] == "--scale" and scales(words[1]) else words[1:]
    return words


def scales(word: str) -> bool:
    name, _, number = word.partition("=")
    if name not in CONTAINERS or not number.isdecimal():
        raise Wrong(f"cannot be scaled: {word}")
    return True


def check_container(words: list[str], *, whole: bool) -> None:
    """A container, and the command in it; of those that operators use it is quill itself."""
    if words and words[0] not in CONTAINERS:
        raise Wrong(f"no container is called {words[0]}")
    inside = ["quill", *words[1:]] if words[:1] in (["operator"], ["backup"]) else words[1:]
    check_words(inside, whole=whole)


def check_helm(words: list[str]) -> None:
    """Install or upgrade a release from the chart, with values that are here or the reader's own (ours.yaml)."""
    if words[:1] not in (["install"], ["upgrade"]) or words[2:3] != ["infra/k8s"]:
        raise Wrong("helm installs or upgrades a release from infra/k8s")
    given = dict(zip(words[3::2], words[4::2], strict=True)) if len(words) % 2 else {"": ""}
    if unknown := given.keys() - HELM:
        raise Wrong(f"no option of helm that we use: {unknown}")
    values = [word for before, word in pairwise(words) if before == "--values"]
    check_paths([word for word in values if word != "ours.yaml"])


def check_kubectl(words: list[str], *, whole: bool) -> None:
    """One of the few commands that we use, on places that are there; what `exec` runs in one is looked at, too."""
    if not words or words[0] not in KUBECTL:
        raise Wrong(f"nobody knows how to check kubectl {words[:1]}")
    end = words.index("--") if "--" in words else len(words)
    options = {word.partition("=")[0] for word in words[:end] if word.startswith("-")}
    if unknown := options - KUBECTL[words[0]]:
        raise Wrong(f"no option of kubectl {words[0]} that we use: {unknown}")
    places = [word.partition("/")[2] for word in words[1:end] if word.startswith(("deployment/", "job/"))]
    scheduled = {word.partition("/")[2] for word in words[1:end] if word.startswith("cronjob/")}
    if unknown := (set(places) - CONTAINERS) | (scheduled - SCHEDULED):
        raise Wrong(f"no such place: {unknown}")
    check_words(words[end + 1 :], whole=whole)


def check_python(words: list[str]) -> None:
    if words[:1] == ["-m"]:
        if importlib.util.find_spec(words[1]) is None:
            raise Wrong(f"no module {words[1]}")
        check_paths([word for word in words[2:] if "/" in word and not word.startswith("-")])
        return
    check_paths(words[:1])
    source = (ROOT / words[0]).read_text()
    if unknown := [word for word in words[1:] if word.startswith("--") and word not in source]:
        raise Wrong(f"no option of {words[0]}: {unknown}")


def check_paths(words: list[str]) -> None:
    if absent := [word for word in words if not word.startswith("-") and not (ROOT / word).exists()]:
        raise Wrong(f"not there: {absent}")


@cache
def pg_dump_help() -> str:
    told = subprocess.run([postgres.wheel_binaries() / "pg_dump", "--help"], capture_output=True, text=True, check=True)
    return told.stdout


def check_pg_dump(words: list[str]) -> None:
    if unknown := [word for word in words if word.startswith("--") and word.partition("=")[0] not in pg_dump_help()]:
        raise Wrong(f"no option of pg_dump: {unknown}")


COMMANDS = list(commands())
STARTS = re.compile(r"(make|quill|docker compose|python|pg_dump|sh infra/\S+|\.venv/bin/\S+) \S")
PARTS = {point.name for point in entry_points(group="quill.commands")}
MENTIONED = sorted({span for page in PAGES for span in spans(page) if STARTS.match(span)})
SHORT = sorted({span for page in PAGES for span in spans(page) if span.partition(" ")[0] in PARTS and " " in span})


@pytest.mark.parametrize("command", [one for one in COMMANDS if not one.run_by], ids=str)
def test_command_of_a_block_exists_with_its_options(command: Command) -> None:
    check(command.line)


@pytest.mark.parametrize("text", MENTIONED)
def test_command_within_a_sentence_exists(text: str) -> None:
    check(text, whole=False)


@pytest.mark.parametrize("text", SHORT)
def test_command_of_quill_without_its_name_exists(text: str) -> None:
    check(f"quill {text}", whole=False)


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.run_by], ids=str)
def test_block_is_run_by_a_test_that_reads_it(command: Command) -> None:
    source = (ROOT / str(command.run_by)).read_text()
    assert command.page.name in source or "from documentation import" in source


@pytest.mark.parametrize(
    "line",
    [
        "make nothing",
        "make story M=3",
        "quill doktor",
        "quill dlq bury",
        "quill dlq show",
        "quill dlq show seventeen",
        "quill events replay notify-letter-created --from 2h",
        "quill events republish letters --since yesterday",
        "docker compose up --scale letter=3",
        "docker compose run --rm operator dlq bury 1",
        "docker compose -f compose.yml up",
        "python docs/generator.py",
        "python docs/generate.py --verify",
        "sh -c 'pg_dump --formt=custom'",
        ".venv/bin/nothing",
        "kubectl apply",
        "kubectl exec deployment/lettres -- quill doctor",
        "kubectl exec deployment/auth -- quill doktor",
        "kubectl scale deployment/auth --replica 2",
        "kubectl create job now --from cronjob/nightly",
        "helm install quill infra/k9s",
        "helm install quill infra/k8s --values infra/k8s/values/tiny.yaml",
        "helm upgrade quill infra/k8s --wait now",
        "npm install",
        "npm --prefix web run typos",
        "npm --prefix docs run types",
        "make help && make nothing",
    ],
)
def test_command_that_cannot_work_is_noticed(line: str) -> None:
    with pytest.raises(Wrong):
        check(line)


def test_every_page_and_decision_is_looked_at() -> None:
    assert len(PAGES) > 10
    assert len(DECISIONS) > 10
    assert len(COMMANDS) > 30
    assert len(MENTIONED) > 20
