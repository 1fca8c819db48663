"""Pickles that can be read back: what is stored is checked when it is written.

A value may be pickled and never unpickled, as an exception is whose `__init__` takes
other arguments than it gives to its base. Found by the next run, its task would be lost
for good; found here, the task fails now, with its name.

A pickle of up to 64 KiB is read back always: it takes about half as long as to write it,
and a hundredth of what storing it takes. Whether a larger one can be read is a matter of
the classes in it rather than of how many objects they have; it is read back unless this
process has read one of each class before. Errors are always read back: they are small,
and what they hold decides.
"""

from __future__ import annotations

import io
import pickle
from typing import Any
from weakref import WeakSet

from dotflow.base.guard import STOPS, told, type_name
from dotflow.errors import EncodeError

_SMALL = 1 << 16

# The classes of which an object was read back. Threads share it: each only adds.
_readable: WeakSet[type] = WeakSet()


class _Pickler(pickle.Pickler):
    """Notes the classes of the objects that are pickled."""

    def __init__(self, file: io.BytesIO) -> None:
        # A fixed protocol, so that every supported Python reads it.
        super().__init__(file, protocol=5)
        self.kinds: set[type] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Leave it as it is; asked of all that has no form of pickle's own."""
        self.kinds.add(type(obj))
        return NotImplemented


def pickle_data(value: Any) -> bytes:
    """Return the pickle of a value, which can be read.

    Raises:
        EncodeError: It has none, or one that cannot be read back.
    """
    file = io.BytesIO()
    try:
        pickler = _Pickler(file)
        pickler.dump(value)
    except STOPS:
        raise
    except BaseException as error:  # `__reduce__` may raise anything
        raise EncodeError(
            type_name(value),
            f"It has no pickle ({told(error)}). Return plain data, or"
            " write it to a file and return the file's path.",
        ) from error
    data = file.getvalue()
    kinds = pickler.kinds
    if kinds and (len(data) <= _SMALL or not _are_readable(kinds)):
        try:
            pickle.loads(data)
        except STOPS:
            raise
        except BaseException as error:
            raise EncodeError(
                type_name(value),
                f"It can be pickled, but not read back ({told(error)})"
                f"{_inside(value, kinds)}. Return plain"
                " data, or give the class a __reduce__ that names what its __init__"
                " takes.",
            ) from error
        _note_readable(kinds)
    return data


def _are_readable(kinds: set[type]) -> bool:
    try:
        return all(kind in _readable for kind in kinds)
    except TypeError:
        return False  # a class may have a metaclass that cannot be hashed


def _note_readable(kinds: set[type]) -> None:
    for kind in kinds:
        if not issubclass(kind, BaseException):
            _readable.add(kind)


def _inside(value: Any, kinds: set[type]) -> str:
    """Return which classes a value is made of, where its own does not tell."""
    names = sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)
    if names == [type_name(value)] or not names:
        return ""
    return f"; it holds {', '.join(names[:5])}"
