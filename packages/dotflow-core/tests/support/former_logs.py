"""A log as users of dotflow 1.x derive it, and tasks by hand, for several files of tests."""

from __future__ import annotations

import logging

from dotflow import Config, DotFlow, Task, action
from dotflow.abc.log import Log


@action
def one():
    return 1


@action(retry=2, retry_delay=0)
def broken():
    raise ValueError("b")


class Lines(logging.Handler):
    def __init__(self, lines):
        super().__init__()
        self.lines = lines

    def emit(self, record):
        self.lines.append((record.levelname, record.getMessage()))


class Mine(Log):
    def __init__(self, level=logging.INFO, format="simple"):
        self.lines = []
        self._logger = logging.Logger("shop")  # noqa: LOG001 - one a test
        self._logger.addHandler(Lines(self.lines))
        self._level = level
        self._format = format


def run(log, *steps):
    flow = DotFlow(Config(log=log))
    flow.task.add(list(steps))
    flow.start(keep_going=True)
    return flow


def tasks_of(*names, step=one):
    return [Task(task_id=name, step=step, config=Config()) for name in names]
