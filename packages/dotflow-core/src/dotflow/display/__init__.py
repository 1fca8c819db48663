"""`progress=True`: shows a run to whoever watches it."""

from __future__ import annotations

import os
import sys
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from dotflow.abc.log import Log
from dotflow.base.terminals import in_notebook, is_terminal
from dotflow.display.lines import PlainProgress
from dotflow.logging import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dotflow.abc.notify import Notify
    from dotflow.config.config import Config
    from dotflow.report.model import RunReport

DISPLAYS = "dotflow.displays"


class QuietLog(Log):
    """Stands for a log that nobody asked for: the progress tells the same."""

    active = False

    def info(self, **kwargs: Any) -> None:
        """Log nothing."""

    def error(self, **kwargs: Any) -> None:
        """Log nothing."""


class Watching:
    """What shows one run.

    In a notebook it is a table that changes, on a terminal the live display where
    `dotflow-cli` is installed, and else lines on standard error.

    Args:
        tasks: The tasks of the run.
        report: Returns what is known of the run.

    Attributes:
        display: What is told of the tasks, while `with` shows it; it never breaks what
            runs.
    """

    def __init__(self, tasks: Sequence[Any], report: Callable[[], RunReport]) -> None:
        self.display: Any = _display(tasks, report)
        self._shown = False

    def __enter__(self) -> None:
        self._shown = _guarded(getattr(self.display, "__enter__", None))

    def __exit__(self, *_error: object) -> None:
        if self._shown:
            _guarded(partial(self.display.__exit__, None, None, None))


def told_also(config: Config, notify: Notify) -> Config:
    """Return a config with one more notifier; the given one stays as it is."""
    config = copy(config)
    config.notify = [config.notify, notify]
    return config


def quietened(config: Config) -> Config:
    """Return a config without the log that it has only because it named no other."""
    if "log" in vars(config):
        return config
    config = copy(config)
    config.log = QuietLog()
    return config


def _display(tasks: Sequence[Any], report: Callable[[], RunReport]) -> Any:
    if in_notebook():
        from dotflow.display.notebook import NotebookProgress

        return NotebookProgress(report)
    if os.name == "posix" and is_terminal(sys.stderr):
        from dotflow.providers.registry import entry_point_names, load_entry_point

        if "terminal" in entry_point_names(DISPLAYS):
            return load_entry_point(DISPLAYS, "terminal")(tasks)
    return PlainProgress()


def _guarded(call: Callable[[], object] | None) -> bool:
    """Call something that only shows, and say whether that went well."""
    if call is None:
        return False
    try:
        call()
    except Exception as error:  # noqa: BLE001 - telling never breaks running
        warn("%s failed and was ignored", "The progress", error=error)
        return False
    return True
