"""What the first run of a fresh process costs, as multiples of a plain loop.

Each figure is of the processor's time, and the median of a few processes: what is imported
late, and memory that is taken for the first time, count.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache

PROCESSES = 5

CHAIN = """
import sys, time
time.perf_counter = time.process_time
from benchmarks import chains
length = int(sys.argv[1])
chains.silence_logging()
began = time.perf_counter()
workflow = chains.build_chain(length)
built = time.perf_counter()
workflow.start()
ended = time.perf_counter()
loop = min(chains.time_plain_loop(1, length) for _ in range(5))
print([loop, built - began, ended - built])
"""
NOTHING = "pass"
SCRIPT = "from dotflow import DotFlow, action; DotFlow()"


def chain(length: int) -> tuple[float, float, float]:
    """Return what a loop over calls takes, a chain to build, and to run; seconds.

    Args:
        length: Its tasks.
    """
    _output(CHAIN, "1")  # which compiles
    found = [json.loads(_output(CHAIN, str(length))) for _ in range(PROCESSES)]
    loop, build, run = (statistics.median(times) for times in zip(*found, strict=True))
    return loop, build, run


def script_seconds() -> float:
    """Return the processor's time that a workflow without tasks adds to a program."""
    code = "import resource as r, sys; exec(sys.argv[1]); u = r.getrusage(0)"
    code += "; print(u.ru_utime + u.ru_stime)"
    _output(code, SCRIPT)  # which compiles
    bare, made = (
        statistics.median(float(_output(code, what)) for _ in range(3 * PROCESSES))
        for what in (NOTHING, SCRIPT)
    )
    return made - bare


def _output(code: str, *arguments: str) -> str:
    command: Sequence[str] = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, env=environment(), check=True, capture_output=True, text=True
    )
    return done.stdout


def environment(**more: str) -> dict[str, str]:
    """Return an environment whose processes compile once, as those of a user do.

    Args:
        **more: Further variables.
    """
    found = {**os.environ, "PYTHONPYCACHEPREFIX": _bytecode().name, **more}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found


@cache
def _bytecode() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()  # gone with this process
