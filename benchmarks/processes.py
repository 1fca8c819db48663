"""Independent tasks in `parallel`, against the standard library's process pool."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from benchmarks.chains import build_chain, time_runs
from dotflow import action
from dotflow.engine.executors.processes import usable_cores

TASKS = 64
BUSY_SECONDS = 0.020


def spin() -> int:
    """Use the processor for 20 ms."""
    until = time.process_time() + BUSY_SECONDS
    rounds = 0
    while time.process_time() < until:
        rounds += 1
    return rounds


step = action(spin)


def time_parallel(loops: int) -> float:
    """Time `start(mode="parallel")` of all tasks, start-up included; seconds."""
    return time_runs(loops, lambda: build_chain(TASKS, step), "parallel")


def time_process_pool(loops: int) -> float:
    """Time the same work in a `ProcessPoolExecutor` that forks; seconds."""
    total = 0.0
    fork = multiprocessing.get_context("fork")
    for _ in range(loops):
        started = time.perf_counter()
        with ProcessPoolExecutor(usable_cores(), mp_context=fork) as pool:
            for future in [pool.submit(spin) for _ in range(TASKS)]:
                future.result()
        total += time.perf_counter() - started
    return total


@action
def return_at_once() -> None:
    """Do nothing, in a worker."""


def time_start_up(loops: int) -> float:
    """Time a parallel run of one trivial task a core: the cost of the pool; seconds."""
    cores = usable_cores()
    return time_runs(loops, lambda: build_chain(cores, return_at_once), "parallel")
