"""Runs a workflow for the user: progress, signals, summary, exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dotflow.abc.log import Log
from dotflow.types import WorkflowStatus
from dotflow_cli.errors import usage_errors
from dotflow_cli.options import split
from dotflow_cli.progress.plain import PlainProgress
from dotflow_cli.stopping import stopping_on_signals
from dotflow_cli.summary import print_summary
from dotflow_cli.tables import is_terminal

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow.model.options import StartOptions
    from dotflow.workflow.manager import Manager

_FAILED = 1
_HINT = "What is completed is kept: the same command with --resume goes on from here."


@dataclass(frozen=True)
class Request:
    """How to run a workflow, and how to tell of it.

    Args:
        start: What `DotFlow.start` is given.
        mode: The execution mode.
        progress: `"auto"`, `"live"`, `"plain"` or `"none"`.
        as_json: Whether to print the report as JSON instead of a summary.
    """

    start: StartOptions
    mode: str = "sequential"
    progress: str = "auto"
    as_json: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any], *, resume: bool) -> Request:
        """Return the request that the options of a command make.

        Args:
            options: Those that `run_options` adds.
            resume: Whether completed tasks are kept.
        """
        start, others = split(options)
        return cls({**start, "resume": resume}, **others)


class QuietLog(Log):
    """Stands for a log that nobody asked for: the progress tells the same."""

    active = False

    def info(self, **kwargs: Any) -> None:
        """Log nothing."""

    def error(self, **kwargs: Any) -> None:
        """Log nothing."""


def execute(flow: DotFlow, request: Request) -> int:
    """Run a workflow to its end.

    Args:
        flow: The workflow.
        request: How to run it.

    Returns:
        The exit code: 0 where every task completed, 1 where one failed, 130 after
        Ctrl-C.
    """
    # The display is gone before the summary comes.
    with aside() if request.as_json else nullcontext(), ExitStack() as stack:
        say = _progress(flow, request, stack)
        code, manager = _run(flow, request, say)
    if manager is None:
        return code
    if request.as_json:
        click.echo(manager.report().to_json(indent=2))
    else:
        print_summary(manager.report())
    if manager.status != WorkflowStatus.COMPLETED and _resumable(flow):
        click.echo(_HINT, err=True)
    return code


def _run(
    flow: DotFlow, request: Request, say: Callable[[str], None]
) -> tuple[int, Manager | None]:
    manager: Manager | None = None
    code = _FAILED
    with stopping_on_signals(flow, say) as stopping:
        try:
            with usage_errors():
                manager = flow.start(mode=request.mode, **request.start)
            manager.wait()
        except KeyboardInterrupt:
            code = 130
            # The traceback keeps it alive, though `start` did not return it.
            manager = manager or flow.latest_run
        except SystemExit as error:
            # A task has asked for it; 0 would say that all tasks completed.
            code = error.code if isinstance(error.code, int) and error.code else code
            manager = manager or flow.latest_run
    if stopping.exit_code is not None:
        return stopping.exit_code, manager
    if manager is not None and manager.status == WorkflowStatus.COMPLETED:
        return 0, manager
    return code, manager


def _progress(
    flow: DotFlow, request: Request, stack: ExitStack
) -> Callable[[str], None]:
    """Begin to tell what runs, and return what tells the user something in between."""
    quiet_default_log(flow)
    kind = request.progress
    if kind == "auto":
        kind = "live" if is_terminal(sys.stderr) else "plain"
    if kind == "live" and not (os.name == "posix" and is_terminal(sys.stderr)):
        kind = "plain"  # nothing can be redrawn there
    if kind == "live":
        from dotflow_cli.progress.live import LiveProgress

        live = stack.enter_context(LiveProgress(flow.task.queue))
        return lambda text: setattr(live, "note", text)
    if kind == "plain":
        tell_lines(flow)
    return write_error


def tell_lines(flow: DotFlow) -> None:
    """Tell the changes of tasks as lines on standard error.

    Args:
        flow: The workflow; its config stays as it is for others that share it.
    """
    config = copy(flow.config)
    config.notify = [config.notify, PlainProgress()]
    flow.config = config
    flow.task.rebind(config=config)


def quiet_default_log(flow: DotFlow) -> None:
    """Silence the log that a workflow has only because it named no other.

    Args:
        flow: The workflow.
    """
    if "log" not in vars(flow.config):
        config = copy(flow.config)
        config.log = QuietLog()
        flow.config = config
        flow.task.rebind(config=config)


def write_error(text: str) -> None:
    """Write a line to standard error, from a signal handler.

    Args:
        text: The line.
    """
    # From a signal handler: a buffered stream may be in the middle of a write.
    os.write(2, f"\n{text}\n".encode())


def _resumable(flow: DotFlow) -> bool:
    return flow.has_fixed_id and flow.config.storage.persistent


@contextmanager
def aside() -> Iterator[None]:
    """Let standard output lead to standard error, so that JSON stays alone in it."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)
