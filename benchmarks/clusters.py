"""What a task costs on a cluster, beside the engine used bare: `hatch run bench:clusters`.

For each engine that is installed, on a cluster of this computer with two workers: 1,000
tasks that do nothing, next to each other, as a map and as a chain, the best of some rounds;
and how much sooner work for the processor is done by two workers than by one.

The time of this process's processor stands beside: on a machine that others use too it says
more than the clock.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NamedTuple

from dotflow import DotFlow, action

TASKS = 1000
ROUNDS = 5
# Of work for the processor: tasks, and what each adds up, a tenth of a second of it.
PIECES, ADDED = 60, 5_000_000


@action
def nothing() -> None:
    """Do nothing."""


@action
def after(previous_context: Any) -> None:
    """Do nothing with what it is given."""


@action
def numbers(initial_context: Any) -> list[int]:
    """Return what a map goes over."""
    return list(range(initial_context.storage))


@action
def busy() -> int:
    """Keep a processor busy."""
    return sum(range(ADDED))


def bare(_: Any = None) -> None:
    """Do nothing, without dotflow."""


def bare_busy(_: Any = None) -> int:
    """Keep a processor busy, without dotflow."""
    return sum(range(ADDED))


def fan(flow: DotFlow, tasks: int) -> None:
    """Add tasks that know nothing of each other."""
    for number in range(tasks):
        flow.task.add(nothing, name=f"t{number}", depends_on=[])


def mapped(flow: DotFlow, tasks: int) -> None:
    """Add a map."""
    flow.task.add(numbers, initial_context=tasks)
    flow.task.add(after, map_over="numbers")


def chain(flow: DotFlow, tasks: int) -> None:
    """Add tasks of which each waits for the one before."""
    flow.task.add(nothing, name="t0")
    for number in range(1, tasks):
        flow.task.add(after, name=f"t{number}", depends_on=[f"t{number - 1}"])


def pieces(flow: DotFlow, tasks: int) -> None:
    """Add tasks that keep a processor busy."""
    for number in range(tasks):
        flow.task.add(busy, name=f"t{number}", depends_on=[])


class Took(NamedTuple):
    """How long something took, in seconds.

    Attributes:
        clock: By the clock.
        processor: Of this process's processor.
    """

    clock: float
    processor: float


def timed(call: Callable[[], object]) -> Took:
    """Time a call."""
    processor, clock = time.process_time(), time.perf_counter()
    call()
    return Took(time.perf_counter() - clock, time.process_time() - processor)


def time_flow(build: Callable[[DotFlow, int], None], mode: Any, tasks: int) -> Took:
    """Time a workflow in a mode."""
    flow = DotFlow()
    build(flow, tasks)
    took = timed(lambda: flow.start(mode=mode))
    assert all(task.outcome == "Completed" for task in flow.result_task())
    return took


# What runs tasks of a function on an engine at once, one by one, and an executor.
Bare = Callable[[int, Callable[[], object]], object]
Engine = tuple[Bare, Bare, Callable[[], Any]]


@contextmanager
def dask(workers: int) -> Iterator[Engine]:
    """Give a cluster of Dask."""
    from distributed import Client, LocalCluster

    from dotflow_dask import DaskExecutor

    local = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    )
    with local as cluster, Client(cluster) as client:

        def at_once(tasks: int, function: Callable[[], object]) -> object:
            return client.gather(
                [client.submit(function, pure=False) for _ in range(tasks)]
            )

        def one_by_one(tasks: int, function: Callable[[], object]) -> None:
            for _ in range(tasks):
                client.submit(function, pure=False).result()

        yield at_once, one_by_one, lambda: DaskExecutor(client)


@contextmanager
def ray(workers: int) -> Iterator[Engine]:
    """Give a cluster of Ray."""
    import ray as engine

    from dotflow_ray import RayExecutor

    engine.init(
        address="local",
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
    )
    remote: Any = cache(engine.remote(num_cpus=1, max_retries=0))

    def at_once(tasks: int, function: Callable[[], object]) -> object:
        return engine.get([remote(function).remote() for _ in range(tasks)])

    def one_by_one(tasks: int, function: Callable[[], object]) -> None:
        for _ in range(tasks):
            engine.get(remote(function).remote())

    try:
        yield at_once, one_by_one, RayExecutor
    finally:
        engine.shutdown()


ENGINES = {"dask": dask, "ray": ray}


def measure(name: str, tasks: int, rounds: int) -> None:
    """Measure what a task costs on an engine, and how often its own that is."""
    best: dict[str, Took] = {}

    def note(what: str, took: Took) -> None:
        best[what] = Took(*map(min, took, best.get(what, took)))

    with ENGINES[name](2) as (at_once, one_by_one, executor):
        at_once(tasks, bare)
        for _ in range(rounds):
            note("bare fan", timed(lambda: at_once(tasks, bare)))
            note("bare chain", timed(lambda: one_by_one(tasks, bare)))
            for build in (fan, mapped, chain):
                note(build.__name__, time_flow(build, executor(), tasks))
    for what, beside, limit in (
        ("fan", "bare fan", 1.5),
        ("mapped", "bare fan", 1.5),
        ("chain", "bare chain", 1.2),
    ):
        ms, own = (
            Took(*(1000 * of / tasks for of in best[which])) for which in (what, beside)
        )
        print(
            f"{name} {what}: {ms.clock:.2f} ms a task, {beside} {own.clock:.2f} ms:"
            f" {ms.clock / own.clock:.2f} times (limit {limit});"
            f" of this process {ms.processor:.2f} and {own.processor:.2f} ms"
        )


def measure_workers(name: str, rounds: int) -> None:
    """Measure how much sooner work for the processor is done by two workers than by one."""
    best: dict[tuple[str, int], float] = {}
    for workers in (1, 2):
        with ENGINES[name](workers) as (at_once, _, executor):
            for _ in range(rounds + 1):  # in the first workers begin
                for what, took in (
                    ("bare", timed(partial(at_once, PIECES, bare_busy))),
                    ("dotflow", time_flow(pieces, executor(), PIECES)),
                ):
                    before = best.get((what, workers), took.clock)
                    best[what, workers] = min(before, took.clock)
    one, two = best["dotflow", 1], best["dotflow", 2]
    alone = best["bare", 1] / best["bare", 2]
    print(
        f"{name} workers: {PIECES} tasks by one in {one:.2f} s, by two in {two:.2f} s:"
        f" {one / two:.2f} times as fast (at least 1.85; the engine alone {alone:.2f})"
    )


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    names = [one for one in sys.argv[1:] if not one.isdigit()] or list(ENGINES)
    counts = [int(one) for one in sys.argv[1:] if one.isdigit()] or [TASKS]
    for engine_name in names:
        try:
            measure(engine_name, counts[0], ROUNDS)
            measure_workers(engine_name, ROUNDS)
        except ImportError as error:
            print(f"{engine_name}: {error}")
