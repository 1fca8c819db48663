"""The constants that scripts compare with."""

from __future__ import annotations

from dotflow.core.types import TypeOutcome, TypeStatus, TypeStorage, WorkflowStatus

__all__ = ["TypeOutcome", "TypeStatus", "TypeStorage", "WorkflowStatus"]
