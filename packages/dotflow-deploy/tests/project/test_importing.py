"""A workflow that cannot be made is refused before anything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.project import load_project

if TYPE_CHECKING:
    from pathlib import Path


def make(root: Path, text: str) -> Path:
    (root / "flow.py").write_text(text)
    (root / "requirements.txt").write_text("dotflow\n")
    return root


@pytest.mark.parametrize(
    "text",
    [
        "def build(): ...",
        "build = 1",
        "a = build = print",
        "if True:\n    def build(): ...",
        "try:\n    from os import path as build\nexcept ImportError: ...",
        "from os import *",
        "def __getattr__(name): ...",
        "class build: ...",
        "build: int = 3",
    ],
)
def test_what_is_there(tmp_path: Path, text: str) -> None:
    """However a module binds the name, it is found by reading alone."""
    load_project(make(tmp_path, text), name="my", workflow="flow:build")


@pytest.mark.parametrize("text", ["", "def other(): ...", "def f():\n    build = 1"])
def test_what_is_not(tmp_path: Path, text: str) -> None:
    """A name that the module does not bind is refused, with those that it does."""
    with pytest.raises(InvalidProject, match="has no 'build'"):
        load_project(make(tmp_path, text), name="my", workflow="flow:build")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raise RuntimeError('boom')\ndef build(): ...", "boom"),
        ("import os\nos.environ['NOT_SET']\ndef build(): ...", "NOT_SET"),
        ("raise SystemExit(0)\ndef build(): ...", "cannot be imported"),
        ("import os\nos._exit(0)\ndef build(): ...", "ends the program"),
        ("import missing_of_ours.x\ndef build(): ...", None),
        ("from flow import nothing\ndef build(): ...", "nothing"),
        ("build = 1\ndel build", "has no 'build'"),
    ],
)
def test_imports(tmp_path: Path, text: str, why: str | None) -> None:
    """An import that fails is refused with its reason; for lack of a dependency, told."""
    project = load_project(make(tmp_path, text), name="my", workflow="flow:build")
    told: list[str] = []
    if why is None:
        project.check_import(told.append)
        assert "missing_of_ours is not installed here" in told[0]
        return
    with pytest.raises(InvalidProject, match=why):
        project.check_import(told.append)


def test_variables_of_a_deployment(tmp_path: Path) -> None:
    """What is given with --env is there when the module is tried out."""
    text = "import os\nos.environ['STAGE']\ndef build(): ..."
    env = {"STAGE": "prod"}
    root = make(tmp_path, text)
    project = load_project(root, name="my", workflow="flow:build", env=env)
    project.check_import(print)
