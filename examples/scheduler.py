"""A scheduler of one's own: three ticks, as soon as possible.

`SchedulerCron` of `dotflow-scheduler` does this by the clock.

Prints:
    tick 1
    tick 2
    tick 3
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dotflow import Config, DotFlow, action
from dotflow.abc.scheduler import Scheduler

ticks = iter(range(1, 100))


class SchedulerTimes(Scheduler):
    """Runs the workflow a number of times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def start(self, workflow: Callable[..., Any], **kwargs: Any) -> None:
        """Run it; a real scheduler waits in between."""
        while self.times:
            self.times -= 1
            workflow(**kwargs)

    def stop(self) -> None:
        """Run it no more."""
        self.times = 0


@action
def tick() -> None:
    """Count."""
    print(f"tick {next(ticks)}")


if __name__ == "__main__":
    workflow = DotFlow(Config(scheduler=SchedulerTimes(3)))
    workflow.task.add(step=tick)
    workflow.schedule()
