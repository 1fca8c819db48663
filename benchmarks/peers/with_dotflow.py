"""This dotflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow_steps import add_one, number, spin_once
from workload import CHAIN, FAN, SPINS, measure

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

if TYPE_CHECKING:
    from pathlib import Path


def _chain(config: Config | None = None) -> int:
    workflow = DotFlow(config)
    for _ in range(CHAIN):
        workflow.task.add(add_one)
    workflow.start()
    return workflow.result_storage()[-1]


def _fan() -> int:
    workflow = DotFlow()
    names = [f"task {n}" for n in range(FAN)]
    for n, name in enumerate(names):
        workflow.task.add(number, name=name, initial_context=n, depends_on=[])

    @action
    def total(previous_context):
        return sum(previous_context.storage.values())

    workflow.task.add(total, name="total", depends_on=names)
    workflow.start(mode="threads")
    return workflow.result_storage()[-1]


def _durable(folder: Path) -> int:
    storage = StorageSQLite(folder / "runs.db")
    try:
        return _chain(Config(storage=storage))
    finally:
        storage.close()


def _spins() -> int:
    workflow = DotFlow()
    for _ in range(SPINS):
        workflow.task.add(spin_once)
    workflow.start(mode="parallel")
    return sum(value > 0 for value in workflow.result_storage())


measure(chain=_chain, fan=_fan, durable=_durable, spins=_spins)
