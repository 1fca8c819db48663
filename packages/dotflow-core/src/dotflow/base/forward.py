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
