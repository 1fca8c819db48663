"""Stand-ins for what of `typing` has to be there when a module runs.

To import typing takes longer than to import all of dotflow, and only type checkers,
which see the real names, have a use for it.
"""

from __future__ import annotations

P = R = None


class Generic:
    """Stands for `typing.Generic`."""

    def __class_getitem__(cls, parameters: object) -> type:
        return cls


def overload(function: object) -> object:
    """Stand for `typing.overload`."""
    return function


class TypedDict(dict):  # type: ignore[type-arg]
    """Stands for `typing.TypedDict`."""

    def __init_subclass__(cls, total: bool = True) -> None:
        """Take what the real one takes."""
