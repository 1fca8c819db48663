"""`SchedulerCron` at the path of its kind; it lives in `dotflow-scheduler`."""

from dotflow.providers import SchedulerCron

__all__ = ["SchedulerCron"]
