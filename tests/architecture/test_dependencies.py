"""What routes depend on: FastAPI runs a plain function in a thread, which costs half a millisecond (measured)."""

import ast
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [*(ROOT / "libs/common/common").glob("*.py"), *(ROOT / "services").glob("*/*/**/*.py")]
NODES = list(chain.from_iterable(ast.walk(ast.parse(file.read_text())) for file in FILES))


def test_nothing_that_a_route_depends_on_runs_in_a_thread() -> None:
    calls = [node for node in NODES if isinstance(node, ast.Call)]
    named = {ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) in {"Depends", "Security"}}
    coroutines = {node.name for node in NODES if isinstance(node, ast.AsyncFunctionDef)}
    assert "caller_of" in named
    assert named <= coroutines
