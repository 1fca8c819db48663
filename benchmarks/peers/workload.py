"""What each peer runs, in its own environment, and how that is measured.

A peer's script has a function for each row and gives them to `measure`. Each function does
the whole of it: it declares the tasks, runs them and checks what they came to.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHAIN = 200
"""The tasks of a chain, each of which adds one to what the one before it returned."""

FAN = 200
"""The tasks that may run at once, before the one that adds up their results."""

SPINS = 64
"""The tasks of the row that processes share out."""

SPIN_SECONDS = 0.020
# Some need many seconds for what takes others a few milliseconds.
REPEATS_SECONDS = 10.0
MOST_REPEATS = 5

ROWS = ("chain", "fan", "durable", "spins")


def spin() -> int:
    """Use the processor for 20 ms."""
    until = time.process_time() + SPIN_SECONDS
    rounds = 0
    while time.process_time() < until:
        rounds += 1
    return rounds


def pool_seconds() -> float:
    """Return how long a `ProcessPoolExecutor` that forks takes for all of them."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    started = time.perf_counter()
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        for future in [pool.submit(spin) for _ in range(SPINS)]:
            future.result()
    return time.perf_counter() - started


def measure(
    *,
    chain: Callable[[], int],
    fan: Callable[[], int],
    durable: Callable[[Path], int] | None = None,
    spins: Callable[[], int] | None = None,
    repeats: int = MOST_REPEATS,
) -> None:
    """Run the row that the command names a few times; print the shortest time as JSON.

    In seconds, of `spins` as a multiple of what a plain pool took just before; null where
    there is no such thing, a text where it went wrong.

    Args:
        chain: Runs a chain of `CHAIN` tasks; returns what the last one returned.
        fan: Runs `FAN` tasks and one after them; returns their sum.
        durable: As `chain`, with results that a killed process would find again in this
            folder.
        spins: Runs `SPINS` times `spin` in processes; returns how many have ended.
        repeats: How often a row runs at most, where it is short enough.
    """
    logging.disable(logging.INFO)
    row = sys.argv[1]
    calls = {
        "chain": (chain, CHAIN),
        "fan": (fan, FAN * (FAN - 1) // 2),
        "durable": (None if durable is None else _in_folder(durable), CHAIN),
        "spins": (spins, SPINS),
    }
    call, expected = calls[row]
    found: float | str | None = None
    if call is not None:
        # Before anything that starts threads, which a fork does not go well with.
        pool = min(pool_seconds() for _ in range(3)) if row == "spins" else 1.0
        found = _best(call, expected, repeats)
        found = found if isinstance(found, str) else found / pool
    # On a line of its own: some print on standard output as well.
    print(f"\nFOUND {json.dumps(found)}", flush=True)
    # Without waiting for what a peer does at exit, which is no part of this.
    os._exit(0)


def _in_folder(call: Callable[[Path], int]) -> Callable[[], int]:
    def call_in_folder() -> int:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            return call(Path(folder))

    return call_in_folder


def _best(call: Callable[[], int], expected: int, repeats: int) -> float | str:
    """Return the shortest time of a few; what went wrong, in place of it."""
    times: list[float] = []
    until = time.perf_counter() + REPEATS_SECONDS
    while len(times) < repeats and (not times or time.perf_counter() < until):
        started = time.perf_counter()
        try:
            found = call()
        except Exception as error:  # noqa: BLE001 - a row of its own, beside the others
            traceback.print_exc(file=sys.stderr)
            return f"failed: {type(error).__name__}"
        times.append(time.perf_counter() - started)
        if found != expected:
            return f"failed: {found} rather than {expected}"
    return min(times)
