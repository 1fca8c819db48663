"""What arguments are made of: callbacks, objects by their dotted path, bounds.

One module, since every workflow needs each of them and each further file costs time.
"""

from __future__ import annotations

import importlib
import os
import sys

from dotflow.errors import ImportModuleError, InvalidTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def basic_callback(*args: Any, **kwargs: Any) -> None:
    """Accept whatever a callback is called with and do nothing."""


def basic_function(*args: Any, **kwargs: Any) -> None:
    """Accept any arguments and do nothing."""


class Module:
    """Import `"package.module.attribute"` or `"package.module:attribute"`.

    Called with anything but a string, it returns the value itself. The current
    directory is importable, as it is for `python -m`.

    Raises:
        ImportModuleError: The path leads nowhere. An error that the imported code raises
            passes through as it is.
    """

    def __new__(cls, value: Any) -> Any:
        """Return the object that `value` names."""
        return import_path(value) if isinstance(value, str) else value


def import_path(path: str) -> Any:
    """Return the object at a dotted path; see `Module`."""
    module_name, separator, attribute = path.partition(":")
    if not separator:
        module_name, _, attribute = path.rpartition(".")
    if not module_name or not attribute:
        raise ImportModuleError(path, "write it as 'module.attribute'")
    found: Any = _import(module_name, path)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ImportModuleError(
                path, f"{module_name!r} has no attribute {attribute!r}"
            ) from None
    return found


def _import(name: str, path: str) -> Any:
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module missing *inside* the user's code is their error to see.
        if error.name is None or not (
            name == error.name or name.startswith(f"{error.name}.")
        ):
            raise
        raise ImportModuleError(path, f"there is no module {error.name!r}") from None


def check_count(name: str, value: Any) -> int | None:
    """Return a bound on how many.

    Raises:
        InvalidTask: It is no whole number from 1 on, nor None.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and value >= 1):
        raise InvalidTask(f"{name}={value!r}: give a whole number, 1 or more, or None.")
    return None if value is None else int(value)


def check_seconds(name: str, value: Any) -> float | None:
    """Return a bound on a time.

    Raises:
        InvalidTask: It is no number above 0, nor None.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (number and value > 0):
        raise InvalidTask(
            f"{name}={value!r}: give a number of seconds above 0, or None."
        )
    return None if value is None else float(value)


def check_sizes(limits: Any) -> dict[str, int]:
    """Return the sizes of named limits.

    Raises:
        InvalidTask: They are no dictionary of whole numbers from 1 on.
    """
    if limits is not None and not isinstance(limits, dict):
        raise InvalidTask(f"limits={limits!r}: give a dict of names and whole numbers.")
    return {
        name: check_count(f"limits[{name!r}]", size) or 1
        for name, size in (limits or {}).items()
    }
