"""Values of one's own: a copy where a value could be changed, and whether one was.

What pickle cannot copy (a generator, a lock, a connection, a lambda) and what is too large
is shared as it is; of a list or a dict that holds such things the container is copied. A
class with a `__getattribute__` of its own is not looked into.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from operator import is_
from types import BuiltinFunctionType, FunctionType, ModuleType

from dotflow.base.guard import STOPS
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pickle
    from typing import Any

# What nobody can change in place, and the functions, classes and modules that pickle
# takes by their names.
UNCHANGING: frozenset[type] = frozenset(
    (
        type(None), bool, int, float, complex, str, bytes, range, date, datetime, time,
        timedelta, type, FunctionType, BuiltinFunctionType, ModuleType,
    )
)  # fmt: skip
_FLAT = frozenset((list, dict))
_FIXED = frozenset((tuple, frozenset))
# A value is copied where that takes no more than about a tenth of a second: a pickle of
# 16 MB, or 256 MB of arrays, which are copied as they lie. Longer, and with a second one
# in memory, it could be too much for what a step only reads.
MAX_PICKLED = 16 * 1024 * 1024
MAX_BUFFERS = 256 * 1024 * 1024
# What each item of a map gets a copy of, or all of them one.
SMALL = 64 * 1024
# Objects that lie in many others, and cannot be changed although they look like it.
_SHARED_FREELY = (
    "pandas.core.indexes.",
    "numpy.dtypes.",
    "decimal.",
    "uuid.",
    "pathlib",
)


def own(value: Any, most: int = MAX_PICKLED) -> Any:
    """Return a value that may be changed in place: itself if nobody can, else a copy.

    Args:
        value: The value.
        most: The largest pickle of one that is copied, in bytes.
    """
    if changes(value):
        kept = Snapshot.of(value, most)
        if kept is not None:
            return kept.fresh(value)
    return value


def own_context(context: Context, most: int = MAX_PICKLED) -> Context:
    """Return a context of an own value and the same origin; see `own`."""
    made = shell(context)
    made.storage = own(made.storage, most)
    return made


def shell(context: Context) -> Context:
    """Return a context of the same value, in which another one may be put."""
    if type(context) is Context:
        return Context.twin(context)
    import copy

    return copy.copy(context)  # of a class of the user's own


def changes(value: Any) -> bool:
    """Say whether a value could be changed in place, as far as its type tells."""
    try:
        kind = type(value)
        if kind in UNCHANGING:
            return False
        return not (kind in _FIXED and UNCHANGING.issuperset(map(type, value)))
    except Exception:  # noqa: BLE001 - a metaclass may have a __hash__ that raises
        return True


class Snapshot:
    """What a value was, to tell whether it has been changed since, and to have it again.

    A list or dict of plain values is copied as such, any other value by pickle.

    Attributes:
        whole: Whether it was copied with all that is in it.
    """

    __slots__ = ("_flat", "_pickled", "whole")

    def __init__(self, flat: Any, pickled: _Pickled | None, whole: bool = True) -> None:
        self._flat = flat
        self._pickled = pickled
        self.whole = whole

    @classmethod
    def of(cls, value: Any, most: int = MAX_PICKLED) -> Snapshot | None:
        """Return what a value is now; None where it cannot be copied, or is too large."""
        whole = True
        try:
            if not _is_flat(value):
                return cls(None, _pickled(value, most))
        except STOPS:
            raise
        except BaseException:  # noqa: BLE001 - pickling is user code
            if not (type(value) is list or type(value) is dict):
                return None
            whole = False  # what is in it is shared then
        if most < MAX_PICKLED and sys.getsizeof(value) > most:
            return None
        return cls(value.copy(), None, whole)

    def fresh(self, value: Any) -> Any:
        """Return the value as it was, a new one each time.

        Args:
            value: What to return where pickle cannot make it anew.
        """
        if self._pickled is None:
            return self._flat.copy()
        try:
            return self._pickled.load()
        except STOPS:
            raise
        except BaseException:  # noqa: BLE001 - pickling is user code
            return value

    def is_left(self, value: Any, output: Any) -> bool:
        """Say whether a step has left a value as it was, and to nobody else.

        Args:
            value: The value.
            output: What the step has returned: it may hold parts of the value, which
                whoever gets it could change.
        """
        try:
            # What is handed on as a whole, the records know; and what frames share, they
            # copy on write.
            whole = output is value or type(value).__module__.startswith("pandas")
            apart = whole or not changes(output) or _is_flat(output)
            parts, arrays = {id(value): value}, False
            if self._pickled is None:
                if not self._is_unchanged(value):
                    return False
            else:
                was = self._pickled
                now = _Pickled(value, looks=not apart, local=was.local)
                if now.data != was.data or now.buffers != was.buffers:
                    return False
                parts, arrays = now.parts, bool(now.buffers)
            if apart:
                return True
            handed_on = _pickled(output, looks=True)
            # An array may be a view of another one, and does not tell.
            both = arrays and bool(handed_on.buffers)
            return not (both or _shares(parts, handed_on.parts))
        except STOPS:
            raise
        except BaseException:  # noqa: BLE001 - pickling is user code
            return False

    def _is_unchanged(self, value: Any) -> bool:
        was = self._flat
        if len(was) != len(value) or not all(map(is_, was, value)):
            return False
        return type(was) is list or all(map(is_, was.values(), value.values()))


class _TooLarge(ValueError):
    """A value is not copied."""


def _pickled(value: Any, most: int = MAX_PICKLED, looks: bool = False) -> _Pickled:
    """Return the pickle of a value, for this process alone where it has no other."""
    try:
        return _Pickled(value, most, looks)
    except (_TooLarge, *STOPS):
        raise
    except BaseException:  # noqa: BLE001 - pickling is user code
        return _Pickled(value, most, looks, local=True)


class _Pickled:
    """The pickle of a value.

    Attributes:
        data: The pickle, without the arrays.
        buffers: Copies of the arrays.
        local: Whether it holds what pickle finds under no name.
        parts: Pairs of a number and an object that is in the value, by its id; none
            where nobody looks for them.
    """

    __slots__ = ("_room", "_written", "buffers", "data", "local", "parts")

    def __init__(
        self,
        value: Any,
        most: int = MAX_PICKLED,
        looks: bool = False,
        local: bool = False,
    ) -> None:
        import pickle

        kind = type(value)
        if _answers_itself(kind) or sys.getsizeof(value) > MAX_BUFFERS:
            raise _TooLarge
        if issubclass(kind, BaseException):
            # It is there once asked for, and in the pickle from then on; tblib, which
            # Dask brings, asks while it pickles, and each would look changed.
            object.__getattribute__(value, "__dict__")
        self._written: list[bytes] = []
        self._room = [most, MAX_BUFFERS if most == MAX_PICKLED else most]
        self.buffers: list[bytearray] = []
        self.local = local
        pickle_by: type[pickle.Pickler] = pickle.Pickler
        if local:
            from dotflow.model.local_pickle import LocalPickler

            pickle_by = LocalPickler
        pickler = pickle_by(self, 5, buffer_callback=self._take)
        pickler.dump(value)
        self.data = b"".join(self._written)
        self._written.clear()
        # It has these of the objects that it has come by, also those made meanwhile.
        self.parts = pickler.memo.copy() if looks else {}

    def write(self, data: bytes) -> None:
        """Take a part of the pickle, as a file does."""
        self._use(0, len(data))
        self._written.append(bytes(data))

    def _take(self, buffer: pickle.PickleBuffer) -> None:
        raw = buffer.raw()
        self._use(1, raw.nbytes)
        self.buffers.append(bytearray(raw))

    def _use(self, kind: int, size: int) -> None:
        self._room[kind] -= size
        if self._room[kind] < 0:
            raise _TooLarge

    def load(self) -> Any:
        """Return the value that was pickled, a new one each time."""
        import pickle

        return pickle.loads(self.data, buffers=[part[:] for part in self.buffers])


def _is_flat(value: Any) -> bool:
    kind = type(value)
    if kind not in _FLAT or not UNCHANGING.issuperset(map(type, value)):
        return False
    return kind is list or UNCHANGING.issuperset(map(type, value.values()))


def _is_changing_part(part: Any) -> bool:
    kind = type(part)
    if kind in UNCHANGING or kind in _FIXED or issubclass(kind, type):
        return False  # of a tuple it is the parts that could be
    return not f"{kind.__module__}.".startswith(_SHARED_FREELY)


def _shares(parts: dict[int, Any], others: dict[int, Any]) -> bool:
    """Say whether two values have an object in common that could be changed in place."""
    return any(
        _is_changing_part(others[key][1]) for key in parts.keys() & others.keys()
    )


def _answers_itself(kind: type) -> bool:
    """Say whether a class has written code for every look at one of its objects."""
    for base in type.__dict__["__mro__"].__get__(kind):
        if type(vars(base).get("__getattribute__")) is FunctionType:
            return True
    return False
