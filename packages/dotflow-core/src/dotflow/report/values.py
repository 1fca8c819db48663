"""What a report tells of a value without showing it: it may be secret, or huge."""

from __future__ import annotations

from typing import Any

from dotflow.report.data import ResultReport

# Their `len` is cheap and has no effects. That of a class of the user's own may query
# a database.
_SIZED = (str, bytes, bytearray, list, tuple, dict, set, frozenset, range)
_SIZED_MODULES = frozenset({"numpy", "pandas", "polars", "pyarrow"})


def describe(value: Any) -> tuple[str, int | None]:
    """Return the name of a value's type, and how many items it has if that is known.

    Args:
        value: Any value; none of its own code runs unless it is a well-known table or
            array.
    """
    kind = type(value)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    if isinstance(value, _SIZED) and kind.__len__ in _PLAIN_LENGTHS:
        return name, len(value)
    if str(kind.__module__).partition(".")[0] in _SIZED_MODULES:
        try:
            return name, len(value)
        except TypeError:
            return name, None  # a single number has no length
    return name, None


_PLAIN_LENGTHS = frozenset(kind.__len__ for kind in _SIZED)


def result_report(value: Any, include: bool) -> ResultReport:
    """Describe a result.

    Args:
        value: The result.
        include: Whether to add the value itself, as the text of the JSON codec.
    """
    kind, size = describe(value)
    if not include:
        return ResultReport(kind, size)
    from dotflow.codec import Codec
    from dotflow.errors import EncodeError

    try:
        return ResultReport(kind, size, Codec(pickle=False).encode(value))
    except EncodeError as error:
        return ResultReport(kind, size, problem=str(error))
