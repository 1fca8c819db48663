"""What the stored form of a value is made of, for those who write and read it."""

from __future__ import annotations

TAG = "$"
"""The key that marks an object of the stored form as something else than a dict."""

MAX_DEPTH = 150
"""How deep containers may nest in the tagged form.

A level takes up to three levels of JSON, and Python's parser gives up at about a
thousand. A fixed limit makes sure that what can be written can be read.
"""

LEAVES = frozenset({str, int, float, bool, type(None)})
"""The types of JSON that hold no others, exactly: of a subclass it would make its base."""


class TooDeepError(Exception):
    """A value nests deeper than `MAX_DEPTH`, or contains itself."""
