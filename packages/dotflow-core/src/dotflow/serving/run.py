"""Runs a workflow once, for what an event brings."""

from __future__ import annotations

from functools import partial
from inspect import CO_VARARGS, CO_VARKEYWORDS, signature
from types import FunctionType
from typing import TYPE_CHECKING, Any

from dotflow.base.starting import started_by
from dotflow.errors import DotflowError
from dotflow.logging import logger
from dotflow.serving.factory import (
    Factory,
    as_workflow,
    call_factory,
    check_factory,
    is_pipeline,
    started_itself,
)
from dotflow.serving.flush import flush_providers
from dotflow.types import StartedBy, TypeStatus, WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow import DotFlow

# The factories of which it was said how to write them better: once each.
_told: set[str] = set()


class WorkflowFailed(DotflowError, RuntimeError):
    """A workflow that an event started has not completed."""


def build(factory: Factory, content: Any, *, may_start: bool = True) -> DotFlow:
    """Make the workflow for an event.

    Args:
        factory: Returns the workflow. If it takes an argument, that is the content.
            Otherwise every task without an initial context gets the content as one.
        content: What the event brings.
        may_start: Whether the factory may start the workflow itself, as those of
            dotflow 1.x did: `start` then takes that run rather than a second one.

    Returns:
        The workflow, not started. A pipeline becomes the one part of a workflow.

    Raises:
        InvalidWorkflowFactory: It returned something else, or is no factory.
        WorkflowFailed: It asked for the end of the process.
    """
    from dotflow import DotFlow

    check_factory(factory)
    if is_pipeline(factory):
        flow = as_workflow(factory)
        takes_content = False
    else:
        assert callable(factory)
        name = getattr(factory, "__qualname__", repr(factory))
        takes_content = _takes_content(factory)
        call = partial(factory, content) if takes_content else factory
        try:
            with started_by(StartedBy.HANDLER, command=name, workflow=name):
                found = call_factory(name, call, may_start=may_start)
        except SystemExit as error:
            raise WorkflowFailed(
                f"{name!r} asked for the end of its process: SystemExit({error.code!r})"
            ) from error
        flow = found if isinstance(found, DotFlow) else as_workflow(found)
        if flow.factory_run is not None:
            if name not in _told:
                _told.add(name)
                logger.warning("%s", started_itself(name))
            return flow
    if not takes_content:
        for task in flow.task.queue:
            if task.initial is None or task.initial.storage is None:
                task.initial_context = content
    return flow


def _takes_content(factory: Callable[..., Any]) -> bool:
    """Say whether a factory has any parameter."""
    if type(factory) is FunctionType and not factory.__dict__:
        # Without a signature, which is 10 of 130 µs of a request.
        code = factory.__code__
        named = code.co_argcount + code.co_kwonlyargcount
        return bool(named or code.co_flags & (CO_VARARGS | CO_VARKEYWORDS))
    return bool(signature(factory).parameters)


def start(flow: DotFlow, **options: Any) -> None:
    """Run a workflow to its end, or not at all where `if_running="skip"` says so.

    Args:
        flow: The workflow. If the factory has started it already, that run is waited for.
        **options: Arguments of `DotFlow.start`, such as `resume=True`.

    Raises:
        WorkflowAlreadyRunning: Another run of its id goes on.
        WorkflowFailed: It has not completed; the message says which tasks failed, how.
    """
    manager, flow.factory_run = flow.factory_run, None
    try:
        if manager is None:
            made_by = flow.made_by
            with started_by(StartedBy.HANDLER, command=made_by, workflow=made_by):
                manager = flow.start(**options)
        # Many platforms stop a process for good when its handler has returned.
        manager.wait()
    except SystemExit as error:
        # The process is the platform's, and serves other events, too.
        raise WorkflowFailed(
            f"Workflow '{flow.workflow_id}' asked for the end of its process:"
            f" SystemExit({error.code!r})"
        ) from error
    finally:
        flush_providers(flow.config)
    if manager.status in (WorkflowStatus.COMPLETED, WorkflowStatus.SKIPPED):
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
