"""Budgets that keep the code readable (ADR 4): checked here, so that they are not only remembered."""

import ast
import io
import subprocess
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LIMIT, TEST_FILE_LIMIT = 300, 400
FUNCTION_LIMIT, TEST_FUNCTION_LIMIT = 40, 60
COMMON_CODE_LIMIT, COMMON_MODULES_LIMIT = 2900, 30
SERVICE_LIMITS = {"auth": 2720, "patients": 1650, "letters": 1680, "notify": 1550}

type Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.split() if "/migrations/versions/" not in name]
    return [file for file in files if file.exists()]


def is_test(file: Path) -> bool:
    return "tests" in file.relative_to(ROOT).parts or file.name == "conftest.py"


def functions(file: Path) -> list[Function]:
    tree = ast.parse(file.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of_code(file: Path) -> int:
    """Lines that hold code: no blank lines, comments or docstrings, nor the texts below members of a class."""
    text = file.read_text()
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            documented |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = {line for token in tokens if token.type not in empty for line in range(token.start[0], token.end[0] + 1)}
    return len(code - documented)


def test_files_stay_within_their_limit() -> None:
    lengths = {file: len(file.read_text().splitlines()) for file in python_files()}
    assert lengths
    too_long = {
        str(file): length
        for file, length in lengths.items()
        if length > (TEST_FILE_LIMIT if is_test(file) else FILE_LIMIT)
    }
    assert too_long == {}


def test_functions_stay_within_their_limit() -> None:
    too_long = {
        f"{file}:{one.name}": length
        for file in python_files()
        for one in functions(file)
        if (length := (one.end_lineno or one.lineno) - one.lineno + 1)
        > (TEST_FUNCTION_LIMIT if is_test(file) else FUNCTION_LIMIT)
    }
    assert too_long == {}


def test_most_functions_are_short() -> None:
    lengths = sorted(
        (one.end_lineno or one.lineno) - one.lineno + 1
        for file in python_files()
        if not is_test(file)
        for one in functions(file)
    )
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[int(len(lengths) * 0.9)] <= 20


def test_common_stays_small() -> None:
    modules = sorted((ROOT / "libs/common/common").glob("*.py"))
    assert len(modules) <= COMMON_MODULES_LIMIT
    assert sum(map(lines_of_code, modules)) <= COMMON_CODE_LIMIT


@pytest.mark.parametrize("service", SERVICE_LIMITS)
def test_services_stay_small(service: str) -> None:
    files = (ROOT / "services" / service / service).rglob("*.py")
    assert sum(map(lines_of_code, files)) <= SERVICE_LIMITS[service]


@pytest.mark.parametrize("service", SERVICE_LIMITS)
def test_services_use_the_role_files(service: str) -> None:
    folder = ROOT / "services" / service / service
    assert {"main.py", "settings.py", "errors.py"} <= {file.name for file in folder.glob("*.py")}
    assert list(folder.rglob("utils.py")) == []
