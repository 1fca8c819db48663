"""`TaskEngine`, at the path that users know."""

from __future__ import annotations

from dotflow.workflow.task_engine import TaskEngine as TaskEngine
