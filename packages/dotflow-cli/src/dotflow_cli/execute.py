"""Runs a workflow for the user: progress, signals, summary, exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dotflow.display import quietened, told_also
from dotflow.display.lines import PlainProgress
from dotflow.model.outcome import exit_code
from dotflow.types import WorkflowStatus
from dotflow_cli.errors import usage_errors
from dotflow_cli.options import split
from dotflow_cli.stopping import stopping_on_signals
from dotflow_cli.streams import print_json
from dotflow_cli.summary import print_summary
from dotflow_cli.tables import is_terminal

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow.abc.notify import Notify
    from dotflow.model.options import StartOptions
    from dotflow.report.model import RunReport
    from dotflow.types import ModeName
    from dotflow.workflow.manager import Manager

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
    mode: ModeName = "sequential"
    progress: str = "auto"
    as_json: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any], *, resume: bool | str) -> Request:
        """Return the request that the options of a command make.

        Args:
            options: Those that `run_options` adds.
            resume: Whether completed tasks are kept, or the run whose are.
        """
        start, others = split(options)
        return cls({**start, "resume": resume}, **others)


def execute(flow: DotFlow, request: Request) -> int:
    """Run a workflow to its end.

    Args:
        flow: The workflow. One that its own function has started is only waited for.
        request: How to run it.

    Returns:
        The exit code: that of the report, 0 where the run was skipped, 130 after Ctrl-C.
    """
    # The display is gone before the summary comes.
    with ExitStack() as stack:
        # Of a run that goes on, or is over, nothing can be shown any more.
        taken = flow.factory_run is not None
        say = write_error if taken else _progress(flow, request, stack)
        code, manager = _run(flow, request, say)
    if manager is None:
        return code
    report = manager.report()
    print_report(report, as_json=request.as_json)
    if not report.completed and _resumable(flow):
        click.echo(_HINT, err=True)
    return code or report.exit_code


def print_report(report: RunReport, *, as_json: bool) -> None:
    """Print how a run ended.

    Args:
        report: Its report.
        as_json: Whether to print that, instead of a summary for people.
    """
    if as_json:
        print_json(report.to_json(indent=2))
    else:
        print_summary(report)


def _run(
    flow: DotFlow, request: Request, say: Callable[[str], None]
) -> tuple[int, Manager | None]:
    """Run it; return an exit code, 0 for that of the report, and what has run."""
    manager: Manager | None = None
    code = 0
    with stopping_on_signals(flow, say) as stopping:
        try:
            manager = flow.factory_run
            with usage_errors():
                manager = manager or flow.start(mode=request.mode, **request.start)
            manager.wait()
        except KeyboardInterrupt:
            code = 130
            # The traceback keeps it alive, though `start` did not return it.
            manager = manager or flow.latest_run
        except SystemExit as error:
            # Of a step, as the report says also, or of a callback.
            code = exit_code(error)
            manager = manager or flow.latest_run
    if stopping.exit_code is not None:
        return stopping.exit_code, manager
    if manager is not None and manager.status == WorkflowStatus.SKIPPED:
        click.echo("Skipped: another run of this workflow id goes on.", err=True)
        return 0, None
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
        tell_also(flow, live)
        return lambda text: setattr(live, "note", text)
    if kind == "plain":
        tell_lines(flow)
    return write_error


def tell_lines(flow: DotFlow) -> None:
    """Tell the changes of tasks as lines on standard error."""
    tell_also(flow, PlainProgress())


def tell_also(flow: DotFlow, notify: Notify) -> None:
    """Tell the changes of tasks to one more.

    Args:
        flow: The workflow; its config stays as it is for others that share it.
        notify: Who is told.
    """
    flow.config = told_also(flow.config, notify)
    flow.task.rebind(config=flow.config)


def quiet_default_log(flow: DotFlow) -> None:
    """Silence the log that a workflow has only because it named no other.

    Args:
        flow: The workflow.
    """
    flow.config = quietened(flow.config)
    flow.task.rebind(config=flow.config)


def write_error(text: str) -> None:
    """Write a line to standard error, from a signal handler.

    Args:
        text: The line.
    """
    # From a signal handler: a buffered stream may be in the middle of a write.
    os.write(2, f"\n{text}\n".encode())


def _resumable(flow: DotFlow) -> bool:
    return flow.has_fixed_id and flow.config.storage.persistent
