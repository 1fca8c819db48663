"""What `dotflow start` does, once its options are read."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from dotflow import Config, DotFlow
from dotflow.core.exception import (
    DotflowError,
    InvalidWorkflowFactory,
    WorkflowFlagConflict,
)
from dotflow.core.module import Module
from dotflow.core.types import TypeStatus
from dotflow.providers.storage_url import storage_from_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotflow import Task
    from dotflow.abc.storage import Storage


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn what dotflow refuses into a message and exit code 2, without traceback."""
    try:
        yield
    except DotflowError as error:
        raise click.UsageError(str(error)) from error


def read_context(text: str | None) -> Any:
    """Read an initial context: JSON where it is JSON, otherwise the text itself."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def open_storage(storage: str | None, path: str | None) -> Storage:
    """Make the storage that the options name.

    Args:
        storage: Its name or address; in memory by default.
        path: The folder of `file` or the file of `sqlite`.

    Returns:
        The storage.
    """
    if path is None:
        return storage_from_url(storage or "default")
    if storage not in {"file", "sqlite"}:
        raise click.UsageError("--path needs --storage file or --storage sqlite.")
    return storage_from_url(f"{storage}:{path}")


def from_step(
    step: str,
    *,
    callback: str | None,
    initial_context: str | None,
    storage: str | None,
    path: str | None,
    workflow_id: str | None,
) -> DotFlow:
    """Make a workflow of one step.

    Args:
        step: Dotted path of the step.
        callback: Dotted path of the step's callback.
        initial_context: The step's initial context as the user wrote it.
        storage: Name or address of the storage.
        path: Path of the storage, where the name alone does not say it.
        workflow_id: The workflow's identifier.

    Returns:
        The workflow, not started.
    """
    with usage_errors():
        config = Config(storage=open_storage(storage, path))
        flow = DotFlow(config=config, workflow_id=workflow_id)
        options: dict[str, Any] = {"initial_context": read_context(initial_context)}
        if callback is not None:
            options["callback"] = callback
        flow.task.add(step, **options)
        return flow


def from_factory(path: str, *, conflicts: Sequence[str] = ()) -> DotFlow:
    """Make the workflow that a function of the user returns.

    Args:
        path: Where the function is, `module:function`.
        conflicts: Flags given that only the function itself can decide about.

    Returns:
        The workflow, not started.
    """
    with usage_errors():
        if conflicts:
            raise WorkflowFlagConflict(conflicts[0])
        factory: Any = Module(path)
        if not callable(factory):
            raise InvalidWorkflowFactory(path)
        flow = factory()
        if not isinstance(flow, DotFlow):
            raise InvalidWorkflowFactory(path)
        return flow


def run(flow: DotFlow, *, mode: str, resume: bool) -> None:
    """Run a workflow to its end and exit with 1 if a task failed.

    Args:
        flow: The workflow.
        mode: The execution mode.
        resume: Whether completed tasks are kept.
    """
    with usage_errors():
        manager = flow.start(mode=mode, resume=resume)
    manager.wait()
    failed = [t for t in flow.result_task() if t.status != TypeStatus.COMPLETED]
    if failed:
        report(failed)
        raise SystemExit(1)


def report(tasks: Sequence[Task]) -> None:
    """Show on standard error the tasks that did not complete and why.

    Args:
        tasks: Those tasks.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("Task", "Status", "Error")
    for task in tasks:
        error = task.errors[-1] if task.errors else None
        message = f"{error.exception}: {error.message}" if error else ""
        # As Text, since a message may have brackets that rich would take for markup.
        table.add_row(task.name, task.status, Text(message))
    Console(stderr=True).print(table)
