"""`TaskRegistry`: the tasks of one or several DAGs, and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from dotflow.base.suggest import hint
from dotflow.errors import GraphError, InvalidTask
from dotflow.model.options import NODE_DEFAULTS, check_node, complete, placed
from dotflow.pipeline.parameters import inferred_deps
from dotflow.pipeline.spec import PLACES, TaskSpec

if TYPE_CHECKING:
    from typing import Unpack

    from dotflow.model.options import NodeOptions

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
        key = (spec.dag, spec.func)
        try:
            if key not in self._names:
                _homes.setdefault(spec.func, set()).add(str(spec.dag))
            self._names[key] = spec.name
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
        names = sorted(set(self))
        have = f"There are: {', '.join(names)}." if names else "There are none yet."
        raise KeyError(
            f"There is no task {name!r} registered.{hint(name, names)} {have}"
        )

    def __repr__(self) -> str:
        return f"<TaskRegistry: {', '.join(self) or 'no tasks'}>"

    def __contains__(self, name: object) -> bool:
        return any(name in tasks for tasks in self._dags.values())

    def __iter__(self) -> Iterator[str]:
        for tasks in self._dags.values():
            yield from tasks

    def __len__(self) -> int:
        return sum(map(len, self._dags.values()))


class Resolved(NamedTuple):
    """Dependencies, as they were found.

    Attributes:
        names: The tasks.
        aliases: For parameters that are not named after a task: the task they mean.
        foreign: Pairs of a task and the other pipeline that it belongs to.
    """

    names: list[str]
    aliases: dict[str, str]
    foreign: tuple[tuple[str, str], ...]


def task(
    name: str | None = None,
    deps: Deps | None = None,
    *by_place: Any,
    registry: TaskRegistry | None = None,
    dag: str | None = None,
    **options: Unpack[NodeOptions],
) -> Callable[[F], F]:
    """Declare the decorated function as a task; it stays the plain function it is.

    Args:
        name: Its name; default: the function's.
        deps: The tasks it depends on: names, decorated functions, or a mapping from
            parameters to either. Default: the registered tasks that its required
            parameters are named after.
        *by_place: `timeout_s` and `retries`.
        registry: Where it is registered.
        dag: The DAG it belongs to.
        **options: See `NodeOptions` and `TaskOptions`.

    Raises:
        TypeError: There is no registry, no such option, or a dependency is neither name
            nor function.
        ValueError: An argument is out of range, the name is taken, or a required
            parameter cannot be provided.
    """
    if registry is None:
        raise TypeError("task() needs registry=; or use the task of a Pipeline.")
    if callable(name):
        raise TypeError("The task decorator is called: write @pipeline.task().")
    if by_place:
        options = placed("task()", PLACES, by_place, options)
    if options:
        complete("task()", options, NODE_DEFAULTS)  # refuses one that there is not

    def declare(func: F) -> F:
        _check_callable(func)
        own_name = name if name is not None else _name_of(func)
        found, given = _resolve(func, own_name, deps, registry, dag), options
        if (over := options.get("map")) is not None:
            source = _resolve(func, own_name, [over], registry, dag)
            given = {**options, "map": source.names[0]}
            found = Resolved(
                list(dict.fromkeys((*source.names, *found.names))),
                found.aliases,
                found.foreign + source.foreign,
            )
        spec = TaskSpec(
            own_name,
            func,
            found.names,
            dag=dag,
            aliases=found.aliases,
            foreign=found.foreign,
            **given,
        )
        if given:
            check_node(own_name, spec.options)
        if spec.binding.missing:
            raise GraphError(spec.problems(registry.of_dag(dag)))
        registry.register(spec)
        return func

    return declare


def _check_callable(func: object) -> None:
    if callable(func):
        return
    within = getattr(func, "__func__", None) or getattr(func, "fget", None)
    name = getattr(within, "__qualname__", None)
    raise InvalidTask(
        f"A task is a function, not the {type(func).__name__} {name}. Declare it once the"
        f" class is there, taken from the class or an object: pipeline.task()({name})."
        if name
        else f"A task is a function, not {type(func).__name__}."
    )


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
) -> Resolved:
    if deps is None:
        known = registry.of_dag(dag)
        return Resolved(inferred_deps(func, known), {}, ())
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
    return Resolved(list(found), aliases, tuple(foreign))


def _source(
    task_name: str, dep: Dep, registry: TaskRegistry, dag: str | None
) -> tuple[str, str | None]:
    """Return the name of a dependency, and the other DAG that it belongs to, if so."""
    if isinstance(dep, str):
        return dep, None
    if not callable(dep):
        raise TypeError(
            f"Task {task_name!r}: a dependency is the name of a task or a decorated"
            f" function, not {type(dep).__name__}. Was the function called? Leave out"
            " the parentheses."
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
