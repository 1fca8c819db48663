"""What becomes of a tick that comes while a run goes on."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import Config, DotFlow, action
from dotflow_scheduler import SchedulerCron

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECOND = "* * * * * *"


def dropped(caplog: pytest.LogCaptureFixture) -> int:
    return sum("dropped" in record.getMessage() for record in caplog.records)


def begins(make_clock: Callable[..., Any], overlap: Any, lengths: list[float]) -> Any:
    """Run a workflow every ten seconds, which takes as long as told.

    Returns:
        The seconds, after the start, at which the runs began.
    """
    clock = make_clock(2024, 1, 1, 12)
    start = clock.now()
    scheduler = SchedulerCron("* * * * * */10", overlap, clock=clock)
    seen: list[float] = []

    def workflow() -> None:
        seen.append(clock.now() - start)
        clock.time += lengths[len(seen) - 1]
        if len(seen) == len(lengths):
            scheduler.stop()

    scheduler.start(workflow)
    return seen


def test_skip(make_clock: Callable[..., Any], caplog: Any) -> None:
    """Ticks that come during a run are dropped, and that is said."""
    assert begins(make_clock, "skip", [1, 25, 1, 1]) == [10, 20, 50, 60]
    assert dropped(caplog) == 1


def test_queue(make_clock: Callable[..., Any], caplog: Any) -> None:
    """One tick that came during a run is made up for; what is more is dropped."""
    assert begins(make_clock, "queue", [1, 15, 1, 1]) == [10, 20, 35, 40]
    assert dropped(caplog) == 0
    assert begins(make_clock, "queue", [1, 35, 1, 1]) == [10, 20, 55, 60]
    assert dropped(caplog) == 1


@pytest.mark.parametrize(
    ("overlap", "length", "seen"),
    [
        ("skip", 1, [10, 11, 20, 30]),
        ("skip", 12, [10, 11, 30, 40]),
        ("queue", 12, [10, 11, 23, 30]),
    ],
)
def test_trigger(
    make_clock: Callable[..., Any], overlap: Any, length: int, seen: list[float]
) -> None:
    """A run that is asked for begins after the one that goes on; the ticks stay."""
    clock = make_clock(2024, 1, 1, 12)
    start = clock.now()
    scheduler = SchedulerCron("* * * * * */10", overlap, clock=clock)
    began: list[float] = []
    assert not scheduler.trigger()

    def workflow() -> None:
        began.append(clock.now() - start)
        clock.time += length if len(began) == 2 else 1
        if len(began) == 1:
            assert scheduler.trigger()
            assert scheduler.trigger()  # as one
        if len(began) == 4:
            scheduler.stop()

    scheduler.start(workflow)
    assert began == seen


@pytest.mark.parametrize("overlap", ["skip", "queue"])
def test_one_at_a_time(overlap: Any) -> None:
    """Without `parallel` no run begins before the one before has ended."""
    scheduler = SchedulerCron(SECOND, overlap)
    active: list[int] = []
    most: list[int] = []

    def workflow() -> None:
        active.append(1)
        most.append(len(active))
        threading.Event().wait(1.2)
        active.pop()
        if len(most) == 2:
            scheduler.stop()

    scheduler.start(workflow)
    assert most == [1, 1]


def test_parallel(tmp_path: Path) -> None:
    """Runs of one workflow object go on beside each other, each with its own tasks."""
    both = threading.Barrier(2, timeout=60)
    scheduler = SchedulerCron(SECOND, "parallel")

    @action
    def meet() -> str:
        number = both.wait()
        (tmp_path / f"run-{number}").write_text("met", encoding="utf-8")
        scheduler.stop()
        return "met"

    workflow = DotFlow(config=Config(scheduler=scheduler), workflow_id="meeting")
    workflow.task.add(step=meet)
    workflow.schedule()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-0", "run-1"]
    assert workflow.result_task()[0].status == "Completed"


def test_parallel_is_bounded(make_clock: Callable[..., Any], caplog: Any) -> None:
    """No more than ten runs go on at once; the next ones are dropped and reported."""
    clock = make_clock(2024, 1, 1, 12)
    scheduler = SchedulerCron(SECOND, "parallel", clock=clock)
    gate = threading.Event()
    begun = threading.Semaphore(0)
    runs: list[int] = []

    def workflow() -> None:
        runs.append(1)
        begun.release()
        gate.wait(60)

    class Thirteen(type(clock)):  # type: ignore[misc]
        def sleep_until(self, moment: float, wake: Any) -> None:
            super().sleep_until(moment, wake)
            if len(self.waits) == 14:
                for _ in range(10):
                    assert begun.acquire(timeout=60)
                scheduler.stop()
                gate.set()

    clock.__class__ = Thirteen
    scheduler.start(workflow)
    assert len(runs) == 10
    assert dropped(caplog) == 3


@pytest.mark.parametrize("overlap", ["skip", "queue", "parallel"])
def test_a_run_that_fails(
    make_clock: Callable[..., Any], caplog: Any, overlap: Any
) -> None:
    """What a run raises is logged with its traceback, and the schedule goes on."""
    clock = make_clock(2024, 1, 1, 12)
    scheduler = SchedulerCron("* * * * *", overlap, clock=clock)
    again = threading.Event()
    runs: list[int] = []

    def workflow() -> None:
        runs.append(1)
        if len(runs) > 1:
            scheduler.stop()
            again.set()
        raise ValueError("this run has failed")

    scheduler.start(workflow)
    assert again.is_set()
    failures = [r for r in caplog.records if r.levelno == logging.ERROR and r.exc_info]
    assert len(failures) == len(runs) >= 2


def test_every_tick_is_a_run() -> None:
    """A scheduled workflow runs on each tick, not once only."""
    runs: list[int] = []
    scheduler = SchedulerCron(SECOND)

    @action
    def count() -> int:
        runs.append(1)
        if len(runs) == 2:
            scheduler.stop()
        return len(runs)

    workflow = DotFlow(config=Config(scheduler=scheduler))
    workflow.task.add(step=count)
    workflow.schedule()
    assert workflow.result_storage() == [2]


def test_runs_in_the_background() -> None:
    """With `mode="background"` too a tick is over when its run is."""
    runs: list[int] = []
    ended: list[int] = []
    scheduler = SchedulerCron(SECOND)

    @action
    def count() -> None:
        runs.append(1)
        threading.Event().wait(1.2)
        ended.append(1)
        if len(runs) == 2:
            scheduler.stop()

    workflow = DotFlow(config=Config(scheduler=scheduler))
    workflow.task.add(step=count)
    workflow.schedule(mode="background")
    assert len(runs) == len(ended) == 2


@pytest.mark.parametrize("mode", ["sequential", "background", "threads", "async"])
@pytest.mark.parametrize("overlap", ["skip", "queue", "parallel"])
@pytest.mark.sampled(4)
def test_a_step_that_exits(caplog: Any, overlap: Any, mode: str) -> None:
    """A step that calls `sys.exit` ends its own run; the schedule goes on."""
    scheduler = SchedulerCron(SECOND, overlap)
    ticks: list[int] = []

    @action
    def leaves() -> None:
        ticks.append(1)
        if len(ticks) == 2:
            scheduler.stop()
        raise SystemExit(3)

    workflow = DotFlow(Config(scheduler=scheduler))
    workflow.task.add(leaves)
    workflow.schedule(mode=mode)
    assert len(ticks) >= 2
    if mode != "background":
        assert "sys.exit(3)" in caplog.text
