"""`DotFlow.schedule` with schedulers of a user's own."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.scheduler import Scheduler
from dotflow.errors import ResumeNeedsWorkflowId, SchedulerMissing


class Thrice(Scheduler):
    """Three ticks, one right after the other."""

    def start(self, workflow: Any, **kwargs: Any) -> None:
        for _ in range(3):
            workflow(**kwargs)

    def stop(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("mode", ["sequential", "background"])
def test_a_tick_is_over_with_its_run(mode: str) -> None:
    """Each tick is a whole run, in the background too, and none is refused."""
    runs: list[str] = []
    pause = threading.Event()

    @action
    def step() -> None:
        runs.append("begun")
        pause.wait(0.05)
        runs.append("ended")

    workflow = DotFlow(config=Config(scheduler=Thrice()))
    workflow.task.add(step=step)
    workflow.schedule(mode=mode)
    assert runs == ["begun", "ended"] * 3


def test_resume_needs_an_id() -> None:
    """Resuming what no other run can know is refused before the first tick."""
    workflow = DotFlow(config=Config(scheduler=Thrice()))
    with pytest.raises(ResumeNeedsWorkflowId):
        workflow.schedule(resume=True)


def test_a_scheduler_is_needed() -> None:
    """A workflow without a scheduler is refused, with what to give it, and runs nothing."""
    runs: list[int] = []
    workflow = DotFlow()
    workflow.task.add(action(lambda: runs.append(1)))
    with pytest.raises(SchedulerMissing, match=r"scheduler=.*--cron"):
        workflow.schedule()
    assert runs == []
