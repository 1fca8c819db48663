"""Loads a model of `dotflow-schema` on first use."""

from __future__ import annotations

from typing import Any

from dotflow.errors import ModuleNotFound


def from_schema(module: str, name: str) -> Any:
    """Return the model `name`.

    Raises:
        ModuleNotFound: `dotflow-schema` is not installed.
        AttributeError: It has no such model.
    """
    if not name.startswith("Serializer"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    try:
        import dotflow_schema
    except ImportError as error:
        if error.name != "dotflow_schema":
            raise
        raise ModuleNotFound("dotflow_schema", "dotflow-schema") from None
    return getattr(dotflow_schema, name)
