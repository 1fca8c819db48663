"""Compare this tree with another revision: `hatch run bench --compare REV`.

Both run in turns, each time in a fresh process, and of each the median counts: what else
the machine does then falls on both. The time is that of the processor alone. A ratio is
that of one pair, so that 1.00 is "the same"; the spread of the middle half is beside it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import chains, logs, maps, pipelines, storages
from benchmarks.first import environment

ROOT = Path(__file__).parent.parent
PAIRS = 9

# What is timed, in one fresh process each: a call of this takes the time itself.
CASES: dict[str, Callable[[], float]] = {
    "chain of 10,000, build": lambda: chains.time_build(1, 10_000),
    "chain of 10,000, run": lambda: chains.time_chain(1, 10_000),
    "chain of 10,000, run, console log": lambda: logs.time_console_chain(1, 10_000),
    "chain of 2,000, SQLite NORMAL, no history": lambda: storages.time_sqlite_chain(
        1, 2_000, "NORMAL", 0
    ),
    "chain of 2,000, SQLite NORMAL, history": lambda: storages.time_sqlite_chain(
        1, 2_000, "NORMAL"
    ),
    "map of 10,000 items": lambda: maps.time_map(1, 10_000),
    "map of 5,000 durable items, threads": lambda: maps.time_durable_map(
        1, 5_000, "threads"
    ),
    "pipeline of 1,000 coroutines": lambda: pipelines.time_pipeline(1, 1_000),
}
# Run with this tree's benchmarks on either tree's packages.
CODE = """
import json, sys, time
time.perf_counter = time.process_time  # of the processor: others on the machine count not
from benchmarks.compare import CASES
print(json.dumps(CASES[sys.argv[1]]()))
"""


def compare(revision: str) -> None:
    """Print how this tree's packages compare with those of a revision.

    Args:
        revision: A commit, a tag or a branch.
    """
    with _checked_out(revision) as other:
        print(f"{'what':<44} {revision[:12]:>12} {'now':>12}   ratio (middle half)")
        for name in CASES:
            # Once before: what has no bytecode is compiled, most of a short run.
            _seconds(other, name), _seconds(ROOT, name)
            pairs = [
                (_seconds(other, name), _seconds(ROOT, name)) for _ in range(PAIRS)
            ]
            ratios = sorted(now / before for before, now in pairs)
            low, middle, high = statistics.quantiles(ratios, n=4)
            before, now = (
                statistics.median(times) for times in zip(*pairs, strict=True)
            )
            print(
                f"{name:<44} {before * 1e3:>9.1f} ms {now * 1e3:>9.1f} ms"
                f"   {middle:.2f} ({low:.2f} to {high:.2f})",
                flush=True,
            )


@contextmanager
def _checked_out(revision: str) -> Iterator[Path]:
    """Check a revision out into a folder of its own for as long as the block takes."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), revision)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*args: str) -> None:
    subprocess.run(["git", *args], cwd=ROOT, check=True, capture_output=True)


def _seconds(tree: Path, name: str) -> float:
    paths = [ROOT, tree / "packages" / "dotflow-core" / "src"]
    done = subprocess.run(
        [sys.executable, "-c", CODE, name],
        env=environment(PYTHONPATH=os.pathsep.join(map(str, paths))),
        check=True,
        capture_output=True,
        text=True,
    )
    found: float = json.loads(done.stdout.splitlines()[-1])
    return found
