"""Values whose own code raises, exits or lies wherever anybody looks at them."""

from __future__ import annotations

import sys

from dotflow.model.context import Context

LOOKS = (
    *("__repr__", "__str__", "__format__", "__bytes__", "__hash__", "__bool__"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__len__"),
    *("__iter__", "__contains__", "__getitem__", "__reversed__", "__dir__"),
    *("__reduce__", "__reduce_ex__", "__getstate__", "__copy__", "__deepcopy__"),
    *("__sizeof__", "__index__", "__int__", "__float__", "__fspath__", "__call__"),
    *("__getattr__", "__enter__", "__exit__", "__length_hint__", "__await__"),
)


def fail(*_given, **_named):
    raise RuntimeError("looked at")


def leave(*_given, **_named):
    sys.exit("looked at")


def hostile(does, base=object, leaving=()):
    """Return a class of which every look does something."""
    looks = [name for name in LOOKS if name not in leaving]
    members = dict.fromkeys(looks, does) | {"__class__": property(does)}
    return type("Hostile", (base,), members)


class Meta(type):
    """A metaclass that hides what its classes are."""

    __hash__ = fail
    __eq__ = fail
    __instancecheck__ = fail
    __subclasscheck__ = fail
    __getattribute__ = fail


class Hidden(metaclass=Meta):
    """A value of a class of which nothing can be read."""


class AttributeDict(dict):
    """As common in configuration libraries: every attribute is looked up as a key."""

    __getattr__ = dict.__getitem__


def lying(kind):
    """Return a value that claims to be of a class."""

    class Proxy:
        __class__ = property(lambda self: kind)

        def __getattr__(self, name):
            raise RuntimeError("not bound")

    return Proxy()


class Unordered:
    """As an array: compared item by item, and neither true nor false."""

    def __eq__(self, other):
        return self

    __hash__ = None

    def __bool__(self):
        raise ValueError("The truth value is ambiguous.")

    def __len__(self):
        raise TypeError("len() of unsized object")


class Unloadable:
    """Can be pickled, and ends the program where that is loaded."""

    def __reduce__(self):
        return (leave, ())


class Table:
    """Claims to be of a library whose tables are measured."""

    __len__ = leave


Table.__module__ = "pandas"


class Fetching:
    """Claims to be an iterator."""

    __iter__ = __next__ = __aiter__ = __anext__ = fail


VALUES = {
    "raises": lambda: hostile(fail)(),
    "exits": lambda: hostile(leave)(),
    "hidden": Hidden,
    "class": lambda: Hidden if False else hostile(fail),
    "attributes": lambda: AttributeDict(x=lambda: 1),
    "text": lambda: hostile(fail, str)("text"),
    "number": lambda: hostile(fail, int)(3),
    "list": lambda: hostile(fail, list)([1, 2]),
    "tuple": lambda: hostile(leave, tuple)((1, 2)),
    "dict": lambda: hostile(fail, dict)(a=1),
    "exits as dict": lambda: hostile(leave, dict)(a=1),
    "error": lambda: hostile(fail, Exception)("what"),
    "context": lambda: lying(Context),
    "lies": lambda: lying(dict),
    "lies as text": lambda: lying(str),
    "lies as type": lambda: lying(type),
    "array": Unordered,
    "unloadable": Unloadable,
    "table": Table,
    "iterator": Fetching,
    "within": lambda: {"a": [hostile(fail)(), hostile(leave)()]},
    "key": lambda: {(1, Unordered): hostile(leave)()},
}
