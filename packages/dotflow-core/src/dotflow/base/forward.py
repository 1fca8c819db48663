"""Import from a sibling distribution, with the `pip install` line if it is absent."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def import_sibling(module: str, library: str) -> Any:
    """Import a module that another distribution of dotflow owns.

    Args:
        module: Its dotted path, e.g. `"dotflow_cli.main"`.
        library: What to pass to `pip install`, e.g. `"dotflow-cli"`.

    Raises:
        ModuleNotFound: The distribution is not installed. An error inside an installed
            one passes through as it is.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        from dotflow.errors import ModuleNotFound

        raise ModuleNotFound(package, library) from None


def sibling_attribute(here: str, package: str, library: str, name: str) -> Any:
    """Return an attribute or a submodule of a sibling's package.

    Args:
        here: The module that forwards, for the message.
        package: The sibling's import name.
        library: What to pass to `pip install`.
        name: The attribute.

    Raises:
        AttributeError: The sibling has neither. Also for names that begin with `_`,
            which tools ask every module for.
        ModuleNotFound: The sibling is not installed.
    """
    if name.startswith("_"):
        raise AttributeError(f"module {here!r} has no attribute {name!r}")
    found = import_sibling(package, library)
    if hasattr(found, name):
        return getattr(found, name)
    submodule = f"{package}.{name}"
    try:
        return import_module(submodule)
    except ModuleNotFoundError as error:
        if error.name != submodule:
            raise
        raise AttributeError(f"module {here!r} has no attribute {name!r}") from None
