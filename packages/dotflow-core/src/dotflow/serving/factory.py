"""Calls the function that returns a workflow, and notices what it starts itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeGuard, Union

from dotflow.base.starts import Starts
from dotflow.errors import DotflowError, InvalidWorkflowFactory
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow.pipeline import Pipeline
    from dotflow.pipeline.run import PlanRun

Factory = Union[Callable[..., Union["DotFlow", "Pipeline"]], "Pipeline"]
"""What `dotflow start --workflow` takes, but for a `DotFlow` itself: each event needs a
workflow of its own. One that takes an argument is called with the event's content."""


_REMEDY: Final = "let it return the workflow without starting it"


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
    if not (is_pipeline(factory) or callable(factory)):
        raise InvalidWorkflowFactory(
            repr(factory), f"it is a {type(factory).__name__}, not a function"
        )


def call_factory(
    name: str, call: Callable[[], Any], *, may_start: bool = True
) -> DotFlow | Pipeline:
    """Call what returns a workflow, and keep the run that it has started itself.

    Args:
        name: What messages call it.
        call: Returns the workflow, or the run of `return workflow.start()`.
        may_start: Whether a start within is let through. Where it is not, a start raises
            before anything runs.

    Returns:
        The workflow, or the pipeline. One that it has started has its `factory_run`; for
        a pipeline that is a workflow whose one step leaves what the pipeline's run left.

    Raises:
        InvalidWorkflowFactory: It returned something else.
    """
    from dotflow import DotFlow

    def refuse() -> Exception:
        return InvalidWorkflowFactory(name, f"it starts its workflow itself: {_REMEDY}")

    with Starts(None if may_start else refuse) as starts:
        found = call()
    workflow = starts.started_by(found)
    if workflow is not None:
        found = workflow
    if isinstance(found, DotFlow):
        found.made_by = name
        run = starts.latest(found)
        if run is not None and run.tasks != found.task.queue:
            raise InvalidWorkflowFactory(
                name,
                f"it has started its workflow and changed its tasks then: {_REMEDY}",
            )
        found.factory_run = run
        return found
    if is_pipeline(found):
        run = starts.latest((found.state_store, found.name))
        return found if run is None else _as_run(found, run)
    reason = f"it returned {described(found)}"
    run = starts.latest()
    if run is not None:
        reason += f" and has run a workflow, which is {run.status}: {_REMEDY}"
    raise InvalidWorkflowFactory(name, reason)


def started_itself(name: str, without: str = "") -> str:
    """Return the line for a factory whose own run was taken.

    Args:
        name: What messages call it.
        without: What could not be applied to that run.
    """
    lost = f", without {without}" if without else ""
    return (
        f"{name} starts its workflow itself, and that run was taken{lost}:"
        f" {_REMEDY}, and whoever calls it says how it runs."
    )


def described(value: Any) -> str:
    """Return what a value is, for a message: "a str", "the class Shop".

    Args:
        value: The value; a coroutine is closed.
    """
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    if hasattr(value, "close") and name == "coroutine":
        value.close()  # or Python would warn that nobody awaited it
        return "a coroutine: the function must not be async"
    return f"{article} {name}"


def is_pipeline(value: Any) -> TypeGuard[Pipeline]:
    """Tell whether a value is a `Pipeline`, without importing that."""
    # Whoever has a Pipeline has imported its module.
    module = sys.modules.get("dotflow.pipeline")
    return module is not None and isinstance(value, module.Pipeline)


def _as_run(pipeline: Pipeline, run: PlanRun) -> DotFlow:
    """Return a workflow that has run, and come to what the run of a pipeline came to."""
    from dotflow import action

    tasks = pipeline.get_run_report(run.run_id)["tasks"]
    ends = zip(run.graph.tasks, run.graph.downstream, strict=True)
    left = {end.name: tasks[end.name]["result"] for end, after in ends if not after}

    @action
    def hand_on() -> Any:
        for name, task in tasks.items():
            if task["status"] == "FAILED":
                # What is known of it is a traceback, whose last line says it all.
                why = str(task["error"]).strip().rpartition("\n")[2]
                raise DotflowError(f"task '{name}' failed: {why}")
        if run.status != WorkflowStatus.COMPLETED:
            raise DotflowError(f"run {run.run_id} is {run.status}")
        return left if len(left) > 1 else next(iter(left.values()))

    flow = _flow_for(pipeline)
    flow.task.add(hand_on, name=pipeline.name)
    flow.factory_run = flow.start()
    return flow


def as_workflow(pipeline: Pipeline, initial_context: Any = None) -> DotFlow:
    """Return a workflow whose one part is a pipeline.

    It has the pipeline's own providers; where it was given none, those that the
    environment asks for.

    Args:
        pipeline: The pipeline.
        initial_context: What its tasks share.
    """
    flow = _flow_for(pipeline)
    flow.task.add(pipeline, initial_context=initial_context)
    return flow


def _flow_for(pipeline: Pipeline) -> DotFlow:
    from dotflow import Config, DotFlow

    config = pipeline.given_config or Config.from_env()
    return DotFlow(config=config, name=pipeline.name)
