"""The lines of a traceback that is a text, for whoever shows where a task failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_FRAME = re.compile(
    r'^  File "(?P<file>.+)", line (?P<line>\d+), in (?P<function>.+)\n?'
    r"(?:    (?P<code>.*))?",
    re.MULTILINE,
)


class Frame(NamedTuple):
    """Where a function was when an exception passed through it."""

    file: str
    line: int
    function: str
    code: str
    """The line of code, `""` where it is not known."""


def frames_of(traceback: str) -> Iterator[Frame]:
    """Give the frames of a formatted traceback, also of those of its causes.

    Args:
        traceback: The text.
    """
    for found in _FRAME.finditer(traceback):
        code = (found["code"] or "").strip()
        yield Frame(found["file"], int(found["line"]), found["function"], code)
