"""The fingerprint of a workflow's inputs as it was until 2.0.0a2.

Runs recorded then are still compared by it. It takes a tuple for a list and the key `1`
for `"1"`, so nothing new is: see `dotflow.model.fingerprint`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_PLAIN = (str, int, float, bool, type(None))


def input_fingerprint(tasks: Iterable[Any]) -> str:
    """Return the SHA-256 of the tasks' initial contexts, as 64 hexadecimal digits.

    What JSON can hold is hashed as JSON with sorted keys. Any other object is hashed by
    its type and its state, as pickling would see it, and by its type alone if it has no
    such state: never by its memory address.

    Args:
        tasks: Objects with `.initial_context.storage`, in order.
    """
    return fingerprint_of([task.initial_context.storage for task in tasks])


def fingerprint_of(values: list[Any]) -> str:
    """Return the fingerprint of inputs that are at hand; see `input_fingerprint`."""
    import hashlib
    import json

    try:
        text = json.dumps(values, sort_keys=True, default=_Canonical().of)
    except (TypeError, ValueError, RecursionError):
        # Keys that are no texts, or a value that contains itself.
        text = json.dumps(_Canonical().of(values))
    return hashlib.sha256(text.encode()).hexdigest()


class _Canonical:
    """Turns objects into lists and texts that are equal where the objects are."""

    def __init__(self) -> None:
        # The objects on the way down to the present one, to recognise a cycle.
        self._path: list[int] = []

    def of(self, value: Any) -> Any:
        """Return the form of a value."""
        if type(value) in _PLAIN:
            return value
        if id(value) in self._path:
            return ["cycle", len(self._path) - self._path.index(id(value))]
        self._path.append(id(value))
        try:
            return self._of(value)
        except RecursionError:
            return ["deep", _name(type(value))]
        finally:
            self._path.pop()

    def _of(self, value: Any) -> Any:
        from dotflow.model.context import Context

        if isinstance(value, Context):
            return self.of(value.storage)  # when it was made is no part of the input
        kind = type(value)
        if kind is list or kind is tuple:
            return [kind.__name__, *map(self.of, value)]
        if kind is dict:
            return [
                "dict",
                *_sorted([self.of(k), self.of(v)] for k, v in value.items()),
            ]
        if kind in (set, frozenset):
            return [kind.__name__, *_sorted(map(self.of, value))]
        if kind in (bytes, bytearray, memoryview):
            return [kind.__name__, _digest(bytes(value))]
        return self._of_object(value)

    def _of_object(self, value: Any) -> Any:
        if isinstance(value, type) or hasattr(value, "__qualname__"):
            return ["name", _name(value)]
        try:
            reduced = value.__reduce_ex__(4)
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 - what cannot be pickled may refuse in any way
            return ["opaque", _name(type(value))]
        if isinstance(reduced, str):
            return ["name", reduced]
        made_by, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        return [
            "object",
            _name(type(value)),
            self.of(made_by),
            self.of(arguments),
            self.of(state),
            None if items is None else [self.of(item) for item in items],
            None
            if pairs is None
            else _sorted([self.of(key), self.of(item)] for key, item in pairs),
        ]


def _name(value: Any) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"


def _sorted(forms: Iterable[Any]) -> list[Any]:
    import json

    return sorted(forms, key=json.dumps)


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
