"""Pipelines of coroutines that do nothing: run, against a task group, and checked."""

from __future__ import annotations

import asyncio
import time

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

    async def run() -> float:
        started = time.perf_counter()
        for _ in range(loops):
            await pipeline.run_once()
        return time.perf_counter() - started

    return asyncio.run(run())


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
