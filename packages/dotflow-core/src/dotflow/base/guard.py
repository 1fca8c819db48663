"""What a value's own code may do where dotflow only looks at it: nothing.

`__class__`, `__getattr__`, `__repr__` and the like are code of the user's, which may
raise anything, `SystemExit` included. Only what ends a step from outside passes a guard.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

# Past properties of a metaclass.
name_of: Callable[[type], str] = type.__dict__["__name__"].__get__
_mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_module_of: Callable[[type], object] = type.__dict__["__module__"].__get__
_qualname_of: Callable[[type], str] = type.__dict__["__qualname__"].__get__


class Interruption(BaseException):
    """Ends what runs from outside: no `Exception`, that no step takes it for its own."""


STOPS = (KeyboardInterrupt, Interruption)


def guarded(look: Callable[[], T], otherwise: T) -> T:
    """Return what looking at a value gives, or something else where its code raises.

    Args:
        look: What runs code of the value.
        otherwise: What to return where that raises.
    """
    try:
        return look()
    except STOPS:
        raise
    except BaseException:  # noqa: BLE001 - code of a value may raise anything
        return otherwise


def is_a(value: object, kinds: type | tuple[type, ...]) -> bool:
    """Say of what type a value really is, whatever its `__class__` claims or raises."""
    return issubclass(type(value), kinds)


def has(value: object, name: str) -> bool:
    """Say whether the class of a value has an attribute, without asking the value."""
    return any(name in base.__dict__ for base in _mro_of(type(value)))


def class_name(kind: type) -> str:
    """Return the name of a class, with that of its module."""
    return guarded(lambda: f"{_module_of(kind)}.{_qualname_of(kind)}", name_of(kind))


def type_name(value: object) -> str:
    """Return the name of a value's type, with that of its module."""
    return class_name(type(value))


def short_type_name(value: object) -> str:
    """Return the name of a value's type, with that of its module where it is no built-in."""
    return type_name(value).removeprefix("builtins.")


def error_name(error: BaseException) -> str:
    """Return the name of an exception's class."""
    return name_of(type(error))


def error_message(error: BaseException) -> str:
    """Return what an exception says, or its class where it says nothing."""
    try:
        # Exactly a str: of a subclass, even `if text` would be the user's code.
        text = str.__str__(str(error))
    except STOPS:
        raise
    except BaseException as broken:  # noqa: BLE001 - __str__ is user code
        text = f"(its message could not be read: {error_name(broken)})"
    return text or f"{error_name(error)} was raised without a message"


def told(error: BaseException) -> str:
    """Return an exception as one line: its class and what it says."""
    return f"{error_name(error)}: {error_message(error)}"


def called(call: Callable[..., Any], *args: Any) -> BaseException | None:
    """Call what only tells; return what it raised, None where nothing."""
    try:
        call(*args)
    except STOPS:
        raise
    except BaseException as error:  # noqa: BLE001 - telling never breaks running
        return error
    return None
