"""`Module`: an object by the dotted path that names it."""

from __future__ import annotations

import importlib
import os
import sys

from dotflow.errors import ImportModuleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
