"""What a callable is made of, for `ValueIdentity`: its code, and what it holds."""

from __future__ import annotations

import types
from functools import partial

from dotflow.base.guard import class_name, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import Any, Protocol

    # Yields the values that a value is made of, is sent the token of each, and returns
    # the value's own token.
    Parts = Generator[Any, bytes, bytes]

    class Identity(Protocol):
        """What takes values apart: `ValueIdentity`, which knows this module."""

        held: Callable[[Any, bytes], bytes] | None
        root: Any

        def at_once(self, value: Any) -> bytes | None:
            """Return the token of a value that need not be taken apart, else None."""

        def digest(self, name: str, *tokens: bytes) -> bytes:
            """Return the token of a whole, given what it is and its parts' tokens."""

        def pairs(self, pairs: Iterable[tuple[Any, Any]], ordered: bool) -> Parts:
            """Take the entries of a mapping apart."""


_IMMUTABLE = (
    type(None), bool, int, float, complex, str, bytes, range, type,
    types.FunctionType, types.BuiltinFunctionType, types.ModuleType,
)  # fmt: skip
# They are slots of a class, made for it and not by its author.
_MADE = (
    types.MemberDescriptorType,
    types.GetSetDescriptorType,
    types.WrapperDescriptorType,
)


def each(
    identity: Identity, values: Iterable[Any]
) -> Generator[Any, bytes, list[bytes]]:
    """Take values apart one after the other, and return their tokens."""
    tokens = []
    for value in values:
        token = identity.at_once(value)  # most are plain, and need no turn of the stack
        if token is None:
            token = yield value
        tokens.append(token)
    return tokens


def callable_name(value: Any) -> str:
    """Return the name of a function or a class as pickling finds it."""
    if issubclass(type(value), type):
        return class_name(value)
    try:
        return f"{value.__module__}.{value.__qualname__}"
    except Exception:  # noqa: BLE001 - it may be any callable
        return type_name(value)


def callable_parts(identity: Identity, value: Any) -> Parts | None:
    """Return the parts of a function, a method, a class or the like, else None."""
    kind = type(value)
    for base, parts in _KINDS:
        if issubclass(kind, base):
            return parts(identity, value)
    return None


def call_of(kind: type) -> types.FunctionType | None:
    """Return what runs where an object of a type is called, if it is Python code."""
    for base in type.__dict__["__mro__"].__get__(kind):
        call = type.__dict__["__dict__"].__get__(base).get("__call__")
        if call is not None:
            return call if type(call) is types.FunctionType else None
    return None


def wrapped_by(value: Any) -> Any:
    """Return what a callable says that it was put around, else None."""
    try:
        return object.__getattribute__(value, "__dict__").get("__wrapped__")
    except Exception:  # noqa: BLE001 - a class may make anything of its __dict__
        return None


def _function(identity: Identity, value: types.FunctionType) -> Parts:
    tokens = [(yield callable_name(value)), (yield value.__code__)]
    keywords = sorted((value.__kwdefaults__ or {}).items())
    holds = [*(value.__defaults__ or ()), *(default for _, default in keywords)]
    tokens.append((yield [name for name, _ in keywords]))
    for cell in value.__closure__ or ():
        try:
            holds.append(cell.cell_contents)
        except ValueError:
            holds.append(NotImplemented)  # not assigned yet
    tokens += yield from _held(identity, holds)
    if "__wrapped__" in value.__dict__:
        tokens.append((yield value.__dict__["__wrapped__"]))
    return identity.digest("function", *tokens)


def _held(identity: Identity, values: list[Any]) -> Generator[Any, bytes, list[bytes]]:
    tokens = []
    for value in values:
        token = yield value
        if identity.held is not None and not issubclass(type(value), _IMMUTABLE):
            token = identity.held(value, token)
        tokens.append(token)
    return tokens


def _code(identity: Identity, value: types.CodeType) -> Parts:
    # Neither where it stands nor what it is called: neither changes what it does.
    tokens = [
        (
            yield [
                value.co_code,
                value.co_exceptiontable,
                value.co_flags,
                value.co_argcount,
                value.co_posonlyargcount,
                value.co_kwonlyargcount,
                value.co_names,
                value.co_varnames,
                value.co_freevars,
                value.co_cellvars,
            ]
        )
    ]
    tokens += yield from each(identity, value.co_consts)
    return identity.digest("code", *tokens)


def _method(identity: Identity, value: types.MethodType) -> Parts:
    token = yield value.__func__
    return identity.digest(
        "method", token, *(yield from _held(identity, [value.__self__]))
    )


def _partial(identity: Identity, value: partial[Any]) -> Parts:
    tokens = [(yield type(value)), (yield value.func), (yield sorted(value.keywords))]
    holds = [*value.args, *(value.keywords[name] for name in sorted(value.keywords))]
    tokens += yield from _held(identity, holds)
    return identity.digest("partial", *tokens)


def _around(identity: Identity, value: Any) -> Parts:
    return identity.digest(type(value).__name__, (yield value.__func__))


def _property(identity: Identity, value: property) -> Parts:
    token = yield (value.fget, value.fset, value.fdel)
    return identity.digest("property", token)


def _module(_identity: Identity, value: types.ModuleType) -> Parts:
    return (yield f"module {value.__name__}")


def _class(identity: Identity, value: type) -> Parts:
    name = class_name(value)
    tokens = [(yield name)]
    # One that its name does not lead to may be any of many: its content tells.
    if value is identity.root or "<locals>" in name:
        for base in type.__dict__["__mro__"].__get__(value):
            base_name = class_name(base)
            if not base_name.startswith("builtins."):
                tokens.append((yield base_name))
                members = _members(base)
                tokens.append((yield from identity.pairs(members, ordered=False)))
    return identity.digest("class", *tokens)


def _members(base: type) -> list[tuple[str, Any]]:
    return [
        (name, member)
        for name, member in type.__dict__["__dict__"].__get__(base).items()
        if not isinstance(member, _MADE)
        and name != "_abc_impl"
        and (not name.startswith("__") or type(member) is types.FunctionType)
    ]


_KINDS: tuple[tuple[Any, Callable[[Identity, Any], Parts]], ...] = (
    (types.FunctionType, _function),
    (types.CodeType, _code),
    (types.MethodType, _method),
    (partial, _partial),
    (type, _class),
    ((staticmethod, classmethod), _around),
    (property, _property),
    (types.ModuleType, _module),
)
