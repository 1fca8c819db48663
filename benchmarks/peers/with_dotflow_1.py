"""dotflow 1.0.1, which knows no graph: its tasks that may run at once are processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow_steps import add_one, number, spin_once
from workload import CHAIN, FAN, SPINS, measure

from dotflow import Config, DotFlow
from dotflow.providers import StorageFile

if TYPE_CHECKING:
    from pathlib import Path


def _chain(config: Config | None = None) -> int:
    workflow = DotFlow(config=config)
    for _ in range(CHAIN):
        workflow.task.add(step=add_one)
    workflow.start()
    return workflow.result_storage()[-1]


def _fan() -> int:
    workflow = DotFlow()
    for n in range(FAN):
        workflow.task.add(step=number, initial_context=n)
    workflow.start(mode="parallel")
    return sum(workflow.result_storage())


def _durable(folder: Path) -> int:
    return _chain(Config(storage=StorageFile(path=str(folder))))


def _spins() -> int:
    workflow = DotFlow()
    for _ in range(SPINS):
        workflow.task.add(step=spin_once)
    workflow.start(mode="parallel")
    return sum(value > 0 for value in workflow.result_storage())


measure(chain=_chain, fan=_fan, durable=_durable, spins=_spins)
