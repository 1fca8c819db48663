"""Steps and workflows in the words of dotflow 1.x, which several files of tests share."""

from __future__ import annotations

import os

from plain_steps import one as one
from plain_steps import plus_one as plus_one

from dotflow import Config, DotFlow, action
from dotflow.providers import LogDefault

MODES = ["sequential", "sequential_group", "background", "parallel"]


def quiet(**providers):
    return Config(log=LogDefault(level="ERROR", output="file"), **providers)


def flow_of(*steps, **options):
    flow = DotFlow(quiet())
    for step in steps:
        flow.task.add(step, **options)
    return flow


def started(*steps, mode="sequential", **options):
    flow = flow_of(*steps)
    flow.start(mode=mode, **options).wait()
    return flow


def statuses(flow):
    return [task.status for task in flow.result_task()]


@action
def broken():
    raise ValueError("no")


@action
def pid():
    return os.getpid()
