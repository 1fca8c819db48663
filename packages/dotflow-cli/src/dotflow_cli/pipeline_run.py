"""Goes on with a run of a `Pipeline` for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dotflow import DotFlow, RunContext
from dotflow.pipeline.run import run_to_end
from dotflow_cli.execute import print_report
from dotflow_cli.inputs import read_context
from dotflow_cli.lookup import find_run
from dotflow_cli.storages import open_history

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotflow import Pipeline
    from dotflow.abc.storage import Storage

# The options that are none of a pipeline's, and what they are where nobody gave them.
_ELSEWHERE = {
    "mode": None,
    "address": None,
    "keep_going": False,
    "max_parallel": None,
}


def retry_pipeline(
    pipeline: DotFlow | Pipeline,
    storage: Storage,
    run_id: str,
    from_tasks: Sequence[str],
    initial_context: str | None,
    options: Mapping[str, Any],
) -> int:
    """Run what a run has not completed, in a new one, and tell how that ended.

    Args:
        pipeline: What the user named.
        storage: Where the run is.
        run_id: The run.
        from_tasks: Tasks to run again although they succeeded.
        initial_context: What the tasks share, as the user wrote it.
        options: Those that `rerun_options` adds.

    Returns:
        The exit code, that of the report: 0 where every task succeeded.

    Raises:
        UsageError: It is no pipeline, or an option is not for one.
        DotflowError: The pipeline refuses it.
    """
    if isinstance(pipeline, DotFlow):
        raise click.UsageError(
            f"Run {run_id} is one of a Pipeline: name that with --workflow."
        )
    for name, usual in _ELSEWHERE.items():
        if options[name] != usual:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is for a DotFlow: a Pipeline says itself"
                " what runs at once."
            )
    given = read_context(initial_context)
    context = None if given is None else RunContext(given)
    pipeline.configure(storage=storage)
    try:
        new = run_to_end(
            lambda: pipeline.resume(
                run_id, from_tasks, context, deadline=options["deadline"]
            ),
            "retry",
        )
    except SystemExit:  # of a step, as the report says
        new = "latest"
    report = find_run(open_history(storage), new)
    print_report(report, as_json=options["as_json"])
    return report.exit_code
