"""`TaskRegistry`: the tasks of one or several DAGs, and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from dotflow.errors import GraphError, InvalidTask
from dotflow.model.rate import parse_rate
from dotflow.pipeline.parameters import inferred_deps
from dotflow.pipeline.spec import RetryOn, TaskSpec, check_options, described

F = TypeVar("F", bound=Callable[..., Any])
Dep = str | Callable[..., Any]
Deps = Sequence[Dep] | Mapping[str, Dep]

# The pipelines that a function is a task of; only to explain a wrong dependency.
_homes: WeakKeyDictionary[Callable[..., Any], set[str]] = WeakKeyDictionary()


class TaskRegistry:
    """The tasks that were declared, by the name of their DAG and their own.

    A plain look-up by name (`registry["extract"]`) finds the first task so named.

    Attributes:
        version: A number that changes with the content.
    """

    def __init__(self) -> None:
        self.version = 0
        self._dags: dict[str | None, dict[str, TaskSpec]] = {}
        self._names: dict[tuple[str | None, Callable[..., Any]], str] = {}

    def register(self, spec: TaskSpec) -> None:
        """Add a task.

        Raises:
            ValueError: Its DAG has a task of that name.
        """
        tasks = self._dags.setdefault(spec.dag, {})
        if spec.name in tasks:
            where = "" if spec.dag is None else f" in {spec.dag!r}"
            raise InvalidTask(
                f"There is a task {spec.name!r}{where} already: give one of them another"
                " name=."
            )
        tasks[spec.name] = spec
        self.version += 1
        try:
            self._names[spec.dag, spec.func] = spec.name
            _homes.setdefault(spec.func, set()).add(str(spec.dag))
        except TypeError:
            pass  # not every callable can be hashed, or referred to weakly

    def of_dag(self, dag: str | None) -> Mapping[str, TaskSpec]:
        """Return the tasks of one DAG by name, in the order they were added."""
        return MappingProxyType(self._dags.get(dag, {}))

    def dags(self) -> list[str]:
        """Return the sorted names of the DAGs."""
        return sorted(dag for dag in self._dags if dag is not None)

    def name_of(self, func: Callable[..., Any], dag: str | None) -> str | None:
        """Return the name that a function was last registered by, None if it was not."""
        try:
            return self._names.get((dag, func))
        except TypeError:
            return None

    def get(self, name: str) -> TaskSpec:
        """Return the first task of a name.

        Raises:
            KeyError: There is none.
        """
        return self[name]

    @property
    def task_specs(self) -> Mapping[str, TaskSpec]:
        """The tasks by name; where several DAGs share one, the first task."""
        found: dict[str, TaskSpec] = {}
        for tasks in self._dags.values():
            found = {**tasks, **found}
        return MappingProxyType(found)

    def clear(self) -> None:
        """Forget every task."""
        self._dags.clear()
        self._names.clear()
        self.version += 1

    def __getitem__(self, name: str) -> TaskSpec:
        for tasks in self._dags.values():
            if name in tasks:
                return tasks[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in tasks for tasks in self._dags.values())

    def __iter__(self) -> Iterator[str]:
        for tasks in self._dags.values():
            yield from tasks

    def __len__(self) -> int:
        return sum(map(len, self._dags.values()))


def task(
    name: str | None = None,
    deps: Deps | None = None,
    timeout_s: float | None = None,
    retries: int = 0,
    *,
    registry: TaskRegistry | None = None,
    dag: str | None = None,
    retry_delay: float = 0,
    backoff: bool = False,
    retry_on: RetryOn = Exception,
    process: bool = False,
    retain_result: bool = True,
    map: Dep | None = None,
    cache: bool = False,
    cache_ttl: float | None = None,
    cache_key: Callable[..., Any] | None = None,
    limit: str | None = None,
    rate: str | None = None,
) -> Callable[[F], F]:
    """Declare the decorated function as a task; it stays the plain function it is.

    Args:
        name: Its name; default: the function's.
        deps: The tasks it depends on: names, decorated functions, or a mapping from
            parameters to either. Default: the registered tasks that its required
            parameters are named after.
        timeout_s: Seconds that one attempt may take; None for no limit. A sync function
            with a limit runs in a process of its own, which can be stopped.
        retries: Attempts after the first failed one.
        registry: Where it is registered.
        dag: The DAG it belongs to.
        retry_delay: Seconds between two attempts.
        backoff: Double the delay after every attempt.
        retry_on: The exception class, or a tuple of them, worth another attempt.
        process: Run each attempt in a process of its own.
        retain_result: Whether the result is kept after the last task that needs it.
        map: A task, by name or as a decorated function: this one is called for each
            item of its result. Parameters `item` or the task's name receive the item,
            `index` its place.
        cache: Keep the result in the pipeline's storage and find it again, in any later
            run, for the same code and the same inputs.
        cache_ttl: Seconds that a kept result counts; None for ever.
        cache_key: Called with the inputs by parameter name; what it returns stands for
            them. Default: the inputs themselves, of a context what is in it.
        limit: A name: no more attempts of the tasks that share it run at once than
            `run_once(limits={name: …})` says, 1 by default.
        rate: The most attempts that may start in a time, as `"10/s"`.

    Raises:
        TypeError: There is no registry, or a dependency is neither name nor function.
        ValueError: An argument is out of range, the name is taken, or a required
            parameter cannot be provided.
    """
    if registry is None:
        raise TypeError("task() needs registry=; or use the task of a Pipeline.")
    if callable(name):
        raise TypeError("The task decorator is called: write @pipeline.task().")

    def declare(func: F) -> F:
        own_name = name if name is not None else _name_of(func)
        check_options(own_name, timeout_s, retries)
        if rate is not None:
            parse_rate(rate)
        resolved, aliases, foreign = _resolve(func, own_name, deps, registry, dag)
        over = None
        if map is not None:
            (over, *_), _, wrong = _resolve(func, own_name, [map], registry, dag)
            resolved, foreign = list(dict.fromkeys((over, *resolved))), foreign + wrong
        spec = described(
            TaskSpec(
                own_name,
                func,
                resolved,
                timeout_s,
                retries,
                dag,
                aliases=aliases,
                retry_delay=retry_delay,
                backoff=backoff,
                retry_on=retry_on,
                process=process,
                retain_result=retain_result,
                foreign=foreign,
                map_over=over,
                cache=cache,
                cache_ttl=cache_ttl,
                cache_key=cache_key,
                limit=limit,
                rate=rate,
            )
        )
        problems = spec.problems()
        if problems:
            raise GraphError(problems)
        registry.register(spec)
        return func

    return declare


def _name_of(func: Callable[..., Any]) -> str:
    name = getattr(func, "__name__", None)
    if not isinstance(name, str):
        raise TypeError(f"{func!r} has no name of its own: give the task name=.")
    return name


def _resolve(
    func: Callable[..., Any],
    name: str,
    deps: Deps | None,
    registry: TaskRegistry,
    dag: str | None,
) -> tuple[list[str], dict[str, str], tuple[tuple[str, str], ...]]:
    """Return the names of dependencies, aliases, and what belongs to other DAGs."""
    if deps is None:
        known = registry.of_dag(dag)
        return inferred_deps(func, known), {}, ()
    if isinstance(deps, (str, bytes)) or callable(deps):
        raise TypeError(f"Task {name!r}: deps is a list of tasks, as deps=[{deps!r}].")
    entries: list[tuple[str | None, Dep]] = (
        list(deps.items())
        if isinstance(deps, Mapping)
        else [(None, dep) for dep in deps]
    )
    found: dict[str, None] = {}
    aliases: dict[str, str] = {}
    foreign: list[tuple[str, str]] = []
    for parameter, dep in entries:
        source, owner = _source(name, dep, registry, dag)
        found[source] = None
        if owner is not None:
            foreign.append((source, owner))
        if parameter is not None:
            aliases[parameter] = source
        elif not isinstance(dep, str):
            # The parameter may be named after the function as well as after the task.
            aliases[getattr(dep, "__name__", source)] = source
    aliases = {
        alias: source
        for alias, source in aliases.items()
        if alias != source and (isinstance(deps, Mapping) or alias not in found)
    }
    return list(found), aliases, tuple(foreign)


def _source(
    task_name: str, dep: Dep, registry: TaskRegistry, dag: str | None
) -> tuple[str, str | None]:
    """Return the name of a dependency, and the other DAG that it belongs to, if so."""
    if isinstance(dep, str):
        return dep, None
    if not callable(dep):
        raise TypeError(
            f"Task {task_name!r}: a dependency is the name of a task or a decorated"
            f" function, not {type(dep).__name__}."
        )
    name = registry.name_of(dep, dag)
    if name is not None:
        return name, None
    try:
        homes = _homes.get(dep, set())
    except TypeError:
        homes = set()
    # A function that is no task of this DAG may become one: its name is looked up later.
    foreign = sorted(homes) if str(dag) not in homes else []
    return _name_of(dep), foreign[0] if foreign else None
