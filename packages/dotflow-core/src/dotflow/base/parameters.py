"""Which parameters a step declares, read without importing `inspect`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Follow `__wrapped__` to the function that a decorator was put around."""
    seen = set()
    while (inner := getattr(function, "__wrapped__", None)) is not None:
        if id(function) in seen:
            break
        seen.add(id(function))
        function = inner
    return function


def parameter_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the parameters that may be given by keyword.

    A class is asked for its `__init__`; a callable without Python code (a
    `functools.partial`, a builtin) for its signature, and has none where it tells none.
    """
    if isinstance(function, type):
        function = getattr(function, "__init__")  # noqa: B009
    function = unwrapped(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return _signature_names(function)
    count = code.co_argcount + code.co_kwonlyargcount
    names: tuple[str, ...] = code.co_varnames[code.co_posonlyargcount : count]
    return names


def _signature_names(function: Callable[..., Any]) -> tuple[str, ...]:
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()  # a builtin that tells no signature takes no context either
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(p.name for p in parameters if p.kind in named)
