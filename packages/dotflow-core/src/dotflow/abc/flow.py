"""`Flow` at the path that dotflow 1.x had it: the base of the modes by class."""

from __future__ import annotations

from dotflow.workflow.flows import Flow

__all__ = ["Flow"]
