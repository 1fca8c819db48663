"""When a workflow runs: five fields of cron, read once, said in each platform's dialect.

All times are UTC. If both the day of the month and the day of the week are restricted,
a schedule is due when either matches, as POSIX has it; a dialect that means something
else by the two gets an equivalent, or refuses with `ScheduleNotExpressible`.
"""

from dotflow_deploy.schedule.alibaba import fc_timer
from dotflow_deploy.schedule.aws import eventbridge
from dotflow_deploy.schedule.azure import azure_ncrontab
from dotflow_deploy.schedule.cron import Cron
from dotflow_deploy.schedule.fives import (
    azure_jobs,
    cloud_scheduler,
    digital_ocean,
    github,
    gitlab,
    kubernetes,
    nomad,
    plain,
    railway,
    render,
    vercel,
)
from dotflow_deploy.schedule.systemd import systemd_calendar

__all__ = [
    "Cron",
    "azure_jobs",
    "azure_ncrontab",
    "cloud_scheduler",
    "digital_ocean",
    "eventbridge",
    "fc_timer",
    "github",
    "gitlab",
    "kubernetes",
    "nomad",
    "plain",
    "railway",
    "render",
    "systemd_calendar",
    "vercel",
]
