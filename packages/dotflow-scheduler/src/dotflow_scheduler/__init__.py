"""Cron schedules for the workflows of dotflow: `SchedulerCron`."""

from dotflow_scheduler.clock import Clock, Wake
from dotflow_scheduler.scheduler import SchedulerCron

__all__ = ["Clock", "SchedulerCron", "Wake"]
