"""`PipelineStep`: a task of a pipeline as the engine's executors know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.model.action import Action
from dotflow.model.options import NODE_DEFAULTS, TASK_DEFAULTS
from dotflow.pipeline.context import RunContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dotflow.model.action import StepTask
    from dotflow.model.context import Context
    from dotflow.model.options import NodeOptions
    from dotflow.pipeline.spec import TaskSpec


class PipelineStep(Action[..., Any]):
    """An action that gives its function results, `upstream` and the run's context.

    Args:
        spec: The task.
    """

    def __init__(self, spec: TaskSpec) -> None:
        if spec.options is not NODE_DEFAULTS:
            self.__dict__.update(_attempts(spec.options))
        self._bind(spec.func)
        self.spec = spec
        self._binding = binding = spec.binding
        self.is_async = binding.asynchronous
        self.wraps_async = binding.wraps_async
        self._bare = not (binding.context or binding.upstream or binding.named)
        if binding.upstream or binding.named:
            self.takes_inputs = True

    def serves(self, spec: TaskSpec) -> bool:
        """Say whether a task differs from the one of this step by its name alone."""
        return (
            spec.binding is self._binding
            and spec.func is self.func
            and spec.options is NODE_DEFAULTS
            and self.spec.options is NODE_DEFAULTS
        )

    def _bind(self, func: Callable[..., Any]) -> None:
        # What an action finds out of a function's parameters is in the binding.
        self.func = func
        self.__name__ = getattr(func, "__name__", type(func).__name__)
        self.__qualname__ = getattr(func, "__qualname__", self.__name__)
        self.__module__ = getattr(func, "__module__", None) or __name__

    def invoke(
        self, task: StepTask, previous: Context, named: dict[str, Any] | None = None
    ) -> Any:
        """Call the function; see `Action.invoke`.

        The task's `initial_context` holds the run's `RunContext`; `previous` is not
        used, since a pipeline names what it wants.
        """
        func: Any = self.func
        if self._bare:
            return func()
        context = task.initial_context.storage
        if self.timeout and self._binding.context and context is not None:
            # The time that the attempt itself has left is no longer than the run's.
            context = context.with_deadline_s(self.timeout)
        given = self._given(named or {}, context)
        if self._binding.positional:
            return func(*self._taken(given), **given)
        return func(**given)

    def inputs(
        self, task: StepTask, previous: Context, named: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what tells one call from another; see `Action.inputs`.

        A context is given as it was made, without the time that a run has left.
        """
        context = task.initial_context.storage
        if context is not None:
            context = RunContext(context.deps, context.metadata)
        return self._given(named or {}, context)

    def own_input(self, initial: Context) -> Any:
        """Return what the run's context holds, if the task takes it.

        Its metadata is for the report, and differs between runs of the same thing.
        """
        taken = self._binding.context and initial.storage is not None
        return initial.storage.deps if taken else None

    def initial(self, value: Any) -> Context:
        """Return a value as what the tasks of a run share; see `Action.initial`."""
        from dotflow.model.context import Context

        shared = value if isinstance(value, RunContext) else RunContext(value)
        return Context(storage=shared)

    def _given(
        self, results: dict[str, Any], context: RunContext[Any] | None
    ) -> dict[str, Any]:
        """Return the values of the parameters that get one."""
        binding = self._binding
        given: dict[str, Any] = {
            parameter: results[dep] for parameter, dep in binding.named
        }
        if binding.upstream:
            given["upstream"] = dict(results)
        if context is not None:  # else each such parameter has a default
            for parameter in binding.context:
                given[parameter] = context
        return given

    def _taken(self, given: dict[str, Any]) -> list[Any]:
        """Take the positional-only ones out of `given`, up to a default that is left."""
        values = []
        for parameter in self._binding.positional:
            if parameter not in given:
                break
            values.append(given.pop(parameter))
        return values

    def __reduce__(self) -> Any:
        spec = self.spec
        if spec.cache_key is not None:
            # Asked for where the run is, never where an attempt is.
            spec = spec.but(cache_key=None)
        return (PipelineStep, (spec,))


def steps_of(specs: Iterable[TaskSpec]) -> list[PipelineStep]:
    """Return the step of each task."""
    steps: list[PipelineStep] = []
    for spec in specs:
        # One for a fan of the same function, whose tasks differ by their names alone:
        # that saves 2.5 of 3 µs a task.
        shared = bool(steps) and steps[-1].serves(spec)
        steps.append(steps[-1] if shared else PipelineStep(spec))
    return steps


def _attempts(options: NodeOptions) -> dict[str, Any]:
    """Return what an `Action` makes of the options of a task."""
    shared: Any = {name: options[name] for name in TASK_DEFAULTS}  # type: ignore[literal-required]
    step = Action[..., Any](
        retry=options["retries"] + 1,
        timeout=options["timeout_s"] or 0,
        isolate=options["process"],
        **shared,
    )
    return vars(step)


# A pipeline of 100,000 tasks has nearly as many with no options: those of the class
# serve them all.
for _name, _value in _attempts(NODE_DEFAULTS).items():
    setattr(PipelineStep, _name, _value)
