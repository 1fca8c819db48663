"""Dagster: jobs of ops, in this process and in its processes, one for each op."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster import (
    DagsterInstance,
    FilesystemIOManager,
    execute_job,
    fs_io_manager,
    graph,
    in_process_executor,
    mem_io_manager,
    multiprocess_executor,
    op,
    reconstructable,
)
from workload import CHAIN, FAN, SPINS, measure, spin

if TYPE_CHECKING:
    from pathlib import Path

_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


@op
def first() -> int:
    """Begin."""
    return 1


@op
def add_one(value: int) -> int:
    """Add one."""
    return value + 1


@op
def total(values: list[int]) -> int:
    """Add up."""
    return sum(values)


@op
def spin_once() -> int:
    """Use the processor for 20 ms."""
    return spin()


@graph
def chain_graph():
    """Add one, again and again."""
    value = first()
    for n in range(1, CHAIN):
        value = add_one.alias(f"t{n}")(value)
    return value


@graph
def fan_graph():
    """Add up what many ops return."""
    values = []
    for n in range(FAN):

        @op(name=f"t{n}")
        def number(n=n) -> int:
            return n

        values.append(number())
    return total(values)


@graph
def spins_graph():
    """Spin in many ops."""
    for n in range(SPINS):
        spin_once.alias(f"s{n}")()


def _in_process(chosen, manager, instance=None) -> int:
    job = chosen.to_job(
        resource_defs={"io_manager": manager}, executor_def=in_process_executor
    )
    found = job.execute_in_process(run_config=_QUIET, instance=instance)
    return found.output_value()


def _durable(folder: Path) -> int:
    with DagsterInstance.local_temp(str(folder)) as instance:
        manager = FilesystemIOManager(base_dir=str(folder))
        return _in_process(chain_graph, manager, instance)


def spins_job():
    """Return the job whose ops run in processes; those make it anew."""
    return spins_graph.to_job(
        name="spins",
        resource_defs={"io_manager": fs_io_manager},
        executor_def=multiprocess_executor,
    )


def _spins() -> int:
    import tempfile

    config = {**_QUIET, "execution": {"config": {"max_concurrent": 2}}}
    with (
        tempfile.TemporaryDirectory() as folder,
        DagsterInstance.local_temp(folder) as instance,
    ):
        found = execute_job(
            reconstructable(spins_job), instance=instance, run_config=config
        )
        return sum(event.is_step_success for event in found.all_events)


if __name__ == "__main__":  # its processes import this file
    measure(
        chain=lambda: _in_process(chain_graph, mem_io_manager),
        fan=lambda: _in_process(fan_graph, mem_io_manager),
        durable=_durable,
        spins=_spins,
    )
