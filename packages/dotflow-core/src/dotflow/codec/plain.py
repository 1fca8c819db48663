"""Telling at full speed whether a value is JSON as it stands.

Types are compared exactly: a subclass of `int`, `str` or `dict` is not plain, because
JSON would turn it into its base.
"""

from __future__ import annotations

from typing import Any

TAG = "$"
"""The key that marks an object of the stored form as something else than a dict."""

MAX_DEPTH = 150
"""How deep containers may nest in the tagged form.

A level takes up to three levels of JSON, and Python's parser gives up at about a
thousand. A fixed limit makes sure that what can be written can be read.
"""

LEAVES = frozenset({str, int, float, bool, type(None)})
_PLAIN = LEAVES | {list, dict}


class TooDeepError(Exception):
    """A value nests deeper than `MAX_DEPTH`, or contains itself."""


def is_plain(value: Any, depth: int = 0) -> bool:
    """Tell whether JSON gives back this very value, with the types it has.

    Raises:
        TooDeepError: It nests too deep, or contains itself.
    """
    kind = type(value)
    if kind in LEAVES:
        return True
    if depth > MAX_DEPTH:
        raise TooDeepError
    if kind is list:
        # A set of the types is several times faster than a loop over a long list.
        kinds = set(map(type, value))
        if kinds <= LEAVES:
            return True
        if not kinds <= _PLAIN:
            return False
        for item in value:
            if type(item) not in LEAVES and not is_plain(item, depth + 1):
                return False
        return True
    return kind is dict and _is_plain_dict(value, depth + 1)


def _is_plain_dict(value: dict[Any, Any], depth: int) -> bool:
    if TAG in value:
        return False
    for key, item in value.items():
        if type(key) is not str:
            return False
        if type(item) not in LEAVES and not is_plain(item, depth):
            return False
    return True
