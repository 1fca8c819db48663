"""The contract of every scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.testing import SchedulerContract
from dotflow_scheduler import SchedulerCron

if TYPE_CHECKING:
    from dotflow.abc.scheduler import Scheduler


class TestSkipContract(SchedulerContract):
    picklable = True
    time_limit = 30.0

    def make_scheduler(self) -> Scheduler:
        return SchedulerCron("* * * * * *")


class TestParallelContract(SchedulerContract):
    picklable = True
    time_limit = 30.0

    def make_scheduler(self) -> Scheduler:
        return SchedulerCron("* * * * * *", overlap="parallel", timezone="UTC")
