"""Record what a terminal shows, for the pages: `hatch run docs:recordings`.

Programs run in a pseudo-terminal of 80 columns. Each change of the screen becomes a frame
of an SVG, which a browser plays without any script, again and again. Durations differ
from one recording to the next, so a recording is made anew by hand where the display has
changed.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyte

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "recordings"
COLUMNS = 80
# Seconds between two frames, at least and at most, and how long the last one stays.
SHORTEST, LONGEST, LAST = 0.2, 0.7, 4.0
CHARACTER, LINE, MARGIN = 8.4, 18, 12
COLOURS = {
    "default": "#e6edf3",
    "black": "#484f58",
    "red": "#ff7b72",
    "green": "#56d364",
    "brown": "#e3b341",
    "blue": "#79c0ff",
    "magenta": "#d2a8ff",
    "cyan": "#56d4dd",
    "white": "#e6edf3",
    "brightblack": "#8b949e",
}
FONT = (
    'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"'
    ' font-size="14" role="img"'
)
SHOP = """
import time
from dotflow import DotFlow, action

tried = []

@action
def extract():
    time.sleep(0.6)
    return ["berlin", "lima", "oslo", "quito", "rome"]

@action(retry=3, retry_delay=0.4)
def rates():
    time.sleep(0.4)
    tried.append(1)
    if len(tried) == 1:
        raise TimeoutError("no answer from rates.example.com within 10 s")
    return {"eur": 1.1}

@action
def price(item, rates):
    time.sleep(0.3)
    return len(item) * rates["eur"]

@action
def load(price):
    time.sleep(0.7)
    return sum(price)

def build():
    workflow = DotFlow(name="shop")
    workflow.task.add(extract)
    workflow.task.add(rates, depends_on=[])
    workflow.task.add(price, map_over=extract, depends_on=rates)
    workflow.task.add(load, depends_on=price)
    return workflow
"""


class Recording(NamedTuple):
    """What is recorded.

    Args:
        name: The name of its file.
        lines: How many lines the terminal has.
        commands: What is typed.
    """

    name: str
    lines: int
    commands: Sequence[str]


RECORDINGS = (
    Recording("start", 14, ["dotflow start -w shop:build -m threads"]),
    Recording("graph", 7, ["dotflow graph -w shop:build"]),
    Recording(
        "history",
        21,
        [
            "dotflow start -w shop:build --storage sqlite:///runs.db --progress none",
            "dotflow runs --storage sqlite:///runs.db",
        ],
    ),
)
Row = list[tuple[str, str, bool]]


class Frame(NamedTuple):
    """A screen, and when it came."""

    moment: float
    rows: list[Row]


def main() -> None:
    """Make the recordings that are named, by default all."""
    TARGET.mkdir(exist_ok=True)
    for recording in RECORDINGS:
        if recording.name in (sys.argv[1:] or [recording.name]):
            with TemporaryDirectory() as folder:
                (Path(folder) / "shop.py").write_text(SHOP, encoding="utf-8")
                frames = list(record(recording, Path(folder)))
            target = TARGET / f"{recording.name}.svg"
            target.write_text(drawn(frames, recording.lines), encoding="utf-8")
            print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")


def record(recording: Recording, folder: Path) -> Iterator[Frame]:
    """Yield each screen that stays for a moment, and the last one.

    Args:
        recording: What to record.
        folder: Where its commands run.
    """
    screen = pyte.Screen(COLUMNS, recording.lines)
    stream = pyte.ByteStream(screen)
    now, before = 0.0, time.monotonic()
    shown: list[Row] = []
    environ = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }
    for command in recording.commands:
        stream.feed(f"\x1b[32m$\x1b[0m {command}\r\n".encode())
        for moment in played(command, folder, environ, stream, recording.lines):
            rows = rows_of(screen)
            if rows != shown:
                now, before = now + min(LONGEST, moment - before), moment
                shown = rows
                yield Frame(now, rows)


def played(
    command: str,
    folder: Path,
    environ: dict[str, str],
    stream: pyte.ByteStream,
    lines: int,
) -> Iterator[float]:
    """Run a command on the screen, and yield when it may be looked at."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, COLUMNS, 0, 0))
    streams: Any = {"stdin": slave, "stdout": slave, "stderr": slave}
    line = command.split()
    yield time.monotonic()  # what is typed
    with subprocess.Popen(
        line, cwd=folder, env=environ, start_new_session=True, **streams
    ) as process:
        os.close(slave)
        looked = time.monotonic()
        while True:
            if select.select([master], [], [], 0.05)[0]:
                try:
                    data = os.read(master, 65536)
                except OSError:  # its other side is closed
                    break
                stream.feed(data)
            elif process.poll() is not None:
                break
            if time.monotonic() - looked >= SHORTEST:
                looked = time.monotonic()
                yield looked
    os.close(master)
    yield time.monotonic()


def rows_of(screen: pyte.Screen) -> list[Row]:
    """Return the screen as runs of characters of one colour."""
    rows = []
    for number in range(screen.lines):
        cells = [screen.buffer[number][column] for column in range(screen.columns)]
        row = [
            ("".join(cell.data for cell in run), fg, bold)
            for (fg, bold), run in groupby(cells, lambda cell: (cell.fg, cell.bold))
        ]
        rows.append(row)
    return rows


def drawn(frames: Sequence[Frame], lines: int) -> str:
    """Return the frames as an SVG in which one after the other is visible."""
    total = frames[-1].moment + LAST
    width, height = COLUMNS * CHARACTER + 2 * MARGIN, lines * LINE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" {FONT}>',
        f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#0d1117"/>',
    ]
    for number, frame in enumerate(frames):
        begin = frame.moment / total if number else 0.0
        end = frames[number + 1].moment / total if number + 1 < len(frames) else 1.0
        # Where nothing is played the last frame is seen.
        seen = "visible" if number + 1 == len(frames) else "hidden"
        parts.append(f'<g visibility="{seen}">')
        if len(frames) > 1:
            parts.append(played_between(begin, end, total))
        parts += [
            text(row, MARGIN + LINE * (place + 0.75))
            for place, row in enumerate(frame.rows)
            if any(run.strip() for run, _, _ in row)
        ]
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def played_between(begin: float, end: float, total: float) -> str:
    """Return what shows a frame for its part of the time, and hides it otherwise."""
    values = ["hidden", "visible", "hidden"]
    times = ["0", f"{begin:.4f}", f"{end:.4f}"]
    if not begin:
        values, times = values[1:], ["0", times[2]]
    if end == 1.0:
        values, times = values[:-1], times[:-1]
    return (
        f'<animate attributeName="visibility" dur="{total:.2f}s" calcMode="discrete"'
        f' repeatCount="indefinite" values="{";".join(values)}"'
        f' keyTimes="{";".join(times)}"/>'
    )


def text(row: Row, y: float) -> str:
    """Return a line of the screen."""
    spans = []
    column = 0
    for run, colour, bold in row:
        if run.strip():
            indent = len(run) - len(run.lstrip())
            x = MARGIN + (column + indent) * CHARACTER
            shown = run.strip()
            weight = ' font-weight="bold"' if bold else ""
            spans.append(
                f'<tspan x="{x:.1f}" textLength="{len(shown) * CHARACTER:.1f}"'
                f' fill="{COLOURS.get(colour, COLOURS["default"])}"{weight}>'
                f"{escape(shown)}</tspan>"
            )
        column += len(run)
    return f'<text y="{y:.1f}" xml:space="preserve">{"".join(spans)}</text>'


if __name__ == "__main__":
    main()
