from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from dotflow import DotFlow, action
from dotflow.types import TypeStatus

if TYPE_CHECKING:
    from pathlib import Path

MODES = ("threads", "async")


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Return each of the modes in which branches run in one process."""
    return str(request.param)


def test_independent_sync_steps_run_at_the_same_time(mode: str) -> None:
    """Two sync steps that wait for each other both end, in one process."""
    barrier = threading.Barrier(2, timeout=30)

    @action
    def meet() -> int:
        barrier.wait()
        return os.getpid()

    workflow = DotFlow()
    workflow.task.add([meet, meet])
    workflow.start(mode=mode)

    assert workflow.result_storage() == [os.getpid()] * 2


def test_async_steps_share_one_event_loop() -> None:
    """In `async` mode coroutines that wait for each other both end."""
    met: list[asyncio.AbstractEventLoop] = []
    both_there = asyncio.Event()

    @action
    async def meet() -> int:
        met.append(asyncio.get_running_loop())
        if len(met) == 2:
            both_there.set()
        await both_there.wait()
        return len(met)

    workflow = DotFlow()
    workflow.task.add([meet, meet])
    workflow.start(mode="async")

    assert workflow.result_storage() == [2, 2]
    assert met[0] is met[1]


def test_edges_are_kept(mode: str) -> None:
    """A step with several upstreams runs after them and gets their values by name."""

    @action
    def left() -> int:
        return 1

    @action
    async def right() -> int:
        await asyncio.sleep(0)
        return 2

    @action
    def both(left: int, right: int) -> int:
        return left + right

    workflow = DotFlow()
    workflow.task.add([left, right])
    workflow.task.add(both, depends_on=[left, right])
    workflow.start(mode=mode)

    assert workflow.result_storage() == [1, 2, 3]


def test_a_timeout_stops_sync_and_async_steps(mode: str, tmp_path: Path) -> None:
    """After a timeout neither a sleeping function nor a coroutine goes on."""
    beats = tmp_path / "beats"

    def beat() -> None:
        with beats.open("a", encoding="utf-8") as file:
            file.write(".")

    @action(timeout=0.2)
    def sleeper() -> None:
        while True:
            beat()
            time.sleep(0.01)

    @action(timeout=0.2)
    async def async_sleeper() -> None:
        while True:
            beat()
            await asyncio.sleep(0.01)

    workflow = DotFlow()
    workflow.task.add([sleeper, async_sleeper])
    workflow.start(mode=mode)

    assert [task.outcome for task in workflow.result_task()] == ["Timeout", "Timeout"]
    written = beats.stat().st_size
    time.sleep(0.2)  # twenty beats of anything that still runs
    assert beats.stat().st_size == written


def test_retries_wait_beside_other_tasks(mode: str) -> None:
    """While a task waits for its next attempt the others run and end."""
    calls: list[str] = []

    @action(retry=2, retry_delay=0.2)
    def flaky() -> str:
        calls.append("flaky")
        if calls.count("flaky") == 1:
            raise ConnectionError("not yet")
        return "done"

    @action
    def steady() -> str:
        calls.append("steady")
        return "done"

    workflow = DotFlow()
    workflow.task.add([flaky, steady])
    workflow.start(mode=mode)

    assert workflow.result_storage() == ["done", "done"]
    assert calls[-1] == "flaky"
    assert workflow.result_task()[0].retry_count == 1


def test_no_more_attempts_than_max_parallel(mode: str) -> None:
    """`max_parallel` bounds the attempts that run at once."""
    lock = threading.Lock()
    running: list[int] = []
    most: list[int] = []

    @action
    def work() -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        time.sleep(0.01)
        with lock:
            running.pop()

    workflow = DotFlow()
    workflow.task.add([work] * 12)
    workflow.start(mode=mode, max_parallel=3)

    assert max(most) <= 3


def test_a_failure_is_told_as_in_every_mode(mode: str) -> None:
    """An exception becomes the task's error, and its downstream is skipped."""

    @action
    def broken() -> None:
        raise ValueError("no good")

    @action
    def after() -> None:
        pass

    workflow = DotFlow()
    workflow.task.add(broken, depends_on=[])
    workflow.task.add(after, depends_on=[broken])
    workflow.start(mode=mode)

    failed, skipped = workflow.result_task()
    assert failed.errors[-1].message == "no good"
    assert skipped.status == TypeStatus.SKIPPED
    assert "broken" in skipped.reason


def test_no_thread_is_left(mode: str) -> None:
    """When `start()` returns, the threads that it made have ended."""
    before = set(threading.enumerate())

    @action
    def work() -> None:
        pass

    workflow = DotFlow()
    workflow.task.add([work] * 4)
    workflow.start(mode=mode)

    assert set(threading.enumerate()) <= before


def test_async_mode_works_inside_a_running_loop() -> None:
    """`start(mode="async")` works where an event loop runs already, as in a notebook."""

    @action
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    async def main() -> list[object]:
        workflow = DotFlow()
        workflow.task.add(work)
        workflow.start(mode="async")
        return workflow.result_storage()

    assert asyncio.run(main()) == [7]


def test_system_exit_in_a_step_ends_the_run(mode: str) -> None:
    """`sys.exit` in a step marks it and leaves `start()` as SystemExit."""

    @action
    def leave() -> None:
        raise SystemExit(3)

    workflow = DotFlow()
    workflow.task.add(leave)
    with pytest.raises(SystemExit) as left:
        workflow.start(mode=mode)

    assert left.value.code == 3
    assert workflow.result_task()[0].status == TypeStatus.FAILED


@pytest.mark.parametrize("mode", ["sequential", "threads", "async", "background"])
@pytest.mark.parametrize("timeout", [0, 60, float("inf")])
def test_a_coroutine_of_a_coroutine_is_awaited(mode, timeout):
    """What an async step returns is awaited where that is a coroutine, in every mode."""

    async def inner():
        return 5

    @action(timeout=timeout)
    async def outer():
        return inner()

    flow = DotFlow()
    flow.task.add(outer)
    flow.start(mode=mode).wait()
    assert flow.result_storage() == [5]
