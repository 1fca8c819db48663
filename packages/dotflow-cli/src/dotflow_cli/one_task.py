"""Runs one task of a workflow, of which other processes run the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow.types import WorkflowStatus
from dotflow_cli.errors import usage_errors
from dotflow_cli.execute import (
    print_report,
    quiet_default_log,
    tell_lines,
    write_error,
)
from dotflow_cli.stopping import stopping_on_signals

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow.engine.one_task import OneTaskRun
    from dotflow_cli.execute import Request

FAILED: Final = 1
FAILED_FOR_GOOD: Final = 3


def execute_task(flow: DotFlow, name: str, run_id: str, request: Request) -> int:
    """Run one attempt of a task.

    Args:
        flow: The workflow.
        name: The name of the task.
        run_id: The run that it belongs to.
        request: How to run it.

    Returns:
        The exit code: 0 where the task is completed, or skipped since what it depends
        on has failed; 1 where it failed; 3 where it failed and another attempt cannot
        help; 130 after Ctrl-C.
    """
    quiet_default_log(flow)
    if request.progress != "none":
        tell_lines(flow)
    code, run = _run(flow, name, run_id, request)
    if run is None:
        return code
    print_report(run.report(), as_json=request.as_json)
    return code


def _run(
    flow: DotFlow, name: str, run_id: str, request: Request
) -> tuple[int, OneTaskRun | None]:
    from dotflow.workflow.single_task import run_task

    run: OneTaskRun | None = None
    code = FAILED
    with stopping_on_signals(flow, write_error) as stopping:
        try:
            with usage_errors():
                run = run_task(
                    flow,
                    name,
                    run_id,
                    mode=request.mode,
                    keep_going=request.start["keep_going"],
                )
        except KeyboardInterrupt:
            code = 130
        except SystemExit:
            # A task has asked for it, and would again: `start` does not try twice either.
            code = FAILED_FOR_GOOD
    if stopping.exit_code is not None:
        return stopping.exit_code, run
    if run is None:
        return code, None
    if run.status == WorkflowStatus.COMPLETED:
        return 0, run
    return (FAILED if run.retryable else FAILED_FOR_GOOD), run
