"""The contents of `dotflow_deploy` at their dotflow 1.x path."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from dotflow.base.forward import sibling_attribute

    return sibling_attribute(__name__, "dotflow_deploy", "dotflow-deploy", name)
