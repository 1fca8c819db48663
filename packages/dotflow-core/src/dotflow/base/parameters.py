"""What a callable may be called with, and whether a call of it gives a coroutine."""

from __future__ import annotations

import sys
from functools import partial
from types import FunctionType, MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable
    from typing import Any

CONTEXTS = ("previous_context", "initial_context")
"""The parameters that any step may have."""

# As in inspect, which takes long to load: the last is a coroutine or an async generator.
_ARGS, _KWARGS, _ASYNCHRONOUS = 0x04, 0x08, 0x80 | 0x200


class Parameters:
    """What a callable may be called with.

    Args:
        names: All names that may be given.
        by_place: Those of them that take no keyword, in order.
        required: Those without a default.
        behind: Of these, those of a function that it wraps: it may fill them by itself.
        takes_object: Whether, as a method, it has a parameter for its object: one that
            is no context.
        takes_more: Whether it takes any further keyword.
    """

    __slots__ = (
        "behind",
        "by_place",
        "names",
        "required",
        "takes_more",
        "takes_object",
    )

    def __init__(
        self,
        names: tuple[str, ...],
        by_place: tuple[str, ...],
        required: tuple[str, ...],
        behind: frozenset[str],
        takes_object: bool,
        takes_more: bool,
    ) -> None:
        self.names = names
        self.by_place = by_place
        self.required = required
        self.behind = behind
        self.takes_object = takes_object
        self.takes_more = takes_more


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """Return what a callable may be called with; a class by its `__init__`.

    `functools.wraps` makes a wrapper look like what it wraps. What it takes is what
    itself declares; and what it hands on, where it takes `*args` or `**kwargs`.
    """
    plain: Any = function
    bound = 0
    if isinstance(function, type):
        plain, bound = function.__init__, 1  # type: ignore[misc]
    elif type(function) is MethodType:
        plain, bound = function.__func__, 1
    if type(plain) is FunctionType and not plain.__dict__:
        return _of_code(plain, bound)
    return _of_signature(function)


def _of_code(function: Any, bound: int) -> Parameters:
    """Read a function that wraps nothing, without importing `inspect`."""
    code = function.__code__
    count, names = code.co_argcount, code.co_varnames
    last = count + code.co_kwonlyargcount
    required = names[bound : count - len(function.__defaults__ or ())]
    if last > count:
        given = function.__kwdefaults__ or ()
        required += tuple(name for name in names[count:last] if name not in given)
    return Parameters(
        names[bound:last],
        names[bound : code.co_posonlyargcount],
        required,
        frozenset(),
        names[0] not in CONTEXTS if count else bool(code.co_flags & _ARGS),
        bool(code.co_flags & _KWARGS),
    )


def _of_signature(function: Callable[..., Any]) -> Parameters:
    found = _Signature(function)
    first = next(
        (p.name for p in found.named.values() if p.kind < p.KEYWORD_ONLY), None
    )
    return Parameters(
        tuple(found.named),
        tuple(p.name for p in found.named.values() if p.kind is p.POSITIONAL_ONLY),
        tuple(p.name for p in found.named.values() if p.default is p.empty),
        frozenset(found.behind),
        found.args if first is None else first not in CONTEXTS,
        found.kwargs,
    )


def declared(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a callable by name, in order; see `parameters_of`."""
    return _Signature(function).named


class _Signature:
    """The signature of any callable, whatever `functools.wraps` says of it."""

    def __init__(self, function: Any, depth: int = 0) -> None:
        self.named: dict[str, inspect.Parameter] = {}
        self.behind: set[str] = set()
        self.args = self.kwargs = False
        made = _maker(function) if isinstance(function, type) else None
        if isinstance(function, partial):
            self._take(_Signature(function.func, depth))
            self._fill(len(function.args), function.keywords)
        elif made is not None or isinstance(function, MethodType):
            self._take(_Signature(made or function.__func__, depth))
            self._fill(1)
        else:
            self._read(function, depth)

    def _read(self, function: Any, depth: int) -> None:
        inner = getattr(function, "__wrapped__", None)
        call = _called_method(function)
        if call is None:
            self._read_own(function)
        else:
            self._take(_Signature(call, depth))
            self._fill(1)
        # A chain of wrappers that bites its tail is as long as anybody likes.
        if inner is not None and (self.args or self.kwargs) and depth < 100:
            self._hand_on(_Signature(inner, depth + 1))

    def _read_own(self, function: Any) -> None:
        import inspect

        how: dict[str, Any] = {"follow_wrapped": False}
        if sys.version_info >= (3, 14):
            from annotationlib import Format

            # Of names that exist for type checkers only nobody has to know the value.
            how["annotation_format"] = Format.FORWARDREF
        try:
            own = inspect.signature(function, **how).parameters
        except (TypeError, ValueError):
            # A builtin that tells no signature may take anything: no context, unless
            # it says what it wraps, as `functools.cache` does.
            own = {}  # type: ignore[assignment]
            self.args = self.kwargs = True
        for name, parameter in own.items():
            if parameter.kind is parameter.VAR_POSITIONAL:
                self.args = True
            elif parameter.kind is parameter.VAR_KEYWORD:
                self.kwargs = True
            else:
                self.named[name] = parameter

    def _hand_on(self, inner: _Signature) -> None:
        """Add what a wrapper with `*args` or `**kwargs` gives to what it wraps."""
        for name, parameter in inner.named.items():
            kind = parameter.kind
            by_name = self.kwargs and kind is not parameter.POSITIONAL_ONLY
            by_place = self.args and kind is not parameter.KEYWORD_ONLY
            if name in self.named or not (by_name or by_place):
                continue
            if not by_name:
                kind = parameter.POSITIONAL_ONLY
            self.named[name] = parameter.replace(kind=kind)
            if parameter.default is parameter.empty:
                self.behind.add(name)
        self.args, self.kwargs = (
            self.args and inner.args,
            self.kwargs and inner.kwargs,
        )

    def _take(self, other: _Signature) -> None:
        self.named, self.behind = other.named, other.behind
        self.args, self.kwargs = other.args, other.kwargs

    def _fill(self, places: int, names: Any = ()) -> None:
        """Take away the parameters that have their values already."""
        placed = [p.name for p in self.named.values() if p.kind < p.KEYWORD_ONLY]
        for name in (*placed[:places], *names):
            self.named.pop(name, None)
            self.behind.discard(name)


def _maker(cls: type) -> Any:
    """Return the method whose parameters are those of a class; None to ask the class."""
    if type(cls).__call__ is not type.__call__ or "__signature__" in vars(cls):
        return None
    for method in (cls.__init__, cls.__new__):  # type: ignore[misc]
        if isinstance(method, FunctionType):
            return method
    return None


def _called_method(function: Any) -> Any:
    """Return what is called of an object, None for what is called by itself."""
    told = "__signature__" in getattr(function, "__dict__", ())
    if told or isinstance(function, (FunctionType, type)):
        return None
    call = getattr(type(function), "__call__", None)  # noqa: B004 - asked of a class
    decorated = not isinstance(call, FunctionType) and hasattr(call, "__wrapped__")
    return call if isinstance(call, FunctionType) or decorated else None


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Follow `__wrapped__` to the function that a decorator was put around."""
    seen = set()
    while (inner := getattr(function, "__wrapped__", None)) is not None:
        if id(function) in seen:
            break
        seen.add(id(function))
        function = inner
    return function


def is_async(function: Callable[..., Any]) -> bool:
    """Say whether what a call gives is awaited: also of a partial, a method or an object.

    A plain function around a coroutine function is none itself: it may run that to its
    end.
    """
    called: Any = function
    while isinstance(called, partial):
        called = called.func
    if not isinstance(called, (FunctionType, MethodType, type)):
        called = getattr(type(called), "__call__", None)  # noqa: B004 - asked of a class
    code = getattr(called, "__code__", None)
    if code is None:
        return False
    # As `inspect.markcoroutinefunction` marks what is none by its code.
    marked = hasattr(called, "_is_coroutine_mark")
    return bool(code.co_flags & _ASYNCHRONOUS) or marked


def asynchrony(function: Callable[..., Any]) -> tuple[bool, bool]:
    """Say whether a call gives a coroutine; and, if not, whether it may nevertheless.

    It may where a plain function wraps a coroutine function.
    """
    if is_async(function):
        return True, False
    while isinstance(function, partial):
        function = function.func
    return False, hasattr(function, "__wrapped__") and is_async(unwrapped(function))
