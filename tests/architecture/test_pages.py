"""The documents are true of the code: links lead somewhere, settings and files exist, error texts are printed."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from documentation import DECISIONS, PAGES, ROOT, spans
from native.settings import read_settings
from ops.backup import BackupSettings as OperatorSettings
from ops.copy import CopySettings

INDEX = ROOT / "docs/README.md"
TROUBLES = ROOT / "docs/troubleshooting.md"
EXAMPLE = (ROOT / ".env.example").read_text()
LISTED = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
LINK = re.compile(r"\]\(([^)\s]+)\)")
SETTING = re.compile(r"\b(?:QUILL_[A-Z][A-Z_]*[A-Z]|NATS_[A-Z]+_PASSWORD)\b")
# Where variables are read or set that are nobody's field: the launcher, jobs, Caddy, containers.
CHOSEN_IN = (
    *("infra/native/native/*.py", "infra/native/sync.sh", "infra/nats/provision/*.py", "services/*/migrations/env.py"),
    *("Caddyfile", "docker-compose*.yml"),
)
# Nobody chooses these: secrets that infra/docker/make-env.sh makes, what tests ask for, the launcher's mark on its own.
MADE = re.compile(
    r"QUILL_DB_PASSWORD(_\w+)?|NATS_\w+_PASSWORD|QUILL_(AUTH|NOTIFY)_ENCRYPTION_KEY(_PREVIOUS)?|QUILL_EHRBASE_ADMIN_PASSWORD"
)
FOR_TESTS = {"QUILL_CLOCK_PORT", "QUILL_TEST_CLOCK", "QUILL_TEST_ROUTES", "QUILL_APP_FACTORY", "QUILL_PYTHON"}
MARKS = {"QUILL_PROCESS"}
LAUNCHERS_OWN = {"DEMO", "OBSERVE"}
# Where containers and pods are told settings.
TOLD_IN = ("docker-compose*.yml", "infra/docker/*", "infra/k8s/values.yaml", "infra/k8s/*/*.yaml", "infra/k8s/*/*.tpl")
TOP_FOLDERS = "bench|docs|infra|libs|services|tests|web"
FILE = re.compile(rf"(?<![\w/.])(?:{TOP_FOLDERS})/[\w./<>*-]+")


def headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path) -> Iterator[str]:
    for link in LINK.findall(page.read_text()):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in headings(file)):
            yield link


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_index_names_every_page() -> None:
    named = {(INDEX.parent / link.partition("#")[0]).resolve() for link in LINK.findall(INDEX.read_text())}
    assert [page.name for page in PAGES if page.parent == INDEX.parent and page not in named | {INDEX}] == []


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS], ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = {name.rstrip("/.") for span in spans(page) for name in FILE.findall(span)}
    assert [name for name in named if not list(ROOT.glob(re.sub(r"<\w+>", "*", name)))] == []


def fields() -> set[str]:
    """The variables that services and the operator's commands read."""
    services = (importlib.import_module(f"{name}.settings") for name in ("auth", "patients", "letters", "notify"))
    models = [*(module.Settings for module in services), OperatorSettings, CopySettings]
    return {f"QUILL_{field.upper()}" for model in models for field in model.model_fields}


def settings() -> set[str]:
    """Every variable that somebody who runs Quill can choose."""
    files = [file for pattern in CHOSEN_IN for file in ROOT.glob(pattern)]
    named = fields() | {name for file in files for name in SETTING.findall(file.read_text())}
    return {name.removesuffix("_FILE") for name in named if not MADE.fullmatch(name)} - FOR_TESTS - MARKS


def test_example_lists_every_setting_and_no_other() -> None:
    listed = set(re.findall(r"^#?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert settings() - listed == set()
    assert listed - settings() - LAUNCHERS_OWN == set()


def test_page_of_settings_has_every_setting_and_no_other() -> None:
    assert settings() | FOR_TESTS | LAUNCHERS_OWN == LISTED


def test_settings_that_containers_are_told_exist() -> None:
    files = [file for pattern in TOLD_IN for file in ROOT.glob(pattern) if file.is_file()]
    named = {name for file in files for name in SETTING.findall(file.read_text()) if not MADE.fullmatch(name)}
    assert len(named) > 60
    assert {name.removesuffix("_FILE") for name in named} - LISTED == set()


def told_of(file: str) -> dict[str, str]:
    """The defaults that a file's comments name."""
    return dict(re.findall(r"^# ([A-Z_]+) \[[^\];]+; ([^\]]+)\] ", (ROOT / file).read_text(), re.MULTILINE))


def test_launcher_has_the_defaults_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    told = told_of("infra/native/native/settings.py")
    assert told.pop("QUILL_CACHE") == "~/.cache/quill"
    assert len(told) == 9
    assert read_settings(told) == read_settings({})


def test_caddy_has_the_defaults_that_it_names() -> None:
    assert told_of("Caddyfile") == dict(re.findall(r"\{\$(\w+):([^}]+)\}", (ROOT / "Caddyfile").read_text()))


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS], ids=lambda page: page.name)
def test_settings_that_a_page_names_exist(page: Path) -> None:
    named = {name.removesuffix("_FILE").removesuffix("_PREVIOUS") for name in SETTING.findall(page.read_text())}
    unknown = {name for name in named - settings() - FOR_TESTS if not MADE.fullmatch(name)}
    assert unknown - variables_of_tests() == set()


@cache
def variables_of_tests() -> set[str]:
    """What only suites read."""
    folders = [
        ROOT / "tests",
        *(ROOT / "infra").glob("*/tests"),
        *ROOT.glob("libs/*/tests"),
        *ROOT.glob("services/*/tests"),
    ]
    return {name for folder in folders for file in folder.rglob("*.py") for name in SETTING.findall(file.read_text())}


@cache
def printed() -> list[str]:
    """Every text of the code, with `…` for what is put in: Python's strings, and the lines of scripts."""
    folders = ("libs", "services", "infra", "tests", "docs")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py") if file != Path(__file__)]
    scripts = [*ROOT.glob("infra/**/*.sh"), *ROOT.glob("docker-compose*.yml"), ROOT / "pyproject.toml"]
    texts = [text for file in files for text in strings(ast.parse(file.read_text()))]
    return texts + [line for script in scripts for line in script.read_text().splitlines()]


def strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


def is_printed(quoted: str) -> bool:
    """Whether the parts between the `…` of a quotation stand in one text, in that order."""
    pattern = re.compile(".*".join(re.escape(part) for part in quoted.split("…")), re.DOTALL)
    return any(pattern.search(text) for text in printed())


ROWS = [line.split(" | ") for line in TROUBLES.read_text().splitlines() if line.startswith("| `")]
QUOTED = [text for row in ROWS for text in re.findall(r"`([^`]+)`", row[0])]


@pytest.mark.parametrize("text", QUOTED)
def test_text_of_troubleshooting_is_still_in_the_code(text: str) -> None:
    assert max(map(len, text.split("…"))) >= 6, "says too little to be found"
    assert is_printed(text)


def test_every_text_of_troubleshooting_has_a_cause_and_a_cure() -> None:
    assert len(ROWS) > 60
    assert [row[0] for row in ROWS if len(row) != 3 or not all(cell.strip(" |") for cell in row)] == []


def test_text_that_nobody_prints_is_noticed() -> None:
    assert not is_printed("Port … is occupied; choose another with QUILL_PORT")
    assert not is_printed("choose another with QUILL_PORT … is taken")
