"""How long the same work takes in each mode: `hatch run bench:modes`.

With `--write` the table goes into docs/choosing-a-mode.md. A row is a kind of work, 64
tasks of 13 to 20 ms each, a column a mode; the figure is how many times faster than
`sequential`.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chains import silence_logging
from dotflow import DotFlow, action

if TYPE_CHECKING:
    from dotflow.types import ModeName

PAGE = Path(__file__).resolve().parent.parent / "docs" / "choosing-a-mode.md"
MODES: tuple[ModeName, ...] = ("sequential", "threads", "async", "parallel")
BEGIN, END = "<!-- figures: hatch run bench:modes --write -->\n", "<!-- end -->\n"
TASKS = 64
SECONDS = 0.02
BYTES = bytes(24_000_000)


@action
def wait() -> None:
    """Wait as for a network, in a call that blocks."""
    time.sleep(SECONDS)


@action
async def wait_async() -> None:
    """Wait as for a network, in a coroutine."""
    await asyncio.sleep(SECONDS)


@action
def count() -> int:
    """Compute in Python."""
    total = 0
    for number in range(400_000):
        total += number & 3
    return total


@action
def digest() -> str:
    """Compute in C code that lets other threads run."""
    return hashlib.sha256(BYTES).hexdigest()


@action
def nothing() -> None:
    """Return at once."""


KINDS: tuple[tuple[str, Callable[..., object]], ...] = (
    ("waiting, blocking calls", wait),
    ("waiting, coroutines", wait_async),
    ("computing in Python", count),
    ("computing in C that releases the GIL", digest),
    ("nothing", nothing),
)


def measured(step: Callable[..., object], mode: ModeName) -> float:
    """Return the shortest of three runs."""
    found = []
    for _ in range(3):
        workflow = DotFlow()
        for place in range(TASKS):
            workflow.task.add(step, name=f"task {place}", depends_on=[])
        began = time.perf_counter()
        workflow.start(mode=mode)
        found.append(time.perf_counter() - began)
    return min(found)


def table() -> list[str]:
    """Return the lines of the table."""
    lines = [
        f"| {TASKS} independent tasks of | `sequential` |"
        + "".join(f" `{mode}` |" for mode in MODES[1:]),
        "|---" * (len(MODES) + 1) + "|",
    ]
    for kind, step in KINDS:
        times = [measured(step, mode) for mode in MODES]
        lines.append(row(kind, times))
        print(lines[-1], flush=True)
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    return [*lines, "", f"Measured with {machine}, the shortest of three runs."]


def row(kind: str, times: Sequence[float]) -> str:
    """Return a line: the first time, and how many times faster the others are."""
    if times[0] < TASKS * 1e-3:  # what the task costs itself
        cells = [f"{seconds / TASKS * 1e6:.0f} µs a task" for seconds in times]
    else:
        cells = [f"{times[0] * 1000:.0f} ms"]
        cells += [f"{times[0] / other:.1f} times" for other in times[1:]]
    return f"| {kind} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table, or write it into the page."""
    silence_logging()
    text = "\n".join(table()) + "\n"
    if "--write" in sys.argv:
        page = PAGE.read_text("utf-8")
        head, _, rest = page.partition(BEGIN)
        PAGE.write_text(
            f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8"
        )


if __name__ == "__main__":
    main()
