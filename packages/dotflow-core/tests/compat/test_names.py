"""Every import path of dotflow 1.x, from one table: `names.toml`."""

from __future__ import annotations

import ast
import importlib
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dotflow
from dotflow.errors import ModuleNotFound
from dotflow.testing.imports import imported_by

TABLE = tomllib.loads((Path(__file__).parent / "names.toml").read_text("utf-8"))
ROOT = Path(dotflow.__file__).parent
# The folders that hold doors and nothing else, and two doors that stand outside.
FOLDERS = ("cli", "cloud", "core", "utils")
OTHERS = ("dotflow.abc.flow", "dotflow.main", "dotflow.testing.storage_contract")
# Doors that came with 2, for what has moved since.
OURS = {"dotflow.core.builder", "dotflow.core.callbacks", "dotflow.core.single_task"}
SIBLINGS = {
    "dotflow.cli": "dotflow_cli",
    "dotflow.cloud": "dotflow_deploy",
    "dotflow.core.serializers": "dotflow_schema",
}
LONGEST = 25  # lines of a door


def pairs(group):
    return [
        (path, name) for path, names in TABLE[group].items() for name in names.split()
    ]


def needed(path):
    """Name the distribution that a door leads to, None within the core."""
    return next(
        (s for p, s in SIBLINGS.items() if f"{path}.".startswith(f"{p}.")), None
    )


def file_of(path):
    base = ROOT.joinpath(*path.split(".")[1:])
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@pytest.mark.parametrize(("path", "name"), pairs("homes") + pairs("doors"))
def test_every_name_of_1x_is_where_it_was(path, name):
    """`from path import name` works for every path and name that 1.x had."""
    if needed(path):
        pytest.importorskip(needed(path))
    assert getattr(importlib.import_module(path), name) is not None


@pytest.mark.parametrize(("path", "name"), pairs("integrations"))
def test_every_integration_is_where_it_was_or_says_what_to_install(path, name):
    """A provider of an extra is at its path, which else names the line to type."""
    try:
        found = getattr(importlib.import_module(path), name)
    except ImportError as error:
        assert "pip install" in str(error)  # noqa: PT017 - either of the two is right
    else:
        assert isinstance(found, type)


@pytest.mark.parametrize(("path", "word"), TABLE["gone"].items())
def test_a_path_without_successor_says_where_to_look(path, word):
    """What 2 has in no form any more is an ImportError that names the package to see."""
    pytest.importorskip(word)
    with pytest.raises(ImportError, match=word):
        importlib.import_module(path)


@pytest.mark.parametrize("path", TABLE["doors"])
def test_a_door_only_imports(path):
    """A door is a few lines that import: no function, no class, no state of its own."""
    text = file_of(path).read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign, ast.If)
    # One that forwards to an optional distribution looks its names up when asked.
    lazy = path.startswith("dotflow.core.serializers") or path == "dotflow.main"
    for statement in ast.parse(text).body:
        assert isinstance(statement, allowed) or lazy, ast.unparse(statement)


def test_every_door_is_in_the_table():
    """No file in the doors' folders is missing in the table, nor the other way round."""
    files = {
        ".".join(
            ("dotflow", *file.relative_to(ROOT).with_suffix("").parts)
        ).removesuffix(".__init__")
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("*.py")
    }
    packages = {"dotflow.cli", "dotflow.cloud", "dotflow.core"}
    packages.add("dotflow.core.serializers")
    gone = set(TABLE["gone"]) - {"dotflow.cli.validators.start"}
    assert files == (set(TABLE["doors"]) - set(OTHERS)) | gone | packages | OURS


@pytest.mark.parametrize(
    ("path", "library"), [("cli.setup", "dotflow-cli"), ("cloud.aws", "dotflow-deploy")]
)
def test_a_door_to_an_absent_distribution_says_what_to_install(
    monkeypatch, path, library
):
    """Where the other distribution is absent, the line to type is in the error."""
    package = library.replace("-", "_")

    class Absent:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name in list(sys.modules):
        if name.startswith((f"{package}.", "dotflow.cli", "dotflow.cloud")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent, *sys.meta_path])
    with pytest.raises(ModuleNotFound, match=f"pip install {library}"):
        importlib.import_module(f"dotflow.{path}")


def test_an_error_inside_an_installed_distribution_is_not_hidden(monkeypatch, tmp_path):
    """An installed package that lacks a dependency of its own says so itself."""
    from dotflow.base.forward import import_sibling

    (tmp_path / "sibling_of_test.py").write_text("import seeds_nobody_has")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="seeds_nobody_has"):
        import_sibling("sibling_of_test", "sibling")


def test_one_object_under_all_its_paths():
    """A door leads to the same object, so `isinstance` and `except` hold across them."""
    from dotflow.core import task, types
    from dotflow.core.decorators import time
    from dotflow.core.dotflow import DotFlow
    from dotflow.core.types.status import TypeStatus
    from dotflow.utils.tools import write_file

    assert DotFlow is dotflow.DotFlow
    assert task.Task is dotflow.Task
    assert types.TypeStatus is TypeStatus
    assert write_file is importlib.import_module("dotflow.utils").write_file
    assert importlib.import_module("dotflow.core.decorators.time").time is time
    assert dotflow.action is importlib.import_module("dotflow.core.action").Action


def test_what_was_pickled_by_an_old_path_is_read():
    """A pickle that names a path of 1.x is read through its door."""
    old = b"cdotflow.core.types.status\nTypeStatus\n."
    assert pickle.loads(old) is importlib.import_module("dotflow.types").TypeStatus


@pytest.mark.parametrize("path", ["dotflow.core.types.status", "dotflow.utils.tools"])
def test_a_door_can_be_run_as_a_module(path):
    """`python -m` of a door does nothing, and does so without an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", path], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nobody_pays_for_doors_that_he_does_not_open():
    """`import dotflow`, and a workflow, load none of the doors, and nothing heavy."""
    found = imported_by(
        "from dotflow import Config, Context, DotFlow, action; DotFlow()"
    )
    doors = ("dotflow.cli", "dotflow.cloud", "dotflow.core", "dotflow.utils")
    assert [name for name in found if name.startswith(doors)] == []
    tops = {name.partition(".")[0] for name in found}
    heavy = {"asyncio", "multiprocessing", "sqlite3", "urllib", "subprocess"}
    assert heavy & tops == set()
    assert tops - {"dotflow"} - sys.stdlib_module_names == set()


def test_unknown_names_are_attribute_errors():
    """A name that does not exist is an `AttributeError` that repeats it."""
    with pytest.raises(AttributeError, match="has no attribute 'Dotflow'"):
        dotflow.Dotflow  # noqa: B018
