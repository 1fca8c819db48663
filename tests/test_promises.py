from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*ROOT.glob("packages/*/tests/**/*.py"), *ROOT.glob("tests/**/*.py")])


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_test_states_a_promise(path: Path) -> None:
    """Every test has a docstring of one sentence."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.name.startswith("test_"):
            promise = ast.get_docstring(node) or ""
            assert promise.endswith("."), f"{path}:{node.lineno} {node.name}"
            assert "\n\n" not in promise, f"{path}:{node.lineno} {node.name}"
