"""What a task costs on a cluster, beside the engine used bare: `hatch run bench:clusters`.

For each engine that is installed, on a cluster of this computer with two workers: 1,000
tasks that do nothing, next to each other, as a map and as a chain, the best of some rounds.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dotflow import DotFlow, action

TASKS = 1000
ROUNDS = 5


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


def bare(_: Any = None) -> None:
    """Do nothing, without dotflow."""


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


def time_flow(build: Callable[[DotFlow, int], None], mode: Any, tasks: int) -> float:
    """Time a workflow in a mode; seconds."""
    flow = DotFlow()
    build(flow, tasks)
    began = time.perf_counter()
    run = flow.start(mode=mode)
    took = time.perf_counter() - began
    assert run.status == "Completed", run.status
    return took


Bare = Callable[[int], object]


@contextmanager
def dask() -> Iterator[tuple[Bare, Bare, Callable[[], Any]]]:
    """Give what runs tasks on Dask at once, one by one, and an executor."""
    from distributed import Client, LocalCluster

    from dotflow_dask import DaskExecutor

    local = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    )
    with local as cluster, Client(cluster) as client:

        def at_once(tasks: int) -> object:
            return client.gather(
                [client.submit(bare, pure=False) for _ in range(tasks)]
            )

        def one_by_one(tasks: int) -> None:
            for _ in range(tasks):
                client.submit(bare, pure=False).result()

        yield at_once, one_by_one, lambda: DaskExecutor(client)


@contextmanager
def ray() -> Iterator[tuple[Bare, Bare, Callable[[], Any]]]:
    """Give the same for Ray."""
    import ray as engine

    from dotflow_ray import RayExecutor

    engine.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False
    )
    function: Any = engine.remote(num_cpus=1, max_retries=0)(bare)

    def at_once(tasks: int) -> object:
        return engine.get([function.remote() for _ in range(tasks)])

    def one_by_one(tasks: int) -> None:
        for _ in range(tasks):
            engine.get(function.remote())

    try:
        yield at_once, one_by_one, RayExecutor
    finally:
        engine.shutdown()


def measure(name: str, tasks: int, rounds: int) -> None:
    """Measure one engine, and print what a task costs and how often its own that is."""
    try:
        cluster = {"dask": dask, "ray": ray}[name]()
        at_once, one_by_one, executor = cluster.__enter__()
    except ImportError as error:
        print(f"{name}: {error}")
        return
    best: dict[str, float] = {}

    def note(what: str, took: float) -> None:
        best[what] = min(best.get(what, took), took)

    try:
        at_once(tasks)
        for _ in range(rounds):
            for what, run in (("bare fan", at_once), ("bare chain", one_by_one)):
                began = time.perf_counter()
                run(tasks)
                note(what, time.perf_counter() - began)
            for build in (fan, mapped, chain):
                note(build.__name__, time_flow(build, executor(), tasks))
    finally:
        cluster.__exit__(None, None, None)
    for what, beside, limit in (
        ("fan", "bare fan", 1.5),
        ("mapped", "bare fan", 1.5),
        ("chain", "bare chain", 1.2),
    ):
        ms, own = best[what] / tasks * 1000, best[beside] / tasks * 1000
        print(
            f"{name} {what}: {ms:.2f} ms a task, {beside} {own:.2f} ms:"
            f" {ms / own:.2f} times (limit {limit})"
        )


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    names = [one for one in sys.argv[1:] if not one.isdigit()] or ["dask", "ray"]
    counts = [int(one) for one in sys.argv[1:] if one.isdigit()] or [TASKS]
    for engine_name in names:
        measure(engine_name, counts[0], ROUNDS)
