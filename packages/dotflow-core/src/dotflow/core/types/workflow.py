"""`WorkflowStatus`, at the path that users know."""

from __future__ import annotations

from dotflow.types import WorkflowStatus as WorkflowStatus
