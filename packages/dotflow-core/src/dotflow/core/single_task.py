"""`run_task`, at the path that users know."""

from __future__ import annotations

from dotflow.workflow.single_task import run_task as run_task
