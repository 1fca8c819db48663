"""`dotflow retry RUN`: run again what a run has not completed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dotflow_cli.inputs import read_context, read_params
from dotflow_cli.options import (
    examples,
    history_options,
    rerun_options,
    tag_option,
    workflow_option,
)

if TYPE_CHECKING:
    from dotflow import DotFlow, Pipeline
    from dotflow.abc.storage import Storage
    from dotflow.report.model import RunReport


@examples(
    "dotflow retry nightly -w shop.workflow:build",
    "dotflow retry 01J2X -w shop.workflow:build --from load",
    "dotflow retry 01J2X -w shop.pipeline:rows -i '{\"day\": 3}'",
)
@click.command("retry")
@click.argument("run")
@workflow_option(required=True)
@history_options
@click.option(
    "-i",
    "--initial-context",
    metavar="JSON|@FILE|-",
    help="What the tasks of a pipeline share, as of `dotflow start`.",
)
@click.option(
    "--from",
    "from_tasks",
    multiple=True,
    metavar="TASK",
    help="Run this task and all after it again, although completed. Repeatable.",
)
@tag_option
@rerun_options
def command(
    run: str,
    workflow: str,
    params: tuple[str, ...],
    storage: str | None,
    path: str | None,
    initial_context: str | None,
    from_tasks: tuple[str, ...],
    tags: tuple[str, ...],
    **options: Any,
) -> int:
    """Run again what a run has not completed, in a new run.

    RUN is any run: its id or a part of it, the name or id of a workflow (its newest run),
    or latest. What it has completed is kept, and the rest runs, with its parameters and
    in its mode unless others are given; of a run of a Pipeline and of one whose workflow
    id was a random one, too. A fixed workflow id keeps one result a task: of a run that
    is not the newest, those tasks run again whose results newer runs have replaced, and
    all that follows them.

    Without --storage the run is looked for in $DOTFLOW_STORAGE, else in the storage of
    dotflow.toml, else in the workflow's own, else in .output/dotflow.db.
    """
    from dotflow import DotFlow
    from dotflow.errors import WorkflowFlagConflict
    from dotflow.serving.factory import as_workflow
    from dotflow.types import StartedBy, WorkflowStatus
    from dotflow_cli import subgraph
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.execute import Request, execute
    from dotflow_cli.lookup import find_run
    from dotflow_cli.recalled import context_of
    from dotflow_cli.resumable import is_of_pipeline, refuse_beside_another
    from dotflow_cli.starting import note_start
    from dotflow_cli.storages import open_history

    target = _Target(workflow, read_params(params))
    chosen = target.storage(storage, path)
    with usage_errors():
        history = open_history(chosen)
        report = find_run(history, run)
        run_id = report.run_id
        assert run_id is not None
        if report.status == WorkflowStatus.IN_PROGRESS:
            raise click.ClickException(f"Run {run_id} still goes on.")
        if report.completed and not from_tasks:
            raise click.ClickException(
                f"Run {run_id} has completed: there is nothing to retry. With"
                " --from TASK a task and all after it run again."
            )
        named = target.made_for(report)
        note_start(
            StartedBy.RETRY,
            workflow=report.identity.workflow or workflow,
            params=target.params,
            initial_context=initial_context,
            tags=tags,
            retry_of=run_id,
        )
        if is_of_pipeline(chosen, run_id):
            from dotflow_cli.pipeline_run import retry_pipeline

            return retry_pipeline(
                named,
                chosen,
                run_id,
                from_tasks,
                context_of(report, initial_context),
                options,
            )
        if isinstance(named, DotFlow):
            if initial_context is not None:
                raise WorkflowFlagConflict("--initial-context")
            flow = named
        else:
            context = read_context(context_of(report, initial_context))
            flow = as_workflow(named, context)
        options["mode"] = options["mode"] or report.mode
        flow.configure(storage=chosen, workflow_id=report.workflow_id)
        request = Request.of(options, resume=run_id)
        if from_tasks:
            refuse_beside_another(history, report)
            subgraph.forget_from(flow, request.mode, from_tasks)
    return execute(flow, request)


class _Target:
    """What the user named, made with parameters of his own at first, then with the run's.

    Args:
        where: Where it is.
        params: The parameters that are given.
    """

    def __init__(self, where: str, params: dict[str, Any]) -> None:
        self.params = params
        self._where = where
        self._made: DotFlow | Pipeline | None = None

    def storage(self, storage: str | None, path: str | None) -> Storage:
        """Return the storage to look for the run in; see `durable_storage`."""
        from dotflow.config.sources import storage_of_settings
        from dotflow_cli.storages import durable_storage

        own = None
        if storage is None and storage_of_settings() is None:
            own = self._own()
        return durable_storage(storage, path, own=own)

    def _own(self) -> Storage | None:
        from dotflow import DotFlow

        made = self.made_with(self.params)
        own = made.config.storage if isinstance(made, DotFlow) else made.storage
        # What is in the memory of a process tells nothing of the runs of another.
        return own if own.shared else None

    def made_for(self, report: RunReport) -> DotFlow | Pipeline:
        """Return it, made as it was for a run where nothing else is given."""
        from dotflow_cli.recalled import params_of

        given = self.params
        params = params_of(report, given)
        try:
            return self.made_with(params)
        except click.UsageError as error:
            recalled = ", ".join(name for name in params if name not in given)
            if not recalled:
                raise
            raise click.UsageError(
                f"{error.message} Run {report.run_id} was started with {recalled}: name"
                " what it was a run of with --workflow."
            ) from error

    def made_with(self, params: dict[str, Any]) -> DotFlow | Pipeline:
        """Return it, made with these parameters."""
        from dotflow_cli.targets import workflow_or_pipeline

        if self._made is None or params != self.params:
            self.params = params
            self._made = workflow_or_pipeline(self._where, params)
        return self._made
