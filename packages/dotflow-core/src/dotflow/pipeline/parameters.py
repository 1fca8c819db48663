"""What a task's function asks for, and which of its parameters gets what."""

from __future__ import annotations

import builtins
import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dotflow.pipeline.context import RunContext

UPSTREAM = "upstream"
# What a task that is called for each item may ask for beside its dependencies.
ITEM_PARAMETERS = ("item", "index")

_POSITIONAL_ONLY = inspect.Parameter.POSITIONAL_ONLY
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


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
    """

    context: tuple[str, ...]
    needs_context: bool
    upstream: bool
    named: tuple[tuple[str, str], ...]
    positional: tuple[str, ...]
    missing: tuple[str, ...]
    asynchronous: bool


def bind(
    func: Callable[..., Any], deps: Sequence[str], aliases: Mapping[str, str]
) -> Binding:
    """Decide what each parameter of a task gets.

    Args:
        func: The function.
        deps: The names of the tasks it depends on.
        aliases: For parameters named otherwise: the task they stand for.
    """
    parameters = _parameters(func)
    contexts = _context_parameters(func, parameters)
    upstream = UPSTREAM in parameters and UPSTREAM not in contexts
    known = set(deps)
    named: list[tuple[str, str]] = []
    missing: list[str] = []
    for name, parameter in parameters.items():
        if name in contexts or (upstream and name == UPSTREAM):
            continue
        source = aliases.get(name, name)
        if source in known and not upstream:
            named.append((name, source))
        elif parameter.default is parameter.empty:
            missing.append(name)
    given = {
        *contexts,
        *(name for name, _ in named),
        *((UPSTREAM,) if upstream else ()),
    }
    return Binding(
        context=contexts,
        needs_context=any(
            parameters[name].default is inspect.Parameter.empty for name in contexts
        ),
        upstream=upstream,
        named=tuple(named),
        positional=tuple(
            name
            for name, parameter in parameters.items()
            if parameter.kind is _POSITIONAL_ONLY and name in given
        ),
        missing=tuple(missing),
        asynchronous=is_async(func),
    )


def inferred_deps(func: Callable[..., Any], known: Mapping[str, Any]) -> list[str]:
    """Return the tasks that required parameters are named after.

    Args:
        func: The function.
        known: What is registered, by name.
    """
    parameters = _parameters(func)
    contexts = _context_parameters(func, parameters)
    if UPSTREAM in parameters and UPSTREAM not in contexts:
        return []
    return [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and name not in contexts
        and name in known
    ]


def is_async(func: Callable[..., Any]) -> bool:
    """Say whether calling a function gives a coroutine: also of a partial or object."""
    if type(func) is types.FunctionType and not func.__dict__:
        # Nothing is wrapped and nothing is marked, so that its code tells it all.
        return bool(func.__code__.co_flags & inspect.CO_COROUTINE)
    while isinstance(func, functools.partial):
        func = func.func
    func = inspect.unwrap(func)
    return inspect.iscoroutinefunction(func) or (
        not isinstance(func, (types.FunctionType, types.MethodType, type))
        and inspect.iscoroutinefunction(getattr(func, "__call__", None))  # noqa: B004
    )


def _parameters(func: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        signature = inspect.signature(func)
    except (TypeError, ValueError):
        return {}  # a builtin that tells no signature is called without anything
    return {
        name: parameter
        for name, parameter in signature.parameters.items()
        if parameter.kind not in _VARIADIC
    }


def _context_parameters(
    func: Callable[..., Any], parameters: Mapping[str, inspect.Parameter]
) -> tuple[str, ...]:
    names: _Names | None = None
    found = []
    for name, parameter in parameters.items():
        annotation = parameter.annotation
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
        func = inspect.unwrap(func)
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
