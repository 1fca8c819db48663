"""`TaskSpec`: a task as it was declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dotflow.errors import InvalidTask
from dotflow.pipeline.parameters import ITEM_PARAMETERS, Binding, bind, is_async

RetryOn = type[BaseException] | tuple[type[BaseException], ...]


@dataclass(frozen=True)
class TaskSpec:
    """A task as it was declared.

    Args:
        name: Its name, unique within its DAG.
        func: What it calls.
        deps: The names of the tasks it depends on.
        timeout_s: Seconds that one attempt may take; None for no limit.
        retries: Attempts after the first failed one.
        dag: The DAG it belongs to; None where a registry holds only one.
        accepts_context: Whether it has a parameter for the context.
        requires_context: Whether such a parameter has no default.
        accepts_upstream: Whether it takes all results as `upstream`.
        named_deps: The dependencies whose results are given to parameters.
        aliases: For parameters that are not named after a task: the task they mean.
        retry_delay: Seconds between two attempts.
        backoff: Double the delay after every attempt.
        retry_on: The exceptions worth another attempt.
        process: Run each attempt in a process of its own.
        retain_result: Keep the result after the last task that needs it.
        map_over: The dependency for whose items it is called, one by one.
        foreign: Pairs of a dependency and the other pipeline that it belongs to.
        cache: Whether results are kept, and found again by later runs.
        cache_ttl: Seconds that a kept result counts; None for ever.
        cache_key: Makes of the inputs what stands for them.
        limit: The name of a concurrency limit.
        rate: The most attempts that may start in a time.
    """

    name: str
    func: Callable[..., Any]
    deps: list[str] = field(default_factory=list)
    timeout_s: float | None = None
    retries: int = 0
    dag: str | None = None
    accepts_context: bool = False
    requires_context: bool = False
    accepts_upstream: bool = False
    named_deps: list[str] = field(default_factory=list)
    aliases: Mapping[str, str] = field(default_factory=dict)
    retry_delay: float = 0
    backoff: bool = False
    retry_on: RetryOn = Exception
    process: bool = False
    retain_result: bool = True
    foreign: tuple[tuple[str, str], ...] = ()
    map_over: str | None = None
    cache: bool = False
    cache_ttl: float | None = None
    cache_key: Callable[..., Any] | None = None
    limit: str | None = None
    rate: str | None = None

    @cached_property
    def binding(self) -> Binding:
        """Which parameter gets what."""
        mapped = () if self.map_over is None else ITEM_PARAMETERS
        return bind(self.func, (*self.deps, *mapped), self.aliases)

    def is_async(self) -> bool:
        """Say whether the task is a coroutine function."""
        return is_async(self.func)

    def problems(self) -> list[str]:
        """Return a sentence for each required parameter that nothing provides."""
        if not self.binding.missing:
            return []
        names = ", ".join(map(repr, self.binding.missing))
        if self.binding.upstream:
            hint = "which takes `upstream`, so no result is given to it by name"
            return [f"Task {self.name!r}, {hint}, requires {names}."]
        deps = ", ".join(map(repr, self.deps)) or "none"
        hint = (
            "A parameter is annotated RunContext, or named `upstream`, or named after a"
            f" dependency (here: {deps}), or has a default; deps={{parameter: task}}"
            " gives it another name."
        )
        return [f"Task {self.name!r} requires {names}, which nothing provides. {hint}"]


def described(spec: TaskSpec) -> TaskSpec:
    """Return a spec whose descriptive fields say what its function asks for."""
    binding = spec.binding
    full = object.__new__(type(spec))
    # As `dataclasses.replace`, which takes as long as all the rest of a declaration;
    # with the binding, since what was found out need not be found out again.
    vars(full).update(
        vars(spec),
        accepts_context=bool(binding.context),
        requires_context=binding.needs_context,
        accepts_upstream=binding.upstream,
        named_deps=[dep for _, dep in binding.named if dep in spec.deps],
        binding=binding,
    )
    return full


def check_options(name: str, timeout_s: float | None, retries: int) -> None:
    """Check what `TaskSpec` gets from a decorator.

    Raises:
        InvalidTask: A value is out of range or of a wrong type.
    """
    if timeout_s is not None and (
        isinstance(timeout_s, bool)
        or not isinstance(timeout_s, (int, float))
        or not timeout_s > 0
    ):
        raise InvalidTask(
            f"Task {name!r}: timeout_s={timeout_s!r} must be more than 0 seconds, or None"
            " for no limit."
        )
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise InvalidTask(
            f"Task {name!r}: retries={retries!r} must be a whole number, 0 or more."
        )
