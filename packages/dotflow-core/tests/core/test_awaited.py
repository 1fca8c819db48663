"""`await workflow.astart(…)`: a run beside an event loop that goes on."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import GraphError, NothingToResume
from dotflow.providers import StorageSQLite

if TYPE_CHECKING:
    from pathlib import Path

MODES = ("sequential", "sequential_group", "background", "parallel", "threads", "async")


@action
def one() -> int:
    return 1


@action
async def more(one: int) -> int:
    await asyncio.sleep(0)
    return one + 1


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_awaited_beside_others(mode: str) -> None:
    """Runs of any mode go on beside each other and leave the loop alone."""

    async def main() -> list[list[object]]:
        workflows = [DotFlow() for _ in range(2)]
        for workflow in workflows:
            workflow.task.add(one)
            workflow.task.add(more, depends_on=one)
        runs = await asyncio.gather(*(w.astart(mode=mode) for w in workflows))
        assert {run.status for run in runs} == {"Completed"}
        return [workflow.result_storage() for workflow in workflows]

    assert asyncio.run(main()) == [[1, 2], [1, 2]]


@pytest.mark.parametrize("mode", ["async", "parallel", "sequential"])
def test_cancelling_what_awaits_cancels_the_run(mode: str, tmp_path: Path) -> None:
    """Nothing begins after the task that awaits a run was cancelled."""
    begun = tmp_path / "begun"

    @action
    async def waits() -> None:
        begun.touch()
        await asyncio.sleep(600)

    async def main() -> None:
        awaiting = asyncio.create_task(workflow.astart(mode=mode))
        while not begun.exists():  # noqa: ASYNC110 - a process may touch it
            await asyncio.sleep(0.01)
        awaiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await awaiting

    workflow = DotFlow()
    workflow.task.add(waits)
    workflow.task.add(one, depends_on=waits)
    asyncio.run(main())
    first, second = workflow.result_task()
    assert first.outcome == "Cancelled"
    assert second.status != "Completed"


def test_cancelled_before_it_begins(tmp_path: Path) -> None:
    """A run that still waited for another one when it was cancelled does nothing."""
    leave = threading.Event()

    @action
    def holds() -> None:
        leave.wait(60)

    first, second = (
        DotFlow(Config(storage=StorageSQLite(tmp_path / "w.db")), workflow_id="w")
        for _ in range(2)
    )
    first.task.add(holds)
    second.task.add(one)
    second.task.add(more, depends_on=one)
    run = first.start(mode="background")

    async def main() -> None:
        awaiting = asyncio.create_task(second.astart(if_running="wait"))
        await asyncio.sleep(0.1)
        awaiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await awaiting
        leave.set()

    asyncio.run(main())
    run.wait()
    for late in second.runs:
        late.wait()
    assert second.result_task()[1].status != "Completed"


def test_what_is_wrong_is_raised() -> None:
    """What `start` refuses is raised where it is awaited, before any task has run."""
    workflow = DotFlow(workflow_id="w")
    workflow.task.add(one, depends_on="nobody")
    with pytest.raises(GraphError):
        asyncio.run(workflow.astart())
    with pytest.raises(NothingToResume):
        asyncio.run(workflow.astart(resume=True))
    unsendable = DotFlow()

    @action(isolate=True)
    def local(initial_context: object) -> None: ...

    unsendable.task.add(local, initial_context=threading.Lock())
    try:
        asyncio.run(unsendable.astart(mode="parallel"))
    except GraphError:
        return  # where processes are not forked
    assert unsendable.result_task()[0].status == "Completed"
