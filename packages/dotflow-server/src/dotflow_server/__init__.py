"""The dashboard of dotflow: `dotflow ui` on a local store, `dotflow server` for a team."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotflow_server.app import create_app as create_app
    from dotflow_server.store import Store as Store

__all__ = ["Store", "create_app"]

_HOMES = {"Store": "dotflow_server.store", "create_app": "dotflow_server.app"}


def __getattr__(name: str) -> object:
    # Late: `dotflow --help` shows the commands of this package, and needs no web server.
    if name not in _HOMES:
        raise AttributeError(f"module 'dotflow_server' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
