"""`override_steps`: other steps in a workflow, for a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dotflow.model.action import Action


@contextmanager
def override_steps(
    workflow: Any, steps: Mapping[str, Any] | None = None, /, **named: Any
) -> Iterator[Any]:
    """Put constants or callables in the place of steps, and the steps back at the end.

    A callable gets `previous_context` and `initial_context` as a step does, and is
    attempted as the step that it stands for would be: as often, with the same timeout.
    An `@action` brings its own options. Anything else is what the step returns.

    Args:
        workflow: A `DotFlow`; of a `Pipeline` a copy is made by `override_tasks`.
        steps: By the name of a task, for names that are no identifiers.
        named: The same as keywords.

    Yields:
        The workflow, or the copy.

    Raises:
        KeyError: The workflow has no task of that name.
    """
    chosen = {**(steps or {}), **named}
    own = getattr(workflow, "override_tasks", None)
    if own is not None:
        yield own(chosen)
        return
    tasks = {task.name: task for task in workflow.task.queue}
    unknown = sorted(chosen.keys() - tasks.keys())
    if unknown:
        raise KeyError(
            f"The workflow has no task {', '.join(map(repr, unknown))}: it has"
            f" {', '.join(map(repr, tasks)) or 'none'}."
        )
    before = {name: tasks[name].step for name in chosen}
    try:
        for name, value in chosen.items():
            tasks[name].step = _stand_in(before[name], value, name)
        yield workflow
    finally:
        for name, step in before.items():
            tasks[name].step = step


class _Constant:
    """Returns a value; a class, so that it can travel to another process."""

    def __init__(self, value: Any, name: str) -> None:
        self.value = value
        self.__name__ = name

    def __call__(self) -> Any:
        return self.value


def _stand_in(step: Action[..., Any], value: Any, name: str) -> Action[..., Any]:
    if isinstance(value, Action):
        return value
    function = value if callable(value) else _Constant(value, name)
    policy = step.policy
    return Action(
        function,
        retry=policy.attempts,
        timeout=step.timeout,
        retry_delay=policy.delay,
        backoff=policy.backoff,
        retry_on=policy.retry_on,
        jitter=policy.jitter,
        max_delay=policy.max_delay,
        isolate=step.isolate,
    )
