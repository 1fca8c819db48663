"""`PipelineStep`: a task of a pipeline as the engine's executors know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.core.action import Action

if TYPE_CHECKING:
    from dotflow.core.context import Context
    from dotflow.core.task import Task
    from dotflow.pipeline.spec import TaskSpec


class PipelineStep(Action[..., Any]):
    """An action that gives its function results, `upstream` and the run's context.

    Args:
        spec: The task.
    """

    def __init__(self, spec: TaskSpec) -> None:
        super().__init__(
            retry=spec.retries + 1,
            timeout=spec.timeout_s or 0,
            retry_delay=spec.retry_delay,
            backoff=spec.backoff,
            retry_on=spec.retry_on,
            isolate=spec.process,
        )
        self._bind(spec.func)
        self.spec = spec
        self.is_async = spec.is_async()
        binding = spec.binding
        self._contexts = binding.context
        self._upstream = binding.upstream
        self._named = binding.named
        self._positional = binding.positional
        self._bare = not (binding.context or binding.upstream or binding.named)

    def invoke(
        self, task: Task, previous: Context, named: dict[str, Any] | None = None
    ) -> Any:
        """Call the function; see `Action.invoke`.

        Args:
            task: The task; its `initial_context` holds the run's `RunContext`.
            previous: Not used: a pipeline names what it wants.
            named: The results of the tasks it depends on; None where there are none.
        """
        func: Any = self.func
        if self._bare:
            return func()
        results = named or {}
        given: dict[str, Any] = {
            parameter: results[dep] for parameter, dep in self._named
        }
        if self._upstream:
            given["upstream"] = dict(results)
        if self._contexts:
            context = task.initial_context.storage
            if context is not None:  # else every such parameter has a default
                for parameter in self._contexts:
                    given[parameter] = context
        if self._positional:
            return func(*self._taken(given), **given)
        return func(**given)

    def _taken(self, given: dict[str, Any]) -> list[Any]:
        """Take the positional-only ones out of `given`, up to a default that is left."""
        values = []
        for parameter in self._positional:
            if parameter not in given:
                break
            values.append(given.pop(parameter))
        return values

    def __reduce__(self) -> Any:
        return (PipelineStep, (self.spec,))
