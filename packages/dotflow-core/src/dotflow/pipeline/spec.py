"""`TaskSpec`: a task as it was declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dotflow.base.parameters import is_async
from dotflow.base.suggest import hint as hint_of
from dotflow.model.options import NODE_DEFAULTS, complete, placed
from dotflow.model.task_values import checked_name
from dotflow.pipeline.parameters import ITEM_PARAMETERS, Binding, bind

if TYPE_CHECKING:
    from typing import Unpack

    from dotflow.model.options import NodeOptions

# What may be given by place, after the dependencies.
PLACES = ("timeout_s", "retries")
# One for all that have none, as with the options.
_NO_ALIASES: Mapping[str, str] = {}


@dataclass(frozen=True, init=False)
class TaskSpec:
    """A task as it was declared; each of its options is an attribute, too.

    Args:
        name: Its name, unique within its DAG.
        func: What it calls.
        deps: The names of the tasks it depends on.
        *by_place: `timeout_s` and `retries`.
        dag: The DAG it belongs to; None where a registry holds only one.
        aliases: For parameters that are not named after a task: the task they mean.
        foreign: Pairs of a dependency and the other pipeline that it belongs to.
        **options: See `NodeOptions` and `TaskOptions`; `map` by name.

    Raises:
        TypeError: There is no such option.
    """

    name: str
    func: Callable[..., Any]
    deps: list[str]
    dag: str | None
    aliases: Mapping[str, str]
    foreign: tuple[tuple[str, str], ...]
    options: NodeOptions

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        deps: Sequence[str] = (),
        *by_place: Any,
        dag: str | None = None,
        aliases: Mapping[str, str] | None = None,
        foreign: tuple[tuple[str, str], ...] = (),
        **options: Unpack[NodeOptions],
    ) -> None:
        if options:
            # As `dataclasses.replace` gives them, under what is to be another than now.
            options = {**options.pop("options", {}), **options}  # type: ignore[typeddict-item]
        if by_place:
            options = placed("TaskSpec", PLACES, by_place, options)
        vars(self).update(
            name=name if type(name) is str and name else checked_name(name),
            func=func,
            deps=list(deps),
            dag=dag,
            aliases=aliases or _NO_ALIASES,
            foreign=foreign,
            # One for all that have none: a pipeline of 100,000 tasks has nearly as many.
            options=complete("TaskSpec", options, NODE_DEFAULTS)
            if options
            else NODE_DEFAULTS,
        )

    def but(
        self, func: Callable[..., Any] | None = None, **options: Unpack[NodeOptions]
    ) -> TaskSpec:
        """Return the same task with another function, or other options.

        Args:
            func: The function; None for this one.
            **options: What is to be another than now.
        """
        merged: NodeOptions = {**self.options, **options}
        return TaskSpec(
            self.name,
            self.func if func is None else func,
            self.deps,
            dag=self.dag,
            aliases=self.aliases,
            foreign=self.foreign,
            **merged,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "options" not in state:  # pickled before 2.0.0a2: each stood by itself
            given = {"map": state.pop("map_over", None), **state}
            state["options"] = {
                name: given.get(name, default)
                for name, default in NODE_DEFAULTS.items()
            }
            state = {name: state[name] for name in self.__dataclass_fields__}
        if not hasattr(state.get("binding"), "wraps_async"):
            state.pop("binding", None)  # pickled before 2.0.0a2: found out again
        vars(self).update(state)

    def __getattr__(self, name: str) -> Any:
        """Return an option."""
        options = vars(self).get("options", {})
        if name in options:
            return options[name]
        raise AttributeError(f"A TaskSpec has no attribute {name!r}.", name=name)

    @property
    def map_over(self) -> str | None:
        """The dependency for whose items it is called, one by one."""
        over = self.options["map"]
        return over if isinstance(over, str) else None

    @property
    def accepts_context(self) -> bool:
        """Whether it has a parameter for the context."""
        return bool(self.binding.context)

    @property
    def requires_context(self) -> bool:
        """Whether such a parameter has no default."""
        return self.binding.needs_context

    @property
    def accepts_upstream(self) -> bool:
        """Whether it takes all results as `upstream`."""
        return self.binding.upstream

    @property
    def named_deps(self) -> list[str]:
        """The dependencies whose results are given to parameters."""
        return [dep for _, dep in self.binding.named if dep in self.deps]

    @cached_property
    def binding(self) -> Binding:
        """Which parameter gets what."""
        mapped = () if self.map_over is None else ITEM_PARAMETERS
        return bind(self.func, (*self.deps, *mapped), self.aliases)

    def is_async(self) -> bool:
        """Say whether the task is a coroutine function."""
        return is_async(self.func)

    def problems(self, others: Iterable[str] = ()) -> list[str]:
        """Return a sentence for each required parameter that nothing provides.

        Args:
            others: The tasks that it could depend on, to tell what was meant.
        """
        if not self.binding.missing:
            return []
        names = ", ".join(map(repr, self.binding.missing))
        if self.binding.upstream:
            hint = "which takes `upstream`, so no result is given to it by name"
            return [f"Task {self.name!r}, {hint}, requires {names}."]
        known = ("upstream", *self.deps, *others)
        meant = "".join(hint_of(name, known) for name in self.binding.missing)
        deps = ", ".join(map(repr, self.deps)) or "none"
        hint = (
            f"{meant} A parameter is annotated RunContext, or named `upstream`, or named"
            f" after a dependency (here: {deps}), or has a default; deps={{parameter: task}}"
            " gives it another name."
        )
        return [f"Task {self.name!r} requires {names}, which nothing provides.{hint}"]
