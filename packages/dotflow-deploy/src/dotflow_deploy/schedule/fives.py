"""Platforms that take the five fields, with what each of them refuses. All are in UTC."""

from __future__ import annotations

from dotflow_deploy.errors import ScheduleNotExpressible
from dotflow_deploy.schedule.aws import EITHER
from dotflow_deploy.schedule.cron import Cron, as_cron


def plain(schedule: Cron | str) -> str:
    """Return the five fields as any cron understands them.

    Args:
        schedule: A schedule, or its text.

    Raises:
        InvalidProject: A text is no schedule.
    """
    return str(as_cron(schedule))


def kubernetes(schedule: Cron | str) -> str:
    """Return a schedule for a CronJob, or for Argo; say `timeZone: Etc/UTC` beside it."""
    return plain(schedule)


def cloud_scheduler(schedule: Cron | str) -> str:
    """Return a schedule for Google Cloud Scheduler; its zone is `Etc/UTC`."""
    return plain(schedule)


def nomad(schedule: Cron | str) -> str:
    """Return a schedule for Nomad's `periodic` block; `time_zone = "UTC"`."""
    return plain(schedule)


def gitlab(schedule: Cron | str) -> str:
    """Return a schedule for a pipeline schedule of GitLab; its zone is UTC."""
    return plain(schedule)


def render(schedule: Cron | str) -> str:
    """Return a schedule for a cron job of Render."""
    return plain(schedule)


def azure_jobs(schedule: Cron | str) -> str:
    """Return a schedule for a job of Azure Container Apps."""
    return plain(schedule)


def github(schedule: Cron | str) -> str:
    """Return a schedule for GitHub Actions.

    Raises:
        ScheduleNotExpressible: It is due more often than every 5 minutes.
    """
    return _at_least(5, schedule, "GitHub Actions")


def railway(schedule: Cron | str) -> str:
    """Return a schedule for a cron job of Railway.

    Raises:
        ScheduleNotExpressible: It is due more often than every 5 minutes.
    """
    return _at_least(5, schedule, "Railway")


def digital_ocean(schedule: Cron | str) -> str:
    """Return a schedule for a scheduled job of DigitalOcean's App Platform.

    Raises:
        ScheduleNotExpressible: It is due more often than every 15 minutes.
    """
    return _at_least(15, schedule, "DigitalOcean App Platform")


def vercel(schedule: Cron | str) -> str:
    """Return a schedule for a cron job of Vercel.

    Raises:
        ScheduleNotExpressible: Both kinds of days are restricted.
    """
    cron = as_cron(schedule)
    if cron.restricts_both:
        raise ScheduleNotExpressible(cron.text, "Vercel", EITHER)
    return plain(cron)


def _at_least(minutes: int, schedule: Cron | str, target: str) -> str:
    cron = as_cron(schedule)
    if cron.interval < minutes:
        raise ScheduleNotExpressible(
            cron.text,
            target,
            f"it is due every {cron.interval} min at times, and there {minutes} min is"
            f" the least. Every {minutes} min is '*/{minutes} * * * *'",
        )
    return plain(cron)
