"""What a report tells of a value without showing it: it may be secret, or huge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.base.guard import guarded, is_a, type_name
from dotflow.report.data import ResultReport

if TYPE_CHECKING:
    from dotflow.model.context import Context

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
    kind, name = type(value), type_name(value)

    def size() -> int | None:
        if is_a(value, _SIZED) and kind.__len__ in _PLAIN_LENGTHS:
            return len(value)
        if name.partition(".")[0] in _SIZED_MODULES:
            return len(value)  # which a single number of such a module has none of
        return None

    return name.removeprefix("builtins."), guarded(size, None)


_PLAIN_LENGTHS = frozenset(kind.__len__ for kind in _SIZED)


def describe_result(context: Context) -> tuple[str, int | None]:
    """Return what `describe` does of a context's value; one that is held stays so."""
    held = getattr(context, "held", None)
    if held is not None:
        return held.kind, held.length
    return describe(context.storage)


def result_report(context: Context, include: bool) -> ResultReport:
    """Describe a result.

    Args:
        context: The context that has it.
        include: Whether to add the value itself, as the text of the JSON codec.
    """
    kind, size = describe_result(context)
    if not include:
        return ResultReport(kind, size)
    value = context.storage
    from dotflow.codec import Codec
    from dotflow.errors import EncodeError

    try:
        return ResultReport(kind, size, Codec(pickle=False).encode(value))
    except EncodeError as error:
        return ResultReport(kind, size, problem=str(error))
