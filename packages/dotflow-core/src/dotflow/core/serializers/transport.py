"""Forwards to `dotflow_schema`, which is installed with `dotflow`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.base.schema import from_schema

if TYPE_CHECKING:
    from dotflow_schema import SerializerTransport as SerializerTransport


def __getattr__(name: str) -> Any:
    return from_schema(__name__, name)
