"""Classes inside stored values: their paths, and instances without running code.

A path is `module:qualname`. Reading a stored value must not let whoever wrote it choose
code to run, so instances are made without `__init__`, and an untrusted path is only
looked up among the modules that are already imported.
"""

from __future__ import annotations

import sys
from enum import Enum, EnumMeta, Flag
from types import MemberDescriptorType
from typing import Any

from dotflow.errors import DecodeError


def class_path(kind: type) -> str | None:
    """Return the path of a class, or None if the path would not lead back to it."""
    module = kind.__module__
    if module == "__mp_main__":
        # A spawned worker's name for what every other process knows as __main__.
        module = "__main__"
    path = f"{module}:{kind.__qualname__}"
    return path if _look_up(path) is kind else None


def find_class(path: Any, *, trusted: bool) -> type:
    """Return the class that a path leads to.

    Args:
        path: `module:qualname`.
        trusted: Whether its module may be imported.

    Raises:
        DecodeError: It leads to no class.
    """
    if not isinstance(path, str):
        raise DecodeError(f"A stored class path is a {type(path).__name__}, not text.")
    module = path.partition(":")[0]
    if trusted and module not in sys.modules:
        import importlib

        try:
            importlib.import_module(module)
        except Exception as error:
            raise DecodeError(
                f"A stored value needs the class {path}, but importing {module} failed:"
                f" {type(error).__name__}: {error}"
            ) from error
    found = _look_up(path)
    if not isinstance(found, type):
        raise DecodeError(
            f"A stored value needs the class {path}, which is not there. Import its"
            " module before reading; if it was renamed, keep the old name as an alias."
        )
    return found


def _look_up(path: str) -> Any:
    """Follow a path without `getattr`, which could run a module's or class's hook."""
    module, _, names = path.partition(":")
    found: Any = sys.modules.get(module)
    for name in names.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return found


def is_dataclass(kind: type) -> bool:
    """Tell whether a class is a dataclass, without importing `dataclasses`."""
    return _class_attribute(kind, "__dataclass_fields__") is not None


def is_namedtuple(kind: type) -> bool:
    """Tell whether a class was made by `namedtuple` or `typing.NamedTuple`."""
    fields = _class_attribute(kind, "_fields")
    return issubclass(kind, tuple) and isinstance(fields, tuple)


def _class_attribute(kind: type, name: str) -> Any:
    """Read an attribute past metaclass hooks and descriptors."""
    for base in kind.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


def _own_dict(value: Any) -> dict[str, Any] | None:
    try:
        attributes: dict[str, Any] = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return attributes


def instance_state(value: Any) -> dict[str, Any] | None:
    """Return all the attributes of a dataclass instance, or None if that is not all.

    It is not where the class says itself how it is copied (`__reduce__`,
    `__getstate__`) or has a base in C with a state of its own, such as `dict`.
    """
    kind = type(value)
    if _copies_itself(kind) or _has_state_in_c(kind):
        return None
    slots = _slots(value)
    if slots is None:
        return None
    return {**(_own_dict(value) or {}), **slots}


def _copies_itself(kind: type) -> bool:
    """Tell whether a class says itself how it is copied.

    Its author then knows of something that no attribute shows: a lock to make anew, a
    file to open. What @dataclass(slots=True, frozen=True) adds says nothing new.
    """
    for name in ("__reduce__", "__reduce_ex__"):
        if _class_attribute(kind, name) is not object.__dict__[name]:
            return True
    get_state: Any = kind.__getstate__
    return (
        get_state is not object.__getstate__
        and getattr(get_state, "__module__", "") != "dataclasses"
    )


def _has_state_in_c(kind: type) -> bool:
    """Tell whether a base such as `dict` keeps something beside the attributes.

    `object.__new__` refuses exactly those, for it would leave that part empty.
    """
    try:
        object.__new__(kind)
    except TypeError:
        return True
    return False


def _slots(value: Any) -> dict[str, Any] | None:
    """Return what fills an instance's slots, or None where one is known by two names.

    Python stores a private slot (`__x`) under a mangled name, so that it is found
    under one and restored under the other.
    """
    kind = type(value)
    filled: dict[str, Any] = {}
    for base in kind.__mro__:
        for name, slot in base.__dict__.items():
            if not isinstance(slot, MemberDescriptorType):
                continue
            member: Any = slot
            if base.__dict__.get(member.__name__) is not slot:
                return None
            try:
                filled[name] = member.__get__(value, kind)
            except AttributeError:
                pass  # never filled, and restored the same way
    return filled


def build_dataclass(path: Any, state: Any, *, trusted: bool) -> Any:
    """Make an instance of a dataclass from its attributes, without `__init__`."""
    kind = find_class(path, trusted=trusted)
    if not is_dataclass(kind) or not isinstance(state, dict):
        raise DecodeError(f"The stored value of {path} is not that of a dataclass.")
    try:
        value: Any = object.__new__(kind)
        attributes = _own_dict(value)
        for name, item in state.items():
            if attributes is None or _is_slot(kind, name):
                object.__setattr__(value, name, item)
            else:
                # Straight into the dict, past properties and other descriptors.
                attributes[name] = item
    except (TypeError, AttributeError) as error:
        raise DecodeError(
            f"The class {path} no longer fits its stored value: {error}"
        ) from error
    return value


def _is_slot(kind: type, name: str) -> bool:
    for base in kind.__mro__:
        if name in base.__dict__:
            return isinstance(base.__dict__[name], MemberDescriptorType)
    return False


def build_enum(path: Any, name: Any, *, trusted: bool) -> Enum:
    """Return the member of an Enum, by name, or of a Flag, by its number."""
    kind = find_class(path, trusted=trusted)
    if isinstance(kind, EnumMeta):
        if isinstance(name, str) and name in kind.__members__:
            member: Enum = kind.__members__[name]
            return member
        if issubclass(kind, Flag) and type(name) is int:
            known = kind._value2member_map_.get(name)
            if known is not None:
                return known
            try:
                # Flag's own, since the class may have overridden it.
                combined: Enum = Flag._missing_.__func__(kind, name)  # type: ignore[attr-defined]
            except ValueError as error:
                raise DecodeError(f"{path} has no member {name!r}.") from error
            return combined
    raise DecodeError(f"{path} has no member {name!r}, or is not an Enum any more.")


def build_namedtuple(path: Any, items: Any, *, trusted: bool) -> tuple[Any, ...]:
    """Make a named tuple from its items, without its `__new__`."""
    kind = find_class(path, trusted=trusted)
    fields = _class_attribute(kind, "_fields")
    if not is_namedtuple(kind):
        raise DecodeError(f"{path} is not a named tuple.")
    if not isinstance(items, list) or len(items) != len(fields):
        raise DecodeError(f"The fields of {path} are not those that were stored.")
    value: tuple[Any, ...] = tuple.__new__(kind, items)
    return value
