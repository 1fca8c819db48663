"""The live display, on the screen of a pseudo-terminal."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from dotflow import DotFlow, action
from dotflow_cli.progress.rows import display

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")

MORE = """
import logging, subprocess
from steps import *
logging.basicConfig(format="logged %(message)s")

@action
def speak():
    print("printed [b]here[/b]")
    logging.warning("a warning")
    subprocess.run([sys.executable, "-c", "print('from a program')"])
    sys.stdout.write("no end of line")
    sys.stdout.flush()

def talk():
    workflow = DotFlow()
    workflow.task.add([speak, one])
    return workflow

@action
def items():
    return [1, 2, 3]

@action
def each(item):
    print("item", item)
    if item == 3:
        Path("waiting").touch()
        while not Path("go").exists():
            time.sleep(0.01)
    return item

def nested():
    workflow = DotFlow()
    workflow.task.add(pipeline)
    workflow.task.add(items)
    workflow.task.add(each, map_over=items)
    return workflow
"""


# The leader of a session gets the first terminal that it opens as its own: Ctrl-C typed
# there becomes a signal.
OWN_TERMINAL = (
    "import os, sys; os.close(os.open(os.ttyname(0), os.O_RDWR));"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A program in a pseudo-terminal, and what is on its screen.

    Args:
        command: The program.
        cwd: Its folder.
        environ: Its environment.
    """

    def __init__(self, command: list[str], cwd: Path, environ: dict[str, str]) -> None:
        import fcntl
        import pty
        import struct
        import termios

        import pyte

        self.screen = pyte.Screen(100, 40)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, *command],
            cwd=cwd,
            env=environ,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.raw = b""

    def read(self, seconds: float = 0.1) -> bool:
        """Take in what there is; say whether there may be more."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return self.process.poll() is None
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux reports the end of the other side so
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def type(self, text: str) -> None:
        """Type on its keyboard."""
        os.write(self._master, text.encode())

    def until(self, text: str) -> None:
        """Read until a text is on the screen."""
        limit = time.monotonic() + 60
        while text not in self.text():
            assert self.read(), self.text()
            assert time.monotonic() < limit, self.text()

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self.read():
            pass
        code = self.process.wait(60)
        os.close(self._master)
        return code

    def text(self) -> str:
        """Return what is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()


Open = Callable[..., Terminal]


@pytest.fixture
def terminal(program: Path, folder: Path, environ: dict[str, str]) -> Iterator[Open]:
    """Give a function that runs `dotflow` in a terminal."""
    pytest.importorskip("pyte")
    (folder / "more.py").write_text(MORE, encoding="utf-8")

    begun: list[Terminal] = []

    def begin(*arguments: str, program: str = str(program)) -> Terminal:
        begun.append(Terminal([program, *arguments], folder, environ))
        return begun[-1]

    yield begin
    for one in begun:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.mark.parametrize("mode", ["sequential", "background", "parallel"])
def test_final_screen(terminal: Open, mode: str) -> None:
    """Whatever is written while tasks run stays whole, above the table of all tasks."""
    screen = terminal("start", "-w", "more:talk", "-m", mode)
    assert screen.end() == 0
    lines = [line.strip() for line in screen.text().splitlines()]
    for line in (
        "printed [b]here[/b]",
        "logged a warning",
        "from a program",
        "no end of line",
    ):
        assert line in lines, screen.text()
    rows = [line.split()[:3] for line in lines]
    assert rows.count(["speak", "Completed", "1"]) == 1, screen.text()
    assert rows.count(["one", "Completed", "1"]) == 1
    assert lines[-1].startswith("Completed in")
    assert not screen.screen.cursor.hidden


def test_while_it_runs(terminal: Open, folder: Path) -> None:
    """Parts are shown below what they are a part of, and a map with its items."""
    screen = terminal("start", "-w", "more:nested")
    screen.until("2/3 items")
    while not (folder / "waiting").exists():
        screen.read()
    shown = screen.text().splitlines()
    names = [line[1:22].rstrip() for line in shown if "…" not in line]
    start = next(i for i, line in enumerate(shown) if line.startswith("✓  etl"))
    assert [line.split("Completed")[0][1:].rstrip() for line in shown[start:][:3]] == [
        "  etl",
        "    extract",
        "    total",
    ], names
    assert "4 of 5 done, 1 running" in screen.text()
    (folder / "go").touch()
    assert screen.end() == 0
    assert "1/3 items" not in screen.text()
    assert screen.text().count("item 1") == 1


def test_interrupted(terminal: Open, folder: Path) -> None:
    """Ctrl-C is answered in the display, and the screen is left in order."""
    screen = terminal("start", "-w", "more:waiting")
    screen.until("In progress")
    while not (folder / "waiting").exists():
        screen.read()
    screen.type("\x03")
    screen.until("Stopping")
    (folder / "go").touch()
    assert screen.end() == 130
    assert "Stopping" not in screen.text()
    assert "Cancelled in" in screen.text()
    assert not screen.screen.cursor.hidden


def test_many_tasks(terminal: Open, folder: Path) -> None:
    """The display shows as many tasks as fit, and how far one has told to be."""
    (folder / "many.py").write_text(
        "from more import *\n"
        "def build():\n"
        "    workflow = DotFlow()\n"
        "    workflow.task.add([count] * 200 + [wait_for_go])\n"
        "    return workflow\n"
    )
    screen = terminal("start", "-w", "many:build")
    screen.until("200 of 201 done, 1 running")
    screen.until("rows 3/10 (30%)")
    assert "wait_for_go" in screen.text()
    assert " more" in screen.text()
    (folder / "go").touch()
    assert screen.end() == 0
    assert "… and 151 more tasks." in screen.text()


def test_failure(terminal: Open) -> None:
    """An error is shown once, with its traceback, and brackets are no markup."""
    screen = terminal("start", "-s", "steps.fail")
    assert screen.end() == 1
    assert "ValueError: no [bold]way[/bold]" in screen.text()
    assert screen.text().count("Traceback") == 1


def test_no_colour(terminal: Open, environ: dict[str, str]) -> None:
    """With `--progress none` nothing but the tasks' own output and the table appears."""
    screen = terminal("start", "-s", "steps.count", "--progress", "none")
    assert screen.end() == 0
    assert "In progress" not in screen.raw.decode()


def test_init_asks(terminal: Open, folder: Path) -> None:
    """In a terminal `init` asks for what was not given."""
    screen = terminal("init")
    for question, answer in (
        ("Name", "my-shop"),
        ("Where", "file"),
        ("How", "sequential"),
        ("Dockerfile", "y"),
    ):
        screen.until(question)
        screen.type(f"{answer}\n")
    assert screen.end() == 0
    assert (folder / "my-shop" / "Dockerfile").exists()
    assert "StorageFile" in (folder / "my-shop/my_shop/workflow.py").read_text()


def test_shown_from_python(terminal: Open, folder: Path) -> None:
    """`start(progress=True)` shows what the command does, and leaves a clean screen."""
    (folder / "script.py").write_text(
        "from more import *\nworkflow = nested()\nworkflow.start(progress=True)\n"
        "print(workflow.result_storage()[-1])\n",
        encoding="utf-8",
    )
    screen = terminal("script.py", program=sys.executable)
    screen.until("2/3 items")
    assert "4 of 5 done, 1 running" in screen.text()
    (folder / "go").touch()
    assert screen.end() == 0
    assert screen.text().splitlines()[-1] == "[1, 2, 3]"
    assert "running" not in screen.text()


def test_a_pipeline_shown_from_python(terminal: Open, folder: Path) -> None:
    """`pipeline.run(progress=True)` shows the same, and gives the terminal back."""
    (folder / "script.py").write_text(
        "from more import *\nfrom dotflow import Pipeline\nlist_ = Pipeline('list')\n"
        "list_.task('first')(lambda: 1)\nlist_.task('each')(lambda: each.func(3))\n"
        "print(list_.run(progress=True)['tasks']['each']['result'])\n",
        encoding="utf-8",
    )
    screen = terminal("script.py", program=sys.executable)
    screen.until("1 of 2 done, 1 running")
    (folder / "go").touch()
    assert screen.end() == 0
    assert screen.text().splitlines()[-1] == "3"
    assert "running" not in screen.text()


def test_short_ids_can_be_typed(terminal: Open) -> None:
    """A terminal lists runs by the beginning of their ids, by which each is found."""
    where = ("--storage", "sqlite:///runs.db")
    assert terminal("start", "-w", "more:talk", *where).end() == 0
    listed = terminal("runs", *where)
    assert listed.end() == 0
    (row,) = [row for row in listed.text().splitlines() if "Completed" in row]
    short = row.split()[0]
    assert len(short) == 12
    shown = terminal("show", short, *where)
    assert shown.end() == 0
    assert f"run       {short}" in shown.text()


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_long_names_and_errors_leave_room(columns: int) -> None:
    """Name, state and time are read in a narrow terminal, whatever an error says."""
    from rich.console import Console

    @action
    def fails() -> None:
        raise OSError("no such host, " * 100)

    workflow = DotFlow()
    workflow.task.add(fails, name="load_" + "all_" * 40)
    workflow.task.add(fails, name="other", depends_on=[])
    workflow.start(keep_going=True)
    console = Console(width=columns, color_system=None)
    with console.capture() as drawn:
        console.print(display(workflow.result_task(), 20, 1.0, "", None, columns))
    long, other, _ = drawn.get().splitlines()
    assert re.match(r"✗  load_.*…  Failed  .*…  \d+ ms *$", long), long
    assert re.match(r"✗  other +Failed  O.*…  \d+ ms *$", other), other
    assert max(map(len, (long, other))) <= columns
