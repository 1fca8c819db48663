"""Run the cells of the notebook, and print what each shows."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "etl.ipynb"


def run_cell(source: str, names: dict[str, Any]) -> object:
    """Run a cell, and return the value of its last line."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "<cell>", "exec"), names)
        return None
    rest = ast.Module(tree.body[:-1], type_ignores=[])
    exec(compile(rest, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)


def main() -> None:
    """Run all cells in the main module, as Jupyter does."""
    names = vars(sys.modules["__main__"])
    for cell in json.loads(FILE.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            shown = run_cell("".join(cell["source"]), names)
            if hasattr(shown, "_repr_html_") and type(shown).__name__ == "RunReport":
                print("the report as HTML:", "<svg" in shown._repr_html_())
            elif shown is not None and type(shown).__name__ != "Manager":
                print(repr(shown))


if __name__ == "__main__":
    main()
