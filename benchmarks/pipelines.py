"""Pipelines of coroutines that do nothing: run, against a task group, and checked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from dotflow import Pipeline


async def nothing() -> None:
    """Do nothing: what is measured is all around it."""


def build_pipeline(count: int) -> Pipeline:
    """Return a pipeline of `count` tasks that all may run at once."""
    pipeline = Pipeline("bench", max_parallel=None)
    for number in range(count):
        pipeline.task(name=f"task_{number}")(nothing)
    return pipeline


def time_task_group(loops: int, count: int) -> float:
    """Time a task group of `count` tasks; seconds."""

    async def run() -> float:
        started = time.perf_counter()
        for _ in range(loops):
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(nothing())
        return time.perf_counter() - started

    return asyncio.run(run())


def time_pipeline(loops: int, count: int) -> float:
    """Time `run_once` of the same tasks, checked beforehand; seconds."""
    pipeline = build_pipeline(count)
    pipeline.validate()
    return _time_runs(loops, pipeline)


def _time_runs(loops: int, pipeline: Pipeline) -> float:
    async def run() -> float:
        started = time.perf_counter()
        for _ in range(loops):
            await pipeline.run_once()
        return time.perf_counter() - started

    return asyncio.run(run())


def time_chain(loops: int, count: int) -> float:
    """Time `run_once` of a chain of coroutines, checked beforehand; seconds."""
    pipeline = Pipeline("bench")
    names = [f"task_{number}" for number in range(count)]
    for name, before in zip(names, [None, *names], strict=False):
        pipeline.task(name=name, deps=before and [before])(nothing)
    pipeline.validate()
    return _time_runs(loops, pipeline)


def time_awaiting(loops: int, count: int) -> float:
    """Time a coroutine that awaits as many others one after the other; seconds."""

    async def run() -> float:
        started = time.perf_counter()
        for _ in range(loops * count):
            await nothing()
        return time.perf_counter() - started

    return asyncio.run(run())


def time_declaring(loops: int, count: int) -> float:
    """Time the declaration of tasks that have a function each; seconds."""
    seconds = 0.0
    for _ in range(loops):
        pipeline = Pipeline("bench")
        functions = [_function() for _ in range(count)]
        started = time.perf_counter()
        for number, function in enumerate(functions):
            pipeline.task(name=f"task_{number}")(function)
        seconds += time.perf_counter() - started
    return seconds


def _function() -> Callable[[], Awaitable[None]]:
    async def nothing() -> None:
        """Do nothing, in a function of its own."""

    return nothing


def time_fan(loops: int, count: int) -> float:
    """Time tasks that all may run at once, declared, checked and run; seconds."""
    seconds = 0.0
    for _ in range(loops):
        started = time.perf_counter()
        pipeline = build_pipeline(count)
        pipeline.validate()
        asyncio.run(pipeline.run_once())
        seconds += time.perf_counter() - started
    return seconds


def time_validate(loops: int, count: int) -> float:
    """Time the check of a pipeline that fans out to `count` tasks and in; seconds."""
    seconds = 0.0
    for _ in range(loops):
        pipeline = Pipeline("bench")
        pipeline.task(name="first")(nothing)
        names = [f"task_{number}" for number in range(count - 2)]
        for name in names:
            pipeline.task(name=name, deps={"result": "first"})(take)
        pipeline.task(name="last", deps=names)(collect)
        started = time.perf_counter()
        pipeline.validate()
        seconds += time.perf_counter() - started
    return seconds


async def take(result: None) -> None:
    """Do nothing with the result of another task."""


async def collect(upstream: dict[str, None]) -> None:
    """Do nothing with all results."""
