"""A sequential chain of tasks that do nothing, against a loop that calls them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from dotflow import Config, DotFlow, action


def nothing() -> None:
    """Do nothing: what is measured is all around it."""


step = action(nothing)


def silence_logging() -> None:
    """Give the logger a null handler, as a library's tests would."""
    logger = logging.getLogger("dotflow")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False


def build_chain(
    length: int, each: Callable[..., Any] = step, config: Config | None = None
) -> DotFlow:
    """Return a workflow of `length` tasks, with the default providers unless told."""
    workflow = DotFlow(config)
    for _ in range(length):
        workflow.task.add(each)
    return workflow


def time_build(loops: int, length: int) -> float:
    """Time `task.add` for every task; seconds."""
    total = 0.0
    for _ in range(loops):
        started = time.perf_counter()
        build_chain(length)
        total += time.perf_counter() - started
    return total


def time_runs(
    loops: int, build: Callable[[], DotFlow], mode: str = "sequential"
) -> float:
    """Time `start()` of workflows that are built anew for each loop; seconds."""
    silence_logging()
    total = 0.0
    for _ in range(loops):
        workflow = build()
        started = time.perf_counter()
        workflow.start(mode=mode)
        total += time.perf_counter() - started
    return total


def time_chain(loops: int, length: int) -> float:
    """Time `start()` of a chain; seconds."""
    return time_runs(loops, lambda: build_chain(length))


def time_plain_loop(loops: int, length: int) -> float:
    """Time a loop that calls the same function; seconds."""
    total = 0.0
    for _ in range(loops):
        started = time.perf_counter()
        for _ in range(length):
            nothing()
        total += time.perf_counter() - started
    return total
