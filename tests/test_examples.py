"""The scripts in `examples/`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))


def expected(path: Path) -> str:
    """Return what a script's docstring says it prints."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return dedent(text.partition("Prints:\n")[2]) + "\n"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, tmp_path: Path) -> None:
    """Every example runs anywhere and prints exactly what its docstring says."""
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == expected(path), result.stderr
    assert list(tmp_path.iterdir()) == [], "it left files behind"


def test_examples_are_found() -> None:
    """There are examples, each in their list, and each says what it prints."""
    assert EXAMPLES
    listed = (EXAMPLES[0].parent / "README.md").read_text(encoding="utf-8")
    assert [path for path in EXAMPLES if f"({path.name})" not in listed] == []
    assert all(expected(path).strip() for path in EXAMPLES)
