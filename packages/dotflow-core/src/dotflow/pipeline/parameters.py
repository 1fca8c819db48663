"""What a task's function asks for, and which of its parameters gets what."""

from __future__ import annotations

import builtins
import functools
import sys
import types
import typing
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dotflow.base.parameters import asynchrony, declared, parameters_of, unwrapped
from dotflow.pipeline.context import RunContext

UPSTREAM = "upstream"
# What a task that is called for each item may ask for beside its dependencies.
ITEM_PARAMETERS = ("item", "index")


@dataclass(frozen=True, slots=True)
class Binding:
    """How a function is called; every value by keyword unless it cannot be.

    Attributes:
        context: The parameters that get the run's context.
        needs_context: Whether one of them has no default.
        upstream: Whether the parameter `upstream` gets all results by name.
        named: Pairs of a parameter and the task whose result it gets.
        positional: The positional-only ones of all these, in order.
        missing: Required parameters that nothing provides.
        asynchronous: Whether a call of it gives what can be awaited.
        wraps_async: Whether it is a plain function around such a one.
    """

    context: tuple[str, ...]
    needs_context: bool
    upstream: bool
    named: tuple[tuple[str, str], ...]
    positional: tuple[str, ...]
    missing: tuple[str, ...]
    asynchronous: bool
    wraps_async: bool


def bind(
    func: Callable[..., Any], deps: Sequence[str], aliases: Mapping[str, str]
) -> Binding:
    """Decide what each parameter of a task gets.

    Args:
        func: The function.
        deps: The names of the tasks it depends on.
        aliases: For parameters named otherwise: the task they stand for.
    """
    asked = _asked(func)
    if asked.latest is not None:
        former_deps, former_aliases, binding = asked.latest
        if former_deps == deps and former_aliases == aliases:
            return binding
    named: list[tuple[str, str]] = []
    missing: list[str] = []
    for name in asked.names:
        if name in asked.contexts or (asked.upstream and name == UPSTREAM):
            continue
        source = aliases.get(name, name)
        if source in deps and not asked.upstream:
            named.append((name, source))
        elif name in asked.required:
            missing.append(name)
    given = {*asked.contexts, *dict(named), *((UPSTREAM,) if asked.upstream else ())}
    binding = Binding(
        context=asked.contexts,
        needs_context=not set(asked.required).isdisjoint(asked.contexts),
        upstream=asked.upstream,
        named=tuple(named),
        positional=tuple(name for name in asked.by_place if name in given),
        missing=tuple(missing),
        asynchronous=asked.asynchronous,
        wraps_async=asked.wraps_async,
    )
    asked.latest = deps, aliases, binding
    return binding


def inferred_deps(func: Callable[..., Any], known: Mapping[str, Any]) -> list[str]:
    """Return the tasks that required parameters are named after.

    Args:
        func: The function.
        known: What is registered, by name.
    """
    asked = _asked(func)
    if asked.upstream or not asked.required:
        return []
    return [
        name for name in asked.required if name in known and name not in asked.contexts
    ]


class _Asked:
    """What a function asks for, whatever its task depends on.

    Args:
        func: The function.

    Attributes:
        names: Its parameters.
        by_place: Those of them that take no keyword.
        required: Those without a default.
        contexts: Those that get the run's context.
        upstream: Whether it takes all results.
        asynchronous: As of a `Binding`.
        wraps_async: As of a `Binding`.
        latest: What it was bound to the last time, and the binding.
    """

    __slots__ = (
        "asynchronous",
        "by_place",
        "contexts",
        "latest",
        "names",
        "required",
        "upstream",
        "wraps_async",
    )

    def __init__(self, func: Callable[..., Any]) -> None:
        annotations: Mapping[str, Any]
        if type(func) is types.FunctionType and not func.__dict__:
            # Of its code alone: `inspect.signature` takes 10 of 15 µs of declaring it.
            own = parameters_of(func)
            self.names, self.by_place, self.required = (
                own.names,
                own.by_place,
                own.required,
            )
            annotations = _annotations(func)
        else:
            named = declared(func)
            found = named.values()
            self.names = tuple(named)
            self.by_place = tuple(p.name for p in found if p.kind is p.POSITIONAL_ONLY)
            self.required = tuple(p.name for p in found if p.default is p.empty)
            annotations = {
                p.name: p.annotation for p in found if p.annotation is not p.empty
            }
        self.contexts = _context_parameters(func, self.names, annotations)
        self.upstream = UPSTREAM in self.names and UPSTREAM not in self.contexts
        self.asynchronous, self.wraps_async = asynchrony(func)
        self.latest: tuple[Sequence[str], Mapping[str, str], Binding] | None = None


class _Latest:
    """What the function asks for that was looked at last.

    Declaring a task looks twice, and a fan declares one function a thousand times: this
    saves 5 of 9 µs a task.
    """

    def __init__(self) -> None:
        # As one, for other threads; the function itself may go.
        self._seen: tuple[Callable[[], Any], _Asked | None] = (lambda: None, None)

    def asked(self, func: Callable[..., Any]) -> _Asked:
        reference, asked = self._seen
        if asked is None or reference() is not func:
            asked = _Asked(func)
            try:
                self._seen = (weakref.ref(func), asked)
            except TypeError:
                pass  # not every callable can be referred to weakly
        return asked


_asked = _Latest().asked

if sys.version_info >= (3, 14):
    from annotationlib import Format, get_annotations

    def _annotations(func: Callable[..., Any]) -> Mapping[str, Any]:
        # Of names that exist for type checkers only nobody has to know the value.
        return get_annotations(func, format=Format.FORWARDREF)

else:

    def _annotations(func: Callable[..., Any]) -> Mapping[str, Any]:
        return func.__annotations__


def _context_parameters(
    func: Callable[..., Any], parameters: Sequence[str], annotations: Mapping[str, Any]
) -> tuple[str, ...]:
    if not annotations:
        return ()
    names: _Names | None = None
    found = []
    for name in parameters:
        annotation = annotations.get(name)
        if isinstance(annotation, typing.ForwardRef):
            annotation = annotation.__forward_arg__
        if isinstance(annotation, str):
            names = names or _Names(func)
            annotation = _evaluated(annotation, names)
        if _is_context(annotation):
            found.append(name)
    return tuple(found)


def _is_context(annotation: Any) -> bool:
    """Say whether an annotation means a context, however it is wrapped."""
    if annotation is RunContext:
        return True
    origin = typing.get_origin(annotation)
    if origin is RunContext:
        return True
    if origin is typing.Annotated:
        return _is_context(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return any(_is_context(part) for part in typing.get_args(annotation))
    return isinstance(annotation, type) and issubclass(annotation, RunContext)


def _evaluated(annotation: str, names: _Names) -> Any:
    try:
        # As typing.get_type_hints does, but a name that exists for type checkers only,
        # or in a function that has returned, spoils nothing.
        return eval(annotation, {}, names)  # noqa: S307
    except Exception:  # noqa: BLE001 - an annotation may be any text
        return None


class _Unknown:
    """Stands for a name that cannot be found."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        # `import dotflow` may be for type checkers only as well.
        return RunContext if name == RunContext.__name__ else self

    def __getitem__(self, item: object) -> _Unknown:
        return self

    def __or__(self, other: object) -> Any:
        return typing.Optional[other]  # noqa: UP045 - `other | None` may not exist

    __ror__ = __or__

    def __call__(self) -> None:
        """Be callable, which `typing` asks of a type argument."""


class _Names(Mapping[str, Any]):
    """The names that a function's annotations may use."""

    def __init__(self, func: Callable[..., Any]) -> None:
        while isinstance(func, functools.partial):
            func = func.func
        func = unwrapped(func)
        if isinstance(func, types.MethodType):
            func = func.__func__
        elif not isinstance(func, types.FunctionType):
            method = "__init__" if isinstance(func, type) else "__call__"
            func = getattr(func if isinstance(func, type) else type(func), method)
        self._globals: Mapping[str, Any] = getattr(func, "__globals__", {})
        closure = getattr(func, "__closure__", None) or ()
        free = getattr(getattr(func, "__code__", None), "co_freevars", ())
        self._closure = dict(zip(free, closure, strict=False))

    def __getitem__(self, name: str) -> Any:
        if name in self._closure:
            try:
                return self._closure[name].cell_contents
            except ValueError:
                pass  # not assigned yet
        if name in self._globals:
            return self._globals[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        return RunContext if name == RunContext.__name__ else _Unknown()

    def __iter__(self) -> Iterator[str]:
        return iter(self._globals)

    def __len__(self) -> int:
        return len(self._globals)
