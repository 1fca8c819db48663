"""What the command owes those who read it: other programs, pipes, plain terminals."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

posix = pytest.mark.skipif(os.name != "posix", reason="pipes and terminals of POSIX")

LOUD = """
import atexit, os
print("import")
atexit.register(print, "exit")
from steps import *

def build():
    print("factory")
    os.write(1, b"descriptor\\n")
    return chain()
"""
PACKAGE = {
    "src/shop/__init__.py": "",
    "src/shop/steps.py": "from dotflow import action\n@action\ndef load(): return 1\n",
    "src/shop/flow.py": """from dotflow import DotFlow
from .steps import load

def build():
    workflow = DotFlow()
    workflow.task.add(load)
    return workflow
""",
}


@pytest.mark.parametrize("command", [["start"], ["start", "--dry-run"]])
def test_json_stands_alone(dotflow: Run, folder: Path, command: list[str]) -> None:
    """With `--json` whatever else is printed goes to standard error, to the very end."""
    (folder / "loud.py").write_text(LOUD)
    result = dotflow(*command, "-w", "loud:build", "--json")
    assert json.loads(result.stdout)["tasks"], result.stderr
    for noise in ("import", "factory", "descriptor", "exit"):
        assert f"{noise}\n" in result.stderr


@posix
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["runs", "-o", "sqlite:///runs.db"],
        ["start", "-w", "steps:chain", "--json"],
        ["start", "-w", "loud:build"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_a_closed_pipe(
    dotflow: Run,
    program: Path,
    folder: Path,
    environ: dict[str, str],
    command: list[str],
    unbuffered: str,
) -> None:
    """Once nobody reads its output it ends with 141, and says nothing of that."""
    (folder / "loud.py").write_text(LOUD)
    assert (
        dotflow("start", "-w", "steps:chain", "-o", "sqlite:///runs.db").returncode == 0
    )
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [program, *command, *(["--progress=none"] if command[0] == "start" else [])],
        cwd=folder,
        env=environ | {"PYTHONUNBUFFERED": unbuffered},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    os.close(writer)
    assert result.returncode == 141, result.stderr
    assert "BrokenPipe" not in result.stderr or command[0] == "start"
    assert "Exception ignored" not in result.stderr


def test_prints_come_in_their_place(
    program: Path, folder: Path, environ: dict[str, str]
) -> None:
    """What a step prints stands in a log file where it was printed."""
    result = subprocess.run(
        [program, "start", "-s", "steps.greet", "-i", "1", "--progress", "plain"],
        cwd=folder,
        env=environ | {"PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    first, second, third, *_ = result.stdout.splitlines()
    assert (first, second) == ("greet: started", "got 1")
    assert third.startswith("greet: completed")


@posix
def test_no_color(
    dotflow: Run, program: Path, folder: Path, environ: dict[str, str]
) -> None:
    """A terminal gets no colours where `NO_COLOR` is set."""
    import pty

    dotflow("start", "-w", "steps:chain", "-o", "sqlite:///runs.db")

    def shown(variables: dict[str, str]) -> str:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [program, "show", "-o", "sqlite:///runs.db"],
            cwd=folder,
            env=environ | variables,
            stdout=theirs,
        ) as running:
            os.close(theirs)
            text = b""
            while chunk := _read(ours):
                text += chunk
        os.close(ours)
        assert running.returncode == 0
        return text.decode()

    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]m")
    assert colour.search(shown({}))
    assert not colour.search(shown({"NO_COLOR": "1"}))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so that the other end is closed
        return b""


def test_a_mark_in_front_of_json(dotflow: Run, folder: Path) -> None:
    """Files that begin with a byte order mark are read as if they did not."""
    (folder / "day.json").write_text("[1]", encoding="utf-8-sig")
    for result in (
        dotflow("start", "-s", "steps.greet", "-i", "@day.json"),
        dotflow("start", "-s", "steps.greet", "-i", "-", input="\ufeff[1]"),
    ):
        assert "got [1]" in result.stdout, result.stderr


def test_a_mark_in_front_of_a_setting(dotflow: Run, folder: Path) -> None:
    """`dotflow.toml` may begin with a byte order mark."""
    (folder / "dotflow.toml").write_text(
        '[storage.StorageSQLite]\npath = "kept.db"\n',
        encoding="utf-8-sig",
    )
    (folder / "flow.py").write_text(
        "from dotflow import Config, DotFlow\nfrom steps import one\n"
        "def build():\n    flow = DotFlow(Config.from_file())\n    flow.task.add(one)\n"
        "    return flow\n"
    )
    result = dotflow("start", "-w", "flow:build")
    assert result.returncode == 0, result.stderr
    assert (folder / "kept.db").exists()


def test_a_newline_behind_a_variable(dotflow: Run, folder: Path) -> None:
    """A variable that was read from a file may end with a newline."""
    result = dotflow("start", "-s", "steps.one", DOTFLOW_STORAGE="sqlite:///runs.db\n")
    assert result.returncode == 0, result.stderr
    result = dotflow(
        "start", "-s", "steps.one", "-o", "sqlite", DOTFLOW_OUTPUT_PATH="out\n"
    )
    assert result.returncode == 0, result.stderr
    assert {"runs.db", "out"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("where", ["shop.flow:build", "src/shop/flow.py:build"])
@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_a_package_below_src(dotflow: Run, folder: Path, where: str, mode: str) -> None:
    """A package below `src` is found, and may import what is beside it."""
    for path, text in PACKAGE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    result = dotflow("start", "-w", where, "-m", mode)
    assert result.returncode == 0, result.stderr


def test_init_in_a_new_repository(dotflow: Run, folder: Path) -> None:
    """A folder that holds only `.git` counts as empty."""
    (folder / "my-shop" / ".git").mkdir(parents=True)
    assert dotflow("init", "my-shop", "--defaults").returncode == 0
    assert (folder / "my-shop" / "pyproject.toml").exists()


def test_doctor_names_what_exists(dotflow: Run) -> None:
    """`doctor` names all distributions of ours, and how each is installed."""
    root = Path(__file__).parents[3]
    found = json.loads(dotflow("doctor", "--json").stdout)
    ours = {path.parent.name for path in root.glob("packages/*/pyproject.toml")}
    assert set(found["distributions"]) == ours - {"dotflow"}
    extras = tomllib.loads(
        (root / "packages/dotflow/pyproject.toml").read_text("utf-8")
    )
    for line in found["missing"].values():
        name = re.fullmatch(r'pip install "dotflow\[(.+)\]"', line)
        assert name, line
        assert name[1] in extras["project"]["optional-dependencies"]


@pytest.mark.parametrize("mode", ["background", "parallel"])
def test_the_exit_code_of_a_step(dotflow, folder, mode):
    """`sys.exit(2)` in a step is the exit code of the command in every mode."""
    (folder / "leaving.py").write_text(
        "import sys\n"
        "from dotflow import DotFlow, action\n"
        "@action\n"
        "def leave():\n"
        "    sys.exit(2)\n"
        "def flow():\n"
        "    flow = DotFlow()\n"
        "    flow.task.add(leave)\n"
        "    return flow\n"
    )
    ended = dotflow("start", "-w", "leaving:flow", "--mode", mode, "--json")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["tasks"][0]["name"] == "leave"


def test_the_exit_code_of_a_step_of_a_pipeline(dotflow, folder, program):
    """`retry` of a pipeline exits with what a step of it gives `sys.exit`."""
    (folder / "leaving.py").write_text(
        "import sys\n"
        "from dotflow import Pipeline\n"
        "pipeline = Pipeline('leaving')\n"
        "@pipeline.task()\n"
        "def leave() -> None:\n"
        "    sys.exit(2)\n"
        "if __name__ == '__main__':\n"
        "    from dotflow.providers import StorageSQLite\n"
        "    pipeline.configure(storage=StorageSQLite(path='runs.db'))\n"
        "    pipeline.run()\n"
    )
    python = program.with_name("python")
    first = subprocess.run([python, "leaving.py"], cwd=folder, capture_output=True)
    assert first.returncode == 2
    wanted = ("retry", "latest", "-w", "leaving:pipeline", "-o", "sqlite:runs.db")
    ended = dotflow(*wanted)
    assert ended.returncode == 2
    assert "leave" in ended.stderr
