"""Whether the module of a workflow imports, seen before anything is made of it."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from dotflow_deploy.errors import InvalidProject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_SECONDS: Final = 60
_MARK: Final = "dotflow-import: "

# What an import prints is the user's; what it comes to is behind the mark. Standard
# library that is missing here, or a dependency, is no fault of the module.
_PROGRAM: Final = f"""
import importlib, sys, traceback
module, factory, *ours = sys.argv[1:]
try:
    found = importlib.import_module(module)
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ours:
        print("{_MARK}absent", error.name)
        raise SystemExit
    traceback.print_exc()
    raise SystemExit(3)
except BaseException as error:
    traceback.print_exc()
    raise SystemExit(3)
print("{_MARK}found" if hasattr(found, factory) else "{_MARK}lacking")
"""


def module_file(root: Path, module: str) -> Path | None:
    """Return the file of a module of a project, None where it is in none of its folders.

    Args:
        root: The project's folder.
        module: Its dotted name.
    """
    path = module.replace(".", "/")
    for top in (root, root / "src"):
        for name in (f"{path}.py", f"{path}/__init__.py"):
            if (top / name).is_file():
                return top / name
    return None


def check_factory(root: Path, module: str, factory: str) -> None:
    """Read, without importing it, whether a module has a function of that name.

    Args:
        root: The project's folder.
        module: The module. One of a distribution is not read.
        factory: The function.

    Raises:
        InvalidProject: The module does not parse, or has nothing of that name.
    """
    path = module_file(root, module)
    if path is None:
        return
    names = top_names(path)
    if names is not None and factory not in names:
        near = ", ".join(sorted(name for name in names if not name.startswith("_")))
        raise InvalidProject(
            f"{path} has no {factory!r}: name a function of it that returns the workflow"
            f" with --workflow. It has: {near[:200] or 'nothing'}{_absent(root, path)}"
        )


def _absent(root: Path, path: Path) -> str:
    """Say which module that a file imports at its top is not to be found here."""
    roots = {
        name.partition(".")[0]
        for node in _parsed(path).body
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    for name in sorted(roots - {""}):
        if module_file(root, name) is None and importlib.util.find_spec(name) is None:
            return f". No module named {name!r} is here, which it imports"
    return ""


def top_names(path: Path) -> set[str] | None:
    """Return the names that a module binds, None where that is not to be read.

    Args:
        path: Its file.

    Raises:
        InvalidProject: It does not parse.
    """
    names: set[str] = set()
    waiting: list[ast.AST] = list(_parsed(path).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            if any(alias.name == "*" for alias in node.names):
                return None
            names |= {a.asname or a.name.partition(".")[0] for a in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        else:
            # Bodies of `if`, `try`, `with`, and the targets of an assignment.
            waiting += list(ast.iter_child_nodes(node))
    return None if "__getattr__" in names else names


def functions(path: Path) -> set[str]:
    """Return the names of a module's functions, but those that are coroutines.

    Args:
        path: Its file.

    Raises:
        InvalidProject: It does not parse.
    """
    body = _parsed(path).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef)}


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{path}, line {line}" if line else str(path)
        told = getattr(error, "msg", None) or str(error)
        raise InvalidProject(f"{where}: {told}") from error


def check_import(
    root: Path,
    module: str,
    factory: str,
    env: Mapping[str, str],
    echo: Callable[[str], None],
) -> None:
    """Import the module of a workflow in a process of its own.

    Args:
        root: The project's folder, or a copy of it.
        module: The module.
        factory: The function.
        env: Variables that are set there.
        echo: Takes a line where a dependency is missing here, and so nothing is known.

    Raises:
        InvalidProject: The import fails, or there is no such function.
    """
    place = root.resolve()
    if module_file(place, module) is None:
        return  # whoever packages it looks for it there
    ours = {p.stem for top in (place, place / "src") for p in top.glob("*")}
    arguments = [module, factory, *sorted(ours)]
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, *arguments],
            cwd=place,
            env=_environment(place, env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InvalidProject(
            f"{module} was not imported within {_SECONDS} s: what takes long"
            " belongs into a step"
        ) from None
    told = [x for x in done.stdout.splitlines() if x.startswith(_MARK)][-1:]
    said = told[0].removeprefix(_MARK) if told else "failed"
    if said.startswith("absent"):
        name = said.partition(" ")[2]
        echo(f"{module} was not tried out: {name} is not installed here")
    elif said == "lacking":
        raise InvalidProject(
            f"{module} has no {factory!r}: name a function of it that"
            " returns the workflow with --workflow"
        )
    elif said != "found":
        reason = (
            "\n".join(done.stderr.strip().splitlines()[-8:]) or "it ends the program"
        )
        raise InvalidProject(
            f"{module} cannot be imported, and nothing was made of it. A variable"
            f" that it needs is given with --env:\n{reason}"
        )


def _environment(place: Path, env: Mapping[str, str]) -> dict[str, str]:
    paths = [str(place), str(place / "src"), os.environ.get("PYTHONPATH", "")]
    more = {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**os.environ, **env, **more}
