"""`Module`: an object by the dotted path that names it."""

from __future__ import annotations

import os.path
import sys

import pytest

from dotflow.base.arguments import Module
from dotflow.errors import ImportModuleError


@pytest.mark.parametrize("path", ["os.path.join", "os.path:join"])
def test_module_imports_by_path(path):
    """`Module` returns the object that a dotted path names, with `.` or `:`."""
    assert Module(path) is os.path.join


def test_module_lets_objects_through():
    """`Module` returns anything that is not a text as it is."""
    assert Module(len) is len
    assert Module(None) is None


@pytest.mark.parametrize(
    "path", ["os", "", ".", "os.", ":join", "no_such_module.x", "os.path.nothing"]
)
def test_module_says_where_a_path_ends(path):
    """A path that leads nowhere is repeated in the error."""
    with pytest.raises(ImportModuleError) as caught:
        Module(path)
    assert f"'{path}'" in str(caught.value)


def test_module_lets_errors_of_user_code_through(tmp_path, monkeypatch):
    """A module missing inside the user's module is not blamed on the path."""
    (tmp_path / "needs_more.py").write_text("import not_installed_anywhere\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        Module("needs_more.step")


def test_module_finds_the_current_directory(tmp_path, monkeypatch):
    """What lies in the current directory can be named."""
    (tmp_path / "lies_here.py").write_text("value = 5\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    assert Module("lies_here.value") == 5
