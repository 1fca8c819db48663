"""Forwards to `dotflow_schema`, which is installed with `dotflow`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.base.schema import from_schema

if TYPE_CHECKING:
    from dotflow_schema import SerializerTask as SerializerTask
    from dotflow_schema import SerializerTaskError as SerializerTaskError


def __getattr__(name: str) -> Any:
    return from_schema(__name__, name)
