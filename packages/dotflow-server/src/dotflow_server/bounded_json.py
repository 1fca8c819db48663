"""`read_json`: JSON from others, of which little memory can be made.

A text of nothing but brackets takes twenty times its size once it is read.
"""

from __future__ import annotations

import json
import re
from typing import Any

MOST_VALUES = 1_000_000
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)


class TooManyValues(ValueError):
    """A text has more than anybody sends who means well."""


def read_json(text: str | bytes) -> Any:
    """Return what a JSON text says.

    Args:
        text: The text.

    Raises:
        TooManyValues: It has more than `MOST_VALUES`, of which none was made.
        ValueError: It is no JSON.
        RecursionError: It is too deep.
    """
    if len(text) > MOST_VALUES:  # each takes a character
        plain = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if _has_many_values(plain):
            raise TooManyValues(f"It has more than {MOST_VALUES} values.")
    return json.loads(text)


def _has_many_values(text: bytes) -> bool:
    if _marks(text, 0, len(text)) <= MOST_VALUES:
        return False
    found = at = 0
    for string in _STRINGS.finditer(text):  # what stands in a string is none
        found += 1 + _marks(text, at, string.start())
        at = string.end()
        if found > MOST_VALUES:
            return True
    return found + _marks(text, at, len(text)) > MOST_VALUES


def _marks(text: bytes, start: int, end: int) -> int:
    """Return how many values begin in a part of a text, or one more."""
    return sum(text.count(mark, start, end) for mark in (b",", b"[", b"{"))
