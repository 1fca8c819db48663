"""Prefect, with the server that it starts by itself where there is none."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

_home = tempfile.mkdtemp()
os.environ.update(
    PREFECT_HOME=_home,
    PREFECT_LOGGING_LEVEL="ERROR",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="120",
    DO_NOT_TRACK="1",
)

from prefect import flow, task  # noqa: E402 - it reads its settings then
from prefect.task_runners import (  # noqa: E402
    ProcessPoolTaskRunner,
    ThreadPoolTaskRunner,
)
from workload import CHAIN, FAN, SPINS, measure, spin  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path


@task
def add_one(value):
    """Add one."""
    return value + 1


@task
def number(n):
    """Return what it was given."""
    return n


@task
def total(values):
    """Add up."""
    return sum(values)


@task
def spin_once():
    """Use the processor for 20 ms."""
    return spin()


@flow
def _chain_flow(step):
    value = 0
    for _ in range(CHAIN):
        value = step(value)
    return value


@flow(task_runner=ThreadPoolTaskRunner())
def _fan_flow():
    return total.submit([number.submit(n) for n in range(FAN)]).result()


@flow(task_runner=ProcessPoolTaskRunner(max_workers=len(os.sched_getaffinity(0))))
def _spins_flow():
    futures = [spin_once.submit() for _ in range(SPINS)]
    return sum(future.result() > 0 for future in futures)


def _durable(folder: Path) -> int:
    os.environ["PREFECT_LOCAL_STORAGE_PATH"] = str(folder)
    return _chain_flow(add_one.with_options(persist_result=True))


if __name__ == "__main__":  # its processes import this file
    measure(
        chain=lambda: _chain_flow(add_one),
        fan=_fan_flow,
        durable=_durable,
        spins=_spins_flow,
    )
