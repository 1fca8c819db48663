"""Runs a workflow once, for what an event brings."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union

from dotflow.errors import DotflowError, InvalidWorkflowFactory
from dotflow.types import TypeStatus, WorkflowStatus

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow.pipeline import Pipeline

Factory = Union[Callable[..., Union["DotFlow", "Pipeline"]], "Pipeline"]
"""What `dotflow start --workflow` takes, but for a `DotFlow` itself: each event needs a
workflow of its own. One that takes an argument is called with the event's content."""


class WorkflowFailed(DotflowError, RuntimeError):
    """A workflow that an event started has not completed."""


def check_factory(factory: Factory) -> None:
    """Check, before any event comes, that each can have a workflow of its own.

    Args:
        factory: Returns the workflow.

    Raises:
        InvalidWorkflowFactory: It is a workflow itself, or cannot be called.
    """
    from dotflow import DotFlow

    if isinstance(factory, DotFlow):
        raise InvalidWorkflowFactory(
            repr(factory.name or str(factory.workflow_id)),
            "it is a workflow already, and each event needs one of its own: name a"
            " function that returns it",
        )
    if not (_is_pipeline(factory) or callable(factory)):
        raise InvalidWorkflowFactory(
            repr(factory), f"it is a {type(factory).__name__}, not a function"
        )


def build(factory: Factory, content: Any) -> DotFlow:
    """Make the workflow for an event.

    Args:
        factory: Returns the workflow. If it takes an argument, that is the content.
            Otherwise every task without an initial context gets the content as one.
        content: What the event brings.

    Returns:
        The workflow, not started. A pipeline becomes the one part of a workflow.

    Raises:
        InvalidWorkflowFactory: It returned something else, or is no factory.
    """
    from dotflow import DotFlow

    check_factory(factory)
    found: Any = factory
    takes_content = False
    if not _is_pipeline(factory):
        assert callable(factory)
        takes_content = bool(inspect.signature(factory).parameters)
        found = factory(content) if takes_content else factory()
    flow = as_workflow(found) if _is_pipeline(found) else found
    if not isinstance(flow, DotFlow):
        name = getattr(factory, "__qualname__", repr(factory))
        raise InvalidWorkflowFactory(name, f"it returned a {type(found).__name__}")
    if not takes_content:
        for task in flow.task.queue:
            if task.initial_context.storage is None:
                task.initial_context = content
    return flow


def start(flow: DotFlow, **options: Any) -> None:
    """Run a workflow to its end.

    Args:
        flow: The workflow.
        **options: Arguments of `DotFlow.start`, such as `resume=True`.

    Raises:
        WorkflowFailed: It has not completed; the message says which tasks failed, how.
    """
    try:
        manager = flow.start(**options)
        # Many platforms stop a process for good when its handler has returned.
        manager.wait()
    except SystemExit as error:
        # The process is the platform's, and serves other events, too.
        raise WorkflowFailed(
            f"Workflow '{flow.workflow_id}' asked for the end of its process:"
            f" SystemExit({error.code!r})"
        ) from error
    if manager.status == WorkflowStatus.COMPLETED:
        return
    problems = [
        f"task '{task.name}': {task.errors[-1].exception}: {task.errors[-1].message}"
        for task in flow.result_task()
        if task.status == TypeStatus.FAILED and task.errors
    ]
    text = "; ".join(problems) or "no task says why"
    raise WorkflowFailed(f"Workflow '{flow.workflow_id}' is {manager.status}: {text}")


def run(factory: Factory, content: Any = None, **options: Any) -> DotFlow:
    """Make the workflow for an event, and run it to its end; see `build` and `start`.

    Returns:
        The workflow, completed.

    Raises:
        WorkflowFailed: It has not completed.
        InvalidWorkflowFactory: The factory returned no workflow.
    """
    flow = build(factory, content)
    start(flow, **options)
    return flow


def _is_pipeline(value: Any) -> bool:
    # Whoever has a Pipeline has imported its module.
    module = sys.modules.get("dotflow.pipeline")
    return module is not None and isinstance(value, module.Pipeline)


def as_workflow(pipeline: Pipeline, initial_context: Any = None) -> DotFlow:
    """Return a workflow whose one part is a pipeline.

    It has the pipeline's own providers; where it was given none, those that the
    environment asks for.

    Args:
        pipeline: The pipeline.
        initial_context: What its tasks share.
    """
    from dotflow import Config, DotFlow

    flow = DotFlow(
        config=pipeline.given_config or Config.from_env(), name=pipeline.name
    )
    flow.task.add(pipeline, initial_context=initial_context)
    return flow
